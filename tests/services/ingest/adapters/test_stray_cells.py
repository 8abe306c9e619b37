"""Which cell makes a tab look enormous."""

from pathlib import Path

import pytest

from services.ingest.adapters.stray_cells import StrayCell, find_stray_cell
from tests.services.ingest.workbooks import DATA, with_stray_cell, workbook


@pytest.mark.parametrize("cell", ["XFD1048576", "A1048576", "XFD2", "ZZ500000"])
def test_it_names_the_cell_and_where_the_data_ends(tmp_path: Path, cell: str) -> None:
    path = tmp_path / "workbook.xlsx"
    path.write_bytes(with_stray_cell(cell))
    found = find_stray_cell(path, "vInfo")
    assert found is not None
    assert found.cell == cell
    assert found.data_ends_at == "K3"
    assert found.count == 1


def test_a_tab_without_a_gap_has_none(tmp_path: Path) -> None:
    path = tmp_path / "workbook.xlsx"
    path.write_bytes(workbook())
    assert find_stray_cell(path, "vInfo") is None


def test_an_unknown_tab_has_none() -> None:
    assert find_stray_cell(DATA / "real-3.10-full-27vms.xlsx", "nothing") is None


def test_cells_that_were_only_formatted_do_not_count() -> None:
    path = DATA / "real-4.7-huge-dimensions-9vms.xlsx"
    assert [find_stray_cell(path, tab) for tab in ("vInfo", "vCPU", "vDisk")] == [None] * 3


def test_several_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "workbook.xlsx"
    far = [["VM"], ["web"], *[[""]] * 20_000, ["note"], ["note"]]
    path.write_bytes(workbook(vInfo=far))
    assert find_stray_cell(path, "vInfo") == StrayCell("A20003", "A2", 2)
