"""Lines that are data, and lines that are not."""

import weakref

import pytest

from services.ingest.domain.columns import TABS
from services.ingest.domain.limits import WorkbookLimits
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.row_cells import RowCells
from services.ingest.domain.rows import vm_row
from services.ingest.domain.tables import Table
from shared.kernel.errors import Invalid, TooLarge
from tests.services.ingest.tabs import rows, table

HEADER = ["VM", "Powerstate", "CPUs", "Host"]
WEB = ["web", "poweredOn", 2.0, "esx1"]


def name_of(row: RowCells) -> str | None:
    return row.name("VM")


def test_rows_keep_the_number_that_excel_shows() -> None:
    read = rows("vInfo", vm_row, HEADER, WEB, ["", "", "", ""], ["db", "poweredOff", 4.0, "esx2"])
    assert [(row.ref.name, row.number) for row in read] == [("web", 2), ("db", 4)]


def test_a_title_above_the_header_is_passed_over() -> None:
    sheet = table("vInfo", ["Our estate"], [""], HEADER, WEB)
    assert list(sheet.rows(name_of)) == ["web"]
    assert sheet.header_row == 3


def test_a_header_in_the_middle_is_passed_over() -> None:
    sheet = table("vInfo", HEADER, WEB, HEADER, ["db", "poweredOn", 1.0, "esx1"])
    assert list(sheet.rows(name_of)) == ["web", "db"]
    assert sheet.counts.repeated_headers == 1


def test_a_header_in_the_middle_of_a_tab_without_vms_is_no_fact() -> None:
    header = ["VI SDK Server", "VI SDK UUID"]
    sheet = table("vSource", header, ["vc1", "uuid-1"], ["", ""], header, ["vc2", "uuid-2"])
    assert list(sheet.rows(lambda row: row.text("VI SDK UUID"))) == ["uuid-1", "uuid-2"]
    assert (sheet.counts.repeated_headers, sheet.counts.blank) == (1, 1)


def test_a_vm_named_vm_is_a_vm() -> None:
    assert rows("vInfo", name_of, HEADER, ["VM", "poweredOn", 1.0, "esx1"]) == ["VM"]


@pytest.mark.parametrize(
    "line",
    [["", "", 6.0, ""], ["Total", "", 6.0, ""], ["Summe", "", 6.0, ""], ["totals:", "", 6.0, ""]],
)
def test_totals_typed_under_the_data_are_no_vm(line: list[str | float]) -> None:
    rejects = Rejects()
    sheet = table("vInfo", HEADER, WEB, line, rejects=rejects)
    assert list(sheet.rows(name_of)) == ["web"]
    assert sheet.counts.totals == 1
    assert rejects.count == 0


def test_a_vm_named_total_is_a_vm() -> None:
    assert rows("vInfo", name_of, HEADER, ["Total", "poweredOn", 1.0, "esx1"]) == ["Total"]


def test_a_row_that_names_no_vm_is_rejected_with_its_place_and_a_fix() -> None:
    rejects = Rejects()
    rows("vInfo", vm_row, HEADER, ["", "poweredOn", "", "esx1"], rejects=rejects)
    [reject] = rejects.kept
    assert (reject.tab, reject.row, reject.column) == ("vInfo", 2, None)
    assert reject.value == "poweredOn | esx1"
    assert reject.fix


def test_a_tab_without_the_column_vm_is_refused_and_says_what_it_found() -> None:
    with pytest.raises(Invalid, match="The first row with text reads Server, Owner") as refused:
        table("vInfo", ["Server", "Owner"], ["web", "me"])
    assert refused.value.code == "column-missing"
    assert (refused.value.errors[0].tab, refused.value.errors[0].column) == ("vInfo", "VM")


def test_a_tab_with_too_many_rows_is_refused() -> None:
    sheet = table("vInfo", HEADER, WEB, WEB, WEB, max_rows=3)
    with pytest.raises(TooLarge) as refused:
        list(sheet.rows(name_of))
    assert (refused.value.errors[0].tab, refused.value.errors[0].row) == ("vInfo", 4)


def test_short_lines_are_read_as_if_blank_cells_followed() -> None:
    [row] = rows("vInfo", vm_row, HEADER, ["web"])
    assert (row.vcpus, row.ref.host) == (None, None)


class Lines(list[list[str | float]]):
    """Lines that can be watched."""


def test_a_table_that_was_read_lets_its_lines_go() -> None:
    lines = Lines([[*HEADER], [*WEB]])
    watched = weakref.ref(lines)
    sheet = Table(TABS["vInfo"], lines, rejects=Rejects(), limits=WorkbookLimits())
    del lines

    assert list(sheet.rows(name_of)) == ["web"]

    assert watched() is None
    assert sheet.counts.read == 1
