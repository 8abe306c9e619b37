"""Space used inside the guest counts where its file systems tell enough of its disks."""

import pytest

from services.ingest.domain.cells import Cell
from services.ingest.domain.detail_rows import partition_row
from services.ingest.domain.disk_space import consumed
from tests.services.ingest.tabs import AssembledWorkbook, rows

VINFO = ["VM", "VM ID", "Disks", "Total disk capacity MiB", "Provisioned MiB", "In Use MiB"]
PARTITION = ["VM", "VM ID", "Disk", "Capacity MiB", "Consumed MiB", "Free MiB"]
Line = tuple[Cell, ...]


def a_vm(*partitions: Line, disk: float = 1000.0, allocated: Cell = 400.0) -> AssembledWorkbook:
    """A VM with those file systems."""
    return AssembledWorkbook(
        vInfo=[VINFO, ["web", "vm-1", 1.0, disk, 2000.0, allocated]],
        vPartition=[PARTITION, *(["web", "vm-1", *line] for line in partitions)],
    )


@pytest.mark.parametrize(
    ("partitions", "guest_used", "used"),
    [
        pytest.param([("/", 800.0, 300.0, 500.0)], 300, (300, "guest_used"), id="80-percent"),
        pytest.param([("/", 799.0, 300.0, 499.0)], None, (400, "allocated"), id="79.9-percent"),
        pytest.param(
            [("/", 500.0, 100.0, 400.0), ("/var", 400.0, 250.0, 150.0)],
            350,
            (350, "guest_used"),
            id="summed",
        ),
        pytest.param(
            [("/", 450.0, 100.0, 350.0)] * 2, None, (400, "allocated"), id="identical-rows-once"
        ),
        pytest.param([("/", 1000.0, "", 700.0)], 300, (300, "guest_used"), id="capacity-less-free"),
        pytest.param([("/", 1000.0, 0.0, 700.0)], 300, (300, "guest_used"), id="zero-less-free"),
        pytest.param([("/", 1000.0, "", "")], None, (400, "allocated"), id="nothing-known-of-it"),
        pytest.param([], None, (400, "allocated"), id="no-partitions"),
        pytest.param(
            [("/", 1000.0, 600.0, 400.0), ("/kubelet/1", 1000.0, 600.0, 400.0)],
            600,
            (600, "guest_used"),
            id="mounted-twice",
        ),
        pytest.param(
            [("/", 1000.0, 900.0, 100.0), ("/lvm", 1200.0, 800.0, 400.0)],
            1000,
            (1000, "guest_used"),
            id="never-above-the-disks",
        ),
    ],
)
def test_guest_used(partitions: list[Line], guest_used: int | None, used: tuple[int, str]) -> None:
    vm = a_vm(*partitions).vm("web")
    assert vm.guest_used_mib == guest_used
    assert (vm.used_mib, vm.used_basis) == used
    assert vm.allocated_mib == 400


def test_partitions_larger_than_the_disks_are_reported() -> None:
    assert a_vm(("/", 1000.0, 1.0, 1.0), ("/x", 1.0, 1.0, 0.0)).contradictions == {
        "partitions_exceed_disks": 1
    }


def test_without_any_disk_size_nothing_is_covered() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM"], ["web"]], vPartition=[["VM", "Capacity MiB"], ["web", 10.0]]
    )
    assert book.vm("web").guest_used_mib is None


def test_where_names_are_unreliable_partitions_found_by_name_replace_nothing() -> None:
    book = AssembledWorkbook(
        vInfo=[VINFO, ["web", "vm-1", 1.0, 1000.0, 2000.0, 400.0]],
        vDisk=[["VM", "VM ID", "Capacity MiB"], ["other", "vm-1", 1000.0]],
        vPartition=[["VM", "Capacity MiB", "Consumed MiB"], ["web", 1000.0, 10.0]],
    )
    vm = book.vm("web")
    assert (vm.guest_used_mib, vm.used_basis) == (None, "allocated")
    assert [partition.consumed_mib for partition in vm.partitions] == [10]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ((100.0, 30.0, 60.0), 30),
        ((100.0, "", 60.0), 40),
        ((100.0, 0.0, 60.0), 40),
        ((100.0, 0.0, ""), 0),
        ((100.0, "", ""), None),
        ((100.0, "", 120.0), 0),
    ],
)
def test_what_a_file_system_holds(line: Line, expected: int | None) -> None:
    header = ["VM", "Capacity MiB", "Consumed MiB", "Free MiB"]
    [row] = rows("vPartition", partition_row, header, ["web", *line])
    assert consumed(row) == expected
