"""Derived values (decision 10) and completion from other tabs."""

import pytest

from services.ingest.domain.cells import Cell
from tests.services.ingest.tabs import AssembledWorkbook

VINFO = ["VM", "VM ID", "Disks", "Total disk capacity MiB", "Provisioned MiB", "In Use MiB"]
VDISK = ["VM", "VM ID", "Capacity MiB"]


def one_vm(*figures: Cell, disks: tuple[Cell, ...] = ()) -> AssembledWorkbook:
    """A VM with those figures of vInfo and those capacities in vDisk."""
    lines = [["web", "vm-1", capacity] for capacity in disks]
    tabs = {"vDisk": [VDISK, *lines]} if lines else {}
    return AssembledWorkbook(vInfo=[VINFO, ["web", "vm-1", *figures]], **tabs)


@pytest.mark.parametrize(
    ("figures", "disks", "expected"),
    [
        pytest.param((2.0, 30.0, 99.0, ""), (10.0, 20.0), (30, "vdisk"), id="sum-of-vdisk"),
        pytest.param((1.0, 25.0, 99.0, ""), (), (25, "total_disk_capacity"), id="no-vdisk"),
        pytest.param((1.0, "", 99.0, ""), (), (99, "provisioned"), id="old-without-vdisk"),
        pytest.param((2.0, 30.0, 9.0, ""), (10.0, ""), (30, "total_disk_capacity"), id="gap"),
        pytest.param((2.0, "", 99.0, ""), (10.0, ""), (99, "provisioned"), id="gap-no-total"),
        pytest.param((2.0, "", 5.0, ""), (10.0, ""), (10, "vdisk"), id="gap-provisioned-too-low"),
        pytest.param((0.0, 0.0, 40.0, 0.0), (), (0, "total_disk_capacity"), id="diskless"),
        pytest.param((1.0, 0.0, 40.0, ""), (), (40, "provisioned"), id="total-0-with-a-disk"),
        pytest.param(("", "", "", ""), (), (None, "unknown"), id="nothing-known"),
    ],
)
def test_the_disk_total_and_its_basis(
    figures: tuple[Cell, ...], disks: tuple[Cell, ...], expected: tuple[int | None, str]
) -> None:
    vm = one_vm(*figures, disks=disks).vm("web")
    assert (vm.disk_mib, vm.disk_basis) == expected


@pytest.mark.parametrize(
    ("figures", "disks", "allocated", "used"),
    [
        pytest.param((1.0, "", 99.0, 7.0), (50.0,), 7, (7, "allocated"), id="in-use"),
        pytest.param((1.0, "", 99.0, 0.0), (50.0,), None, (99, "provisioned"), id="0-with-disks"),
        pytest.param((1.0, "", "", 0.0), (50.0,), None, (50, "vdisk"), id="only-disks-known"),
        pytest.param((0.0, "", 9.0, 0.0), (), 0, (0, "allocated"), id="0-without-disks"),
        pytest.param(("", "", "", ""), (), None, (None, "unknown"), id="nothing-known"),
    ],
)
def test_used_space_is_allocated_else_provisioned(
    figures: tuple[Cell, ...],
    disks: tuple[Cell, ...],
    allocated: int | None,
    used: tuple[int | None, str],
) -> None:
    vm = one_vm(*figures, disks=disks).vm("web")
    assert vm.allocated_mib == allocated
    assert (vm.used_mib, vm.used_basis) == used


def test_a_zero_in_use_is_reported() -> None:
    assert one_vm(1.0, "", 99.0, 0.0).contradictions == {"in_use_zero": 1}


@pytest.mark.parametrize(("total", "is_reported"), [(30.0, False), (32.0, False), (33.0, True)])
def test_a_disk_sum_may_be_off_by_the_rounding_of_each_disk(
    total: float, is_reported: bool
) -> None:
    book = one_vm(2.0, total, "", "", disks=(10.0, 20.0))
    assert ("disk_sum" in book.contradictions) is is_reported


def test_differing_counts_and_power_states_are_reported() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM", "Powerstate", "Disks", "NICs"], ["web", "poweredOn", 3.0, 0.0]],
        vDisk=[["VM", "Powerstate"], ["web", "poweredOff"], ["web", "poweredOff"]],
        vNetwork=[["VM", "Network"], ["web", "lan"]],
    )
    assert book.contradictions == {"disk_count": 1, "nic_count": 1, "power_state": 1}
    [sample] = book.assembly.contradictions.samples["power_state"]
    assert (sample.tab, sample.row, sample.vinfo, sample.other) == (
        "vDisk",
        2,
        "poweredOn",
        "poweredOff",
    )


