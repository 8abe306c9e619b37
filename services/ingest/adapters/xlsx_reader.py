"""Reads ``.xlsx`` tabs with python-calamine: fast, and the whole sheet in memory while it is read.

Use it only inside the parser's process: a hostile sheet makes calamine abort it.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

from services.ingest.adapters.error_cells import Cells, error_cells
from services.ingest.adapters.workbook_guard import refusing_damage
from services.ingest.domain.cells import Cell
from services.ingest.domain.errors import ENCRYPTED_WORKBOOK, UNREADABLE_WORKBOOK
from services.ingest.domain.headers import normal_tab_name
from shared.kernel.errors import ErrorDetail, Invalid, Unsupported


class XlsxLines:
    """The lines of a sheet that is in memory."""

    is_delimited = False
    note = None

    def __init__(self, sheet: CalamineSheet | None, errors: Cells | None = None) -> None:
        """``errors``: what cells show that calamine gives as empty ones."""
        self._sheet = sheet
        self._errors: dict[int, dict[int, str]] = {}
        self.total = 0 if sheet is None or sheet.end is None else sheet.end[0] + 1
        first_column = 0 if sheet is None or sheet.start is None else sheet.start[1]
        for (row, column), shown in (errors or {}).items():
            self._errors.setdefault(row, {})[column - first_column] = shown

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        if self._sheet is None:
            return iter(())
        return self._with_errors(self._sheet) if self._errors else self._sheet.iter_rows()

    def _with_errors(self, sheet: CalamineSheet) -> Iterator[Sequence[Cell]]:
        for number, line in enumerate(sheet.iter_rows()):
            for column, shown in self._errors.get(number, {}).items():
                if 0 <= column < len(line) and line[column] == "":
                    line[column] = shown
            yield line


class XlsxWorkbook:
    """A workbook. Tabs are found by RVTools' name, however it is prefixed or cased."""

    def __init__(self, path: Path) -> None:
        """Opens the workbook and reads its shared texts.

        Raises:
            Invalid: calamine cannot read it.
            Unsupported: it has a password.
        """
        self._path = path
        self._open: CalamineWorkbook | None = _opened(path)
        self.tab_names: list[str] = list(self._open.sheet_names)
        self._by_normal_name = {normal_tab_name(name): name for name in reversed(self.tab_names)}

    def name_of(self, tab: str) -> str | None:
        """What the workbook calls RVTools' ``tab``; None when it has no such tab."""
        return self._by_normal_name.get(normal_tab_name(tab))

    def lines(self, tab: str) -> XlsxLines:
        """The lines of a tab, from the top of the sheet.

        Raises:
            Invalid: the tab's XML is broken.
        """
        name = self.name_of(tab)
        if name is None:
            return XlsxLines(None)
        if self._open is None:
            self._open = _opened(self._path)
        try:
            sheet = self._open.get_sheet_by_name(name)
        except (CalamineError, OSError, ValueError) as error:
            raise _unreadable(name, error) from error
        with refusing_damage():
            return XlsxLines(sheet, error_cells(self._path, tab))

    def close(self) -> None:
        """Lets go of the shared texts; the next tab reads them again."""
        self._open = None


def _opened(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(path)
    except PasswordError as error:
        raise Unsupported(
            "The workbook is protected with a password. Remove it and save the workbook again.",
            code=ENCRYPTED_WORKBOOK,
        ) from error
    except (CalamineError, OSError, ValueError) as error:
        raise _unreadable(None, error) from error


def _unreadable(tab: str | None, error: Exception) -> Invalid:
    where = f"Tab {tab} of the workbook" if tab else "The workbook"
    return Invalid(
        f"{where} cannot be read: {str(error)[:300]}. Open it in Excel; if that works, save it "
        "again and upload it.",
        code=UNREADABLE_WORKBOOK,
        errors=[ErrorDetail("Not readable.", tab=tab)] if tab else (),
    )
