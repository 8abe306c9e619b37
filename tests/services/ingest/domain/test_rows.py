"""One line of each tab, typed; bad cells reported and unknown."""

import pytest

from services.ingest.domain.cells import Cell
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.rows import disk_row, nic_row, vm_row
from tests.services.ingest.tabs import rows


def test_a_bad_cell_is_unknown_and_reported_with_place_value_reason_and_fix() -> None:
    rejects = Rejects()
    [row] = rows("vInfo", vm_row, ["VM", "Memory"], ["web", "8 apples"], rejects=rejects)
    assert row.memory_mib is None
    [reject] = rejects.kept
    assert (
        reject.tab,
        reject.row,
        reject.column,
        reject.value,
    ) == ("vInfo", 2, "Memory", "8 apples")
    assert reject.reason == "unknown unit 'apples'"
    assert reject.fix


def test_rejects_are_all_counted_and_the_first_of_each_tab_kept() -> None:
    rejects = Rejects(keep=3)
    rows("vInfo", vm_row, ["VM", "CPUs"], *[["web", "?"]] * 10, rejects=rejects)
    rows("vDisk", disk_row, ["VM", "Thin"], ["web", "?"], rejects=rejects)
    assert rejects.count == 11
    assert [reject.tab for reject in rejects.kept] == ["vInfo"] * 3 + ["vDisk"]


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("poweredOn", "poweredOn"),
        ("POWEREDOFF", "poweredOff"),
        ("Powered On", "poweredOn"),
        ("suspended", "suspended"),
        ("", None),
    ],
)
def test_power_states(cell: str, state: str | None) -> None:
    [row] = rows("vInfo", vm_row, ["VM", "Powerstate"], ["web", cell])
    assert state == row.ref.power_state


@pytest.mark.parametrize(
    ("cell", "version"), [(13.0, 13), ("13", 13), ("19.0", 19), ("vmx-08", 8), ("", None)]
)
def test_hardware_versions(cell: Cell, version: int | None) -> None:
    [row] = rows("vInfo", vm_row, ["VM", "HW version"], ["web", cell])
    assert version == row.hardware_version


@pytest.mark.parametrize("cell", ["none", "None", "Not connected", "NOT CONNECTED", ""])
def test_a_nic_attached_to_nothing_has_no_network(cell: str) -> None:
    [row] = rows("vNetwork", nic_row, ["VM", "Network"], ["web", cell])
    assert row.network is None


def test_addresses_come_from_every_column_once_and_in_order() -> None:
    header = ["VM", "IPv4 Address", "IPv6 Address", "IP Address"]
    line = ["web", "10.0.0.1, 10.0.0.2", "FE80::1", "fe80::1, 10.0.0.2"]
    [row] = rows("vNetwork", nic_row, header, line)
    assert row.ip_addresses == ("10.0.0.1", "10.0.0.2", "fe80::1")


def test_an_address_that_is_none_is_reported() -> None:
    rejects = Rejects()
    header = ["VM", "IP Address"]
    lines = [["web", "10.0.0.300"], ["db", "unknown"]]
    assert [r.ip_addresses for r in rows("vNetwork", nic_row, header, *lines, rejects=rejects)] == [
        (),
        (),
    ]
    assert [reject.row for reject in rejects.kept] == [2]


@pytest.mark.parametrize(
    ("cell", "mac"),
    [
        ("00:50:56:AB:00:01", "00:50:56:ab:00:01"),
        ("0050.56ab.0001", "00:50:56:ab:00:01"),
        ("", None),
    ],
)
def test_mac_addresses(cell: str, mac: str | None) -> None:
    [row] = rows("vNetwork", nic_row, ["VM", "Mac Address"], ["web", cell])
    assert mac == row.mac


@pytest.mark.parametrize(
    ("path", "disk_path", "datastore"),
    [
        ("[gold 01] web/web.vmdk", "/boot", "gold 01"),
        ("", "[silver] web/web.vmdk", "silver"),
        ("", "C:\\", None),
        ("web/web.vmdk", "", None),
    ],
)
def test_a_datastore_is_the_text_in_brackets(
    path: str, disk_path: str, datastore: str | None
) -> None:
    [row] = rows("vDisk", disk_row, ["VM", "Path", "Disk Path"], ["web", path, disk_path])
    assert datastore == row.datastore


def test_rows_of_one_vm_share_their_reference() -> None:
    header = ["VM", "VM ID", "Disk"]
    lines = [["web", "vm-1", "Hard disk 1"], ["web", "vm-1", "Hard disk 2"], ["db", "vm-2", "x"]]
    first, second, third = rows("vDisk", disk_row, header, *lines)
    assert first.ref is second.ref
    assert third.ref != second.ref
