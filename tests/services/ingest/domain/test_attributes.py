"""Custom attributes and tags stay with their VM, under the names that people gave them."""

from datetime import datetime

from services.ingest.domain.row_cells import SharedCells
from services.ingest.domain.rows import disk_row
from tests.services.ingest.tabs import AssembledWorkbook, rows, table


def test_a_column_that_rvtools_does_not_know_is_an_attribute() -> None:
    backup = datetime(2024, 2, 1, 3)  # noqa: DTZ001  a workbook knows no zone
    book = AssembledWorkbook(
        vInfo=[
            ["VM", "HW target", "Owner", "Last Backup", "Ring"],
            ["web", "none", " ops ", backup, 2.0],
            ["db", "", "", "", ""],
        ]
    )
    assert book.vm("web").attributes == {
        "Owner": "ops",
        "Last Backup": "2024-02-01 03:00:00",
        "Ring": "2",
    }
    assert book.vm("db").attributes == {}


def test_columns_that_rvtools_writes_are_none_in_either_kind_of_names() -> None:
    header = ["VM", "Video Ram KB", "Boot delay", "vInfoBootDelay", "vInfoNumMonitors"]
    assert table("vInfo", header).attributes == {}


def test_of_columns_with_one_name_the_first_counts() -> None:
    assert table("vInfo", ["VM", "Owner", "Owner"]).attributes == {"Owner": 1}


def test_a_tab_supplies_only_what_no_earlier_tab_has() -> None:
    common = SharedCells()
    first = table("vInfo", ["VM", "Owner"], common=common)
    second = table("vDisk", ["VM", "Owner", "Ring"], common=common)
    assert (list(first.attributes), list(second.attributes)) == (["Owner"], ["Ring"])


def test_a_tab_whose_vm_column_has_lost_its_name_supplies_none() -> None:
    sheet = table("vPartition", ["Our Datacenter", "Disk", "VM ID"])
    assert (sheet.attributes, sheet.header.unmatched) == ({}, ("Our Datacenter",))


def test_tabs_share_the_reference_of_a_vm_that_they_name_alike() -> None:
    common = SharedCells()
    header = ["VM", "VM ID", "Folder"]
    [first] = table("vDisk", header, ["web", "VM-1", "/a"], common=common).rows(disk_row)
    [second] = table("vDisk", header, ["web", "VM-1", "/a"], common=common).rows(disk_row)
    [other] = table("vDisk", header, ["web", "VM-1", ""], common=common).rows(disk_row)
    assert first.ref is second.ref
    assert other.ref is not first.ref
    assert first.ref.moref == "vm-1"


def test_a_name_that_is_no_text_is_not_taken_for_another() -> None:
    named = rows("vDisk", disk_row, ["VM"], [True], [1.0], ["1"], ["True"])
    assert [row.ref.name for row in named] == ["True", "1", "1", "True"]
