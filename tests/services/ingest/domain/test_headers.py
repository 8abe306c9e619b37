"""Columns are found by what their header says, in every spelling of RVTools 3.9 to 4.8."""

import pytest

from services.ingest.domain.columns import TABS
from services.ingest.domain.headers import match_header


@pytest.mark.parametrize(
    ("tab", "column", "header"),
    [
        ("vInfo", "Provisioned MiB", "Provisioned MB"),
        ("vInfo", "In Use MiB", " In  use mib "),
        ("vInfo", "Memory", "Memory MiB"),
        ("vInfo", "VI SDK UUID", "vCenter UUID"),
        ("vInfo", "CPUs", "CPUS"),
        ("vDisk", "Capacity MiB", "Capacity MB"),
        ("vNetwork", "IP Address", "IP Address"),
        ("vNetwork", "IPv4 Address", "IPv4 Address"),
        ("vNetwork", "Adapter", "Adapter"),
        ("vInfo", "VM", "vInfoVMName"),
        ("vInfo", "VM ID", "vInfoObjectID"),
        ("vInfo", "VM UUID", "vInfoUUID"),
        ("vInfo", "Disks", "vInfoNumVirtualDisks"),
        ("vInfo", "In Use MiB", "vInfoInUse"),
        ("vInfo", "Total disk capacity MiB", "vInfoTotalDiskCapacityMiB"),
        ("vInfo", "HW version", "VInfoVersion"),
        ("vInfo", "DNS Name", "vInfoGuestHostName"),
        ("vInfo", "OS according to the configuration file", "vInfoOS"),
        ("vInfo", "OS according to the VMware Tools", "vInfoOSTools"),
        ("vInfo", "Network #3", "vInfoNetwork3"),
        ("vInfo", "Datacenter", "vInfoDataCenter"),
        ("vInfo", "SRM Placeholder", "vInfoSRMPlaceHolder"),
        ("vDisk", "Disk", "vDiskName"),
        ("vDisk", "VM", "vDiskVMName"),
        ("vDisk", "Disk Mode", "vDiskMode"),
        ("vDisk", "Disk Mode", "vDiskDiskMode"),
        ("vNetwork", "Network", "vNetworkName"),
        ("vNetwork", "VM", "vNetworkVMName"),
        ("vNetwork", "IPv4 Address", "vNetworkIP4Address"),
        ("vCPU", "CPUs", "vCPUCPUs"),
        ("vMemory", "Size MiB", "vMemorySizeMiB"),
    ],
)
def test_a_column_is_found_under(tab: str, column: str, header: str) -> None:
    match = match_header(TABS[tab], ["Custom attribute", header, "Another"])
    assert header.strip() == match.matched[column].header
    assert match.unmatched == ("Custom attribute", "Another")


@pytest.mark.parametrize(
    ("header", "mib_per_unit"),
    [
        ("Capacity", 1),
        ("Capacity MB", 1),
        ("Capacity MiB", 1),
        ("Capacity GB", 1024),
        ("Capacity TiB", 1024 * 1024),
    ],
)
def test_a_size_takes_its_unit_from_the_header(header: str, mib_per_unit: int) -> None:
    match = match_header(TABS["vDisk"], ["VM", header])
    assert mib_per_unit == match.matched["Capacity MiB"].mib_per_unit


def test_the_mac_assignment_type_is_not_the_nic_model() -> None:
    match = match_header(TABS["vNetwork"], ["VM", "Adapter", "Type"])
    assert match.matched["Adapter"].position == 1
    assert match.matched["Type"].position == 2


def test_the_better_spelling_wins_wherever_it_stands() -> None:
    match = match_header(TABS["vInfo"], ["Name", "VM"])
    assert match.matched["VM"].position == 1


def test_what_is_missing_is_listed_in_the_tabs_order() -> None:
    match = match_header(TABS["vTools"], ["VM", "Tools", "Upgradeable", "VM ID", "VM UUID"])
    place = ("Datacenter", "Cluster", "Host", "Folder")
    versions = ("Tools Version", "Required Version")
    assert ("Powerstate", *versions, *place, "VI SDK Server", "VI SDK UUID") == match.missing
