"""Affected rows are read again as they are in the upload, and only as many as may be kept."""

from pathlib import Path
from typing import Any

import openpyxl
import orjson
import pytest

from services.ingest.adapters import affected_values
from services.ingest.adapters.annotated_workbook import AnnotatedWorkbook
from services.ingest.domain import affected_rows
from services.ingest.domain.affected_sheets import AffectedRow, AffectedTab, RowProblem
from services.ingest.domain.cells import Cell
from tests.services.ingest.adapters.parsing import Parsed, parse, parse_here
from tests.services.ingest.csv_files import csv_text
from tests.services.ingest.workbooks import VDISK, VINFO, workbook


def bad_vms(count: int) -> list[list[Cell]]:
    """vInfo of VMs whose number of CPUs cannot be read."""
    return [
        [*VINFO[0]],
        *(
            [f"vm{n}", "poweredOn", "False", "many", 1024, 0, 0, 0, 0, f"vm-{n}", "vc-a"]
            for n in range(count)
        ),
    ]


def fields(parsed: Parsed, table: str) -> list[list[str]]:
    """The fields of the table's rows, without COPY's escapes."""
    return [[f.replace("\\\\", "\\") for f in row] for row in parsed.rows(table)]


def cells(row: list[str]) -> list[Any]:
    """The cells of an affected row."""
    found: list[Any] = orjson.loads(row[3])
    return found


def test_rows_beyond_the_limit_are_counted_as_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affected_rows, "MOST_PROBLEMS", 3)
    parsed = parse_here(workbook(vInfo=bad_vms(5)))
    assert [row[2] for row in fields(parsed, "affected_rows")] == ["2", "3", "4"]
    assert parsed.report["affected"] == {"rows": 3, "is_complete": False}
    assert parsed.report["rejected_count"] == 5


def test_long_texts_do_not_fill_the_database(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(affected_values, "MOST_CHARS", 200)
    parsed = parse_here(workbook(vInfo=bad_vms(5)))
    kept = fields(parsed, "affected_rows")
    assert 0 < len(kept) < 5
    assert parsed.report["affected"] == {"rows": len(kept), "is_complete": False}
    [tab] = fields(parsed, "affected_tabs")
    assert tab[6] == str(len(kept))


def test_a_tab_that_is_too_large_to_be_read_twice_says_that_its_rows_are_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(affected_values, "MOST_CELLS_AGAIN", 5 * len(VINFO[0]) - 1)
    parsed = parse_here(workbook(vInfo=bad_vms(5)))
    assert parsed.report["affected"] == {"rows": 0, "is_complete": False}
    assert parsed.report["rejected_count"] == 5
    monkeypatch.setattr(affected_values, "MOST_CELLS_AGAIN", 5 * len(VINFO[0]))
    parsed = parse_here(workbook(vInfo=bad_vms(5)))
    assert parsed.report["affected"] == {"rows": 5, "is_complete": True}


def test_titles_above_the_header_do_not_shift_the_rows() -> None:
    vinfo = [["Export of March"], [""], *bad_vms(2)]
    parsed = parse_here(workbook(vInfo=vinfo))
    assert [(row[2], cells(row)[0]) for row in fields(parsed, "affected_rows")] == [
        ("4", "vm0"),
        ("5", "vm1"),
    ]


def test_a_torn_line_of_a_csv_file_keeps_all_its_cells() -> None:
    torn = csv_text(VINFO).replace("db,poweredOff", 'd"b,x,poweredOff')
    parsed = parse_here(torn.encode())
    [row] = fields(parsed, "affected_rows")
    assert len(cells(row)) == len(VINFO[0]) + 1


def test_a_clean_workbook_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(affected_values.TabsOfWorkbook, "lines_again", never)
    assert parse_here(workbook()).report["affected"] == {"rows": 0, "is_complete": True}


async def test_thousands_of_bad_rows_fit_in_the_memory_of_the_parser() -> None:
    parsed = await parse(workbook(vInfo=bad_vms(5_000), vDisk=VDISK), memory_mib=256)
    assert parsed.report["affected"]["rows"] >= 5_000


def test_notes_are_few_enough_for_excel_and_the_cells_are_marked_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.ingest.adapters.annotated_workbook.MOST_NOTES", 1)
    book = AnnotatedWorkbook(tmp_path / "a.xlsx")
    book.read_me([("What this is", "a test")])
    book.begin(AffectedTab(0, "vInfo", None, "vInfo", ("VM", "CPUs"), 2))
    bad = RowProblem("CPUs", 1, "not a number", "Type a number.")
    book.add([AffectedRow(n, ("vm", "many"), (bad, bad)) for n in (2, 9)])
    book.close()
    sheet = openpyxl.load_workbook(tmp_path / "a.xlsx")["vInfo"]
    marked = [sheet["E2"], sheet["E3"]]
    assert [cell.comment is not None for cell in marked] == [True, False]
    assert {cell.fill.fgColor.rgb for cell in marked} == {"FFFFE699"}
    assert [sheet["A2"].value, sheet["A3"].value] == [2, 9]
    assert sheet["C2"].value == "Type a number."
