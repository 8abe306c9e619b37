"""Workbooks that openpyxl reads back as they were meant."""

from datetime import date, datetime
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest

from services.exporter.adapters.xlsx_writer import write_xlsx
from services.exporter.domain.sheets import Cell, Column, Kind, Sheet
from services.exporter.domain.workbook_model import workbook_sheets
from tests.services.exporter.builders import a_header, a_planned_vm_json

HOSTILE = (
    '=HYPERLINK("http://evil.example","click")',
    "+1+1",
    "-2+3",
    "@SUM(A1)",
    "{=1+1}",
    "http://evil.example/",
    "mailto:root@example.org",
    "<b>&amp;</b>",
    "_x0041_",
    "'quoted",
    "0012",
    "Büro データ 🙂",
)


def a_sheet(rows: list[list[Cell]], *columns: Column, name: str = "Sheet") -> Sheet:
    return Sheet(name, columns or (Column("Text"),), rows)


def plan_workbook(path: Path, **changes: str) -> None:
    write_xlsx(
        path, workbook_sheets(a_header(), [a_planned_vm_json(1, **changes)], digest="d" * 64)
    )


def test_a_plan_is_read_back_with_frozen_headers_and_filters(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    plan_workbook(path)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [
        "Summary",
        "Tenants",
        "Schedule",
        "VMs",
        "How this was worked out",
    ]
    for sheet in book:
        assert sheet.freeze_panes == "A2"
        assert sheet.auto_filter.ref == sheet.dimensions
        assert all(cell.font.b for cell in sheet[1])
    row = dict(
        zip([c.value for c in book["VMs"][1]], [c.value for c in book["VMs"][2]], strict=True)
    )
    assert row["Memory (GiB)"] == 4
    assert row["Start (UTC)"] == datetime(2026, 3, 2, 9, 0)  # noqa: DTZ001


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(tmp_path: Path, text: str) -> None:
    path = tmp_path / "plan.xlsx"
    plan_workbook(path, name=text, tenant_name=text, why_here=text)
    cell = openpyxl.load_workbook(path)["VMs"]["B2"]
    assert cell.data_type in ("s", "inlineStr")
    assert cell.hyperlink is None
    assert str(cell.value).replace("_x005F_", "_") == text


def test_no_cell_of_a_plan_is_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "plan.xlsx"
    plan_workbook(path, name="=1+1")
    with ZipFile(path) as archive:
        parts = [n for n in archive.namelist() if n.startswith("xl/worksheets/")]
        assert not any(b"<f>" in archive.read(part) for part in parts)


def test_control_characters_go_and_long_text_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write_xlsx(path, [a_sheet([["a\x00\x0bb"], ["y" * 40_000]])])
    sheet = openpyxl.load_workbook(path)["Sheet"]
    assert sheet["A2"].value == "ab"
    assert len(str(sheet["A3"].value)) == 32_767


def test_values_carry_the_number_format_of_their_kind(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    columns = [Column(kind, kind) for kind in (Kind.COUNT, Kind.AMOUNT, Kind.DATE, Kind.MIXED)]
    write_xlsx(path, [a_sheet([[1234, 12.5, date(2026, 3, 2), 7.25]], *columns)])
    formats = [cell.number_format for cell in openpyxl.load_workbook(path)["Sheet"][2]]
    assert formats == ["#,##0", "#,##0.00", "yyyy-mm-dd", "#,##0.00"]


def test_a_sheet_longer_than_excel_allows_goes_on_in_the_next(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    write_xlsx(path, [a_sheet([[str(n)] for n in range(7)])], max_rows=4)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["Sheet", "Sheet (2)", "Sheet (3)"]
    values = [row[0] for sheet in book for row in sheet.iter_rows(min_row=2, values_only=True)]
    assert values == [str(n) for n in range(7)]


def test_equal_sheets_give_equal_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "first.xlsx", tmp_path / "second.xlsx"
    plan_workbook(first)
    plan_workbook(second)
    assert first.read_bytes() == second.read_bytes()
