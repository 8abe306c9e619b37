"""Writes affected rows as an ``.xlsx``, row by row, in constant memory.

Text is always written as text: a leading ``=``, ``+``, ``-`` or ``@`` starts no formula and an
address becomes no link.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from services.ingest.domain.affected_rows import MARKED_COLUMNS, StoredCell, stored_cell
from services.ingest.domain.affected_sheets import README_SHEET, AffectedRow, AffectedTab
from shared.kernel.cell_text import cell_text

MOST_NOTES: Final = 5_000
"""Excel becomes slow with more; the columns beside the cells say the same."""
_WIDTHS: Final = (8, 50, 50)
_MOST_COLUMNS: Final = 16_384
"""What a sheet has."""


class AnnotatedWorkbook:
    """One workbook; sheets are begun and filled one after the other."""

    def __init__(self, path: Path) -> None:
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "tmpdir": str(path.parent),
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
            },
        )
        self._book.use_zip64()
        self._book.set_properties({"title": "Affected rows"})
        self._head = self._book.add_format({"bold": True, "bg_color": "#E4E9F0", "bottom": 1})
        self._told = self._book.add_format({"text_wrap": True, "valign": "top"})
        self._plain = self._book.add_format({"valign": "top"})
        self._bad = self._book.add_format({"valign": "top", "bg_color": "#FFE699"})
        self._sheet: Worksheet | None = None
        self._next_row = 0
        self._notes = 0

    def read_me(self, lines: Iterable[tuple[str, str | int]]) -> None:
        """The first sheet."""
        sheet = self._book.add_worksheet(README_SHEET)
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 100)
        for row, (label, said) in enumerate(lines):
            sheet.write_string(row, 0, label, self._head)
            _write(sheet, row, 1, stored_cell(said), self._told)

    def begin(self, tab: AffectedTab) -> None:
        """The sheet of a tab, with its header."""
        self._sheet = sheet = self._book.add_worksheet(tab.sheet)
        self._next_row = 1
        for column, width in enumerate(_WIDTHS):
            sheet.set_column(column, column, width)
        headers = (*MARKED_COLUMNS, *tab.headers)[:_MOST_COLUMNS]
        for column, header in enumerate(headers):
            _write(sheet, 0, column, header, self._head)
        sheet.freeze_panes(1, len(MARKED_COLUMNS))

    def add(self, rows: Sequence[AffectedRow]) -> None:
        """Rows of the sheet that was begun last."""
        if self._sheet is None:
            return
        for row in rows:
            self._add(self._sheet, row)
            self._next_row += 1

    def close(self) -> None:
        """Writes the file."""
        self._book.close()

    def _add(self, sheet: Worksheet, row: AffectedRow) -> None:
        at = self._next_row
        sheet.write_number(at, 0, row.number, self._plain)
        sheet.write_string(at, 1, cell_text(row.reasons()), self._told)
        sheet.write_string(at, 2, cell_text(row.fixes()), self._told)
        notes: dict[int, str] = {}
        for problem in row.problems:
            if problem.at is not None:
                said = f"{problem.reason}\n{problem.fix}"
                notes[problem.at] = f"{notes[problem.at]}\n{said}" if problem.at in notes else said
        first = len(MARKED_COLUMNS)
        for position, cell in enumerate(row.cells[: _MOST_COLUMNS - first]):
            note = notes.get(position)
            if note is None:
                # Most of four million cells: a format for each would take a third of the time.
                if cell != "":
                    _write(sheet, at, first + position, cell, None)
                continue
            _write(sheet, at, first + position, cell, self._bad)
            if self._notes < MOST_NOTES:
                self._notes += 1
                sheet.write_comment(at, first + position, cell_text(note))


def _write(sheet: Worksheet, row: int, column: int, cell: StoredCell, shown: Format | None) -> None:
    """Text has been cleaned already where it was stored."""
    match cell:
        case "":
            sheet.write_blank(row, column, None, shown)
        case str():
            sheet.write_string(row, column, cell, shown)
        case bool():
            sheet.write_boolean(row, column, cell, shown)
        case _:
            sheet.write_number(row, column, cell, shown)