def test_what_vinfo_leaves_blank_comes_from_other_tabs_and_says_so() -> None:
    place = ["Host", "Cluster", "Folder"]
    book = AssembledWorkbook(
        vInfo=[["VM", "VM ID", "CPUs", "Memory", *place], ["web", "vm-1", "", "", "", "C1", ""]],
        vDisk=[["VM", "VM ID", *place], ["web", "vm-1", "esx1", "C9", ""]],
        vNetwork=[["VM", "VM ID", *place], ["web", "vm-1", "esx9", "C9", "/DC/vm/a"]],
        vCPU=[["VM", "VM ID", "CPUs"], ["web", "vm-1", 4.0]],
        vMemory=[["VM", "VM ID", "Size MiB"], ["web", "vm-1", 8192.0]],
    )
    vm = book.vm("web")
    assert (vm.host, vm.cluster, vm.folder) == ("esx1", "C1", "/DC/vm/a")
    assert (vm.vcpus, vm.memory_mib) == (4, 8192)
    assert vm.derived == ("folder", "host", "memory_mib", "vcpus")


def test_vinfos_own_figures_are_never_replaced() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM", "CPUs", "Memory"], ["web", 2.0, 2048.0]],
        vCPU=[["VM", "CPUs"], ["web", 4.0]],
        vMemory=[["VM", "Size MiB"], ["web", 4096.0]],
    )
    assert (book.vm("web").vcpus, book.vm("web").memory_mib) == (2, 2048)
    assert book.vm("web").derived == ()


def test_a_disk_without_a_path_is_guessed_to_lie_where_the_vm_does() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM", "Path"], ["web", "[gold] web/web.vmx"]],
        vDisk=[["VM", "Path"], ["web", ""], ["web", "[silver] web/web_1.vmdk"]],
    )
    disks = book.vm("web").disks
    assert [(d.label, d.datastore, d.is_datastore_guessed) for d in disks] == [
        ("Hard disk 1", "gold", True),
        ("Hard disk 2", "silver", False),
    ]


def test_without_vnetwork_the_networks_of_vinfo_stand_for_the_nics() -> None:
    header = ["VM", "Network #1", "Network #2", "Network #3"]
    book = AssembledWorkbook(vInfo=[header, ["web", "lan", "none", "dmz"]])
    vm = book.vm("web")
    assert [(nic.label, nic.network) for nic in vm.nics] == [
        ("Network #1", "lan"),
        ("Network #3", "dmz"),
    ]
    assert vm.derived == ("nics",)


def test_nics_without_a_label_are_numbered_in_their_order() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM"], ["web"]],
        vNetwork=[["VM", "Network"], ["web", "lan"], ["web", "none"]],
    )
    assert [(nic.label, nic.network) for nic in book.vm("web").nics] == [
        ("Network adapter 1", "lan"),
        ("Network adapter 2", None),
    ]


def test_templates_and_placeholders_are_kept_and_marked() -> None:
    header = ["VM", "Template", "SRM Placeholder"]
    book = AssembledWorkbook(vInfo=[header, ["t", "True", "False"], ["p", False, True]])
    assert [(vm.row.is_template, vm.row.is_srm_placeholder) for vm in book.vms] == [
        (True, False),
        (False, True),
    ]


class TestSnapshots:
    VINFO = (["VM"], ["web"], ["db"])
    HEADER = ("VM", "Name", "Date / time")

    def test_they_are_counted_and_the_oldest_dated_at_the_time_of_the_export(self) -> None:
        lines = [["web", "a", "2024/02/28 11:00:00"], ["web", "b", "2024/02/20 13:00:00"]]
        book = AssembledWorkbook(vInfo=self.VINFO, vSnapshot=[self.HEADER, *lines])
        web, db = book.vm("web"), book.vm("db")
        assert (web.snapshot_count, web.oldest_snapshot_days) == (2, 9)
        assert (db.snapshot_count, db.oldest_snapshot_days) == (0, None)

    def test_without_the_tab_nothing_is_known(self) -> None:
        assert AssembledWorkbook(vInfo=self.VINFO).vm("web").snapshot_count is None

    def test_a_snapshots_name_is_not_its_vm(self) -> None:
        book = AssembledWorkbook(vInfo=self.VINFO, vSnapshot=[self.HEADER, ["web", "db", ""]])
        assert book.vm("web").snapshot_count == 1
