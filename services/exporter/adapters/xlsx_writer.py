"""Writes sheets as an .xlsx file, row by row, in constant memory.

Text is always written as text: a leading ``=``, ``+``, ``-`` or ``@`` starts no formula and an
address becomes no link. Equal sheets give equal bytes.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.workbook import Workbook
from xlsxwriter.worksheet import Worksheet

from services.exporter.domain.sheets import Cell, Column, Kind, Sheet
from shared.kernel.cell_text import cell_text

MAX_ROWS: Final = 1_048_576
"""Rows of a worksheet, the header included."""

CREATED: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Stands in the file instead of the clock, so that equal plans give equal files."""

_A4: Final = 9
"""Excel's number for the paper size."""
_NUMBER_FORMATS: Final = {
    Kind.COUNT: "#,##0",
    Kind.AMOUNT: "#,##0.00",
    Kind.DATE: "yyyy-mm-dd",
    Kind.INSTANT: "yyyy-mm-dd hh:mm",
}


def write_xlsx(path: Path, sheets: Iterable[Sheet], *, max_rows: int = MAX_ROWS) -> None:
    """Writes ``sheets`` to ``path``. A sheet of more than ``max_rows`` goes on in the next."""
    workbook = xlsxwriter.Workbook(
        str(path),
        {
            "constant_memory": True,
            "tmpdir": str(path.parent),
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
        },
    )
    workbook.use_zip64()
    workbook.set_properties({"title": "Migration plan", "created": CREATED.replace(tzinfo=None)})
    formats = _Formats(workbook)
    for sheet in sheets:
        _write_sheet(workbook, sheet, formats, max_rows)
    workbook.close()


class _Formats:
    """The cell formats of a workbook, made once."""

    def __init__(self, workbook: Workbook) -> None:
        self.header = workbook.add_format(
            {"bold": True, "bg_color": "#E4E9F0", "bottom": 1, "text_wrap": True, "valign": "top"}
        )
        self.by_kind = {
            kind: workbook.add_format({"num_format": number_format, "valign": "top"})
            for kind, number_format in _NUMBER_FORMATS.items()
        }
        self.by_kind[Kind.TEXT] = workbook.add_format({"valign": "top"})
        self.by_kind[Kind.LONG_TEXT] = workbook.add_format({"valign": "top", "text_wrap": True})

    def of(self, kind: Kind, value: Cell) -> Format:
        """The format of a value; a mixed column takes it from the value's type."""
        if kind is Kind.MIXED:
            kind = _kind_of(value)
        return self.by_kind[kind]


def _kind_of(value: Cell) -> Kind:
    match value:
        case datetime():
            return Kind.INSTANT
        case date():
            return Kind.DATE
        case int():
            return Kind.COUNT
        case float():
            return Kind.AMOUNT
        case _:
            return Kind.TEXT


def _write_sheet(workbook: Workbook, sheet: Sheet, formats: _Formats, max_rows: int) -> None:
    rows = iter(sheet.rows)
    part = 1
    first: list[Sequence[Cell]] = []
    while True:
        name = sheet.name if part == 1 else f"{sheet.name} ({part})"
        worksheet = workbook.add_worksheet(name)
        _write_rows(
            worksheet, sheet, chain(first, islice(rows, max_rows - 1 - len(first))), formats
        )
        first = list(islice(rows, 1))
        if not first:
            return
        part += 1


def _write_rows(
    worksheet: Worksheet, sheet: Sheet, rows: Iterable[Sequence[Cell]], formats: _Formats
) -> None:
    """Header, rows, and what makes them easy to read: frozen header, filter, widths; on paper A4
    landscape, one page wide, the header on every page."""
    worksheet.set_paper(_A4)
    worksheet.set_landscape()
    worksheet.fit_to_pages(1, 0)
    worksheet.repeat_rows(0)
    for number, column in enumerate(sheet.columns):
        worksheet.set_column(number, number, column.width)
        worksheet.write_string(0, number, column.title, formats.header)
    worksheet.freeze_panes(1, 0)
    last = 0
    for last, row in enumerate(rows, start=1):
        _write_row(worksheet, last, zip(sheet.columns, row, strict=True), formats)
    worksheet.autofilter(0, 0, last, len(sheet.columns) - 1)


def _write_row(
    worksheet: Worksheet, row: int, cells: Iterable[tuple[Column, Cell]], formats: _Formats
) -> None:
    for number, (column, value) in enumerate(cells):
        cell_format = formats.of(column.kind, value)
        match value:
            case None:
                pass
            case str():
                worksheet.write_string(row, number, cell_text(value), cell_format)
            case date():
                worksheet.write_datetime(row, number, value, cell_format)
            case _:
                worksheet.write_number(row, number, value, cell_format)
