"""Every spelling of a column, tab by tab, and the columns that are taken for others elsewhere."""

import pytest

from services.ingest.domain.cells import Cell
from services.ingest.domain.columns import TABS, VM_TABS
from services.ingest.domain.detail_rows import (
    cd_row,
    cpu_row,
    memory_row,
    partition_row,
    snapshot_row,
    tools_row,
    usb_row,
)
from services.ingest.domain.headers import match_header
from services.ingest.domain.infrastructure_rows import (
    cluster_row,
    datastore_row,
    health_row,
    host_row,
    pool_row,
)
from services.ingest.domain.known_columns import is_known
from services.ingest.domain.network_rows import (
    distributed_port_row,
    host_nic_row,
    standard_port_row,
)
from services.ingest.domain.rows import disk_row, nic_row, vm_row
from tests.services.ingest.tabs import Line, rows

MAKE = {
    "vInfo": vm_row,
    "vDisk": disk_row,
    "vNetwork": nic_row,
    "vPartition": partition_row,
    "vCPU": cpu_row,
    "vMemory": memory_row,
    "vTools": tools_row,
    "vSnapshot": snapshot_row,
    "vCD": cd_row,
    "vUSB": usb_row,
    "vHost": host_row,
    "vCluster": cluster_row,
    "vDatastore": datastore_row,
    "vRP": pool_row,
    "vPort": standard_port_row,
    "dvPort": distributed_port_row,
    "vNIC": host_nic_row,
    "vHealth": health_row,
}
KEYS = {"vPort": "Port Group", "dvPort": "Port", "vRP": "Resource Pool path", "vHost": "Host"} | {
    "vCluster": "Name",
    "vDatastore": "Name",
    "vNIC": "Network Device",
    "vHealth": "Message",
}


@pytest.mark.parametrize(
    ("tab", "header", "cell", "field", "value"),
    [
        ("vInfo", "Consolidation Needed", "True", "needs_consolidation", True),
        ("vInfo", "Overall Cpu Readiness", 0.4, "cpu_readiness_percent", 0.4),
        ("vInfo", "Overall Cpu Readiness", "0%", "cpu_readiness_percent", 0.0),
        ("vInfo", "Latency Sensitivity", "high", "latency_sensitivity", "high"),
        ("vInfo", "FT State", "running", "ft_state", "running"),
        ("vInfo", "EFI Secure boot", "True", "has_secure_boot", True),
        ("vInfo", "EnableUUID", "TRUE", "shows_disk_uuids", True),
        ("vInfo", "SMBIOS UUID", "42-1", "smbios_uuid", "42-1"),
        ("vInfo", "Guest Detailed Data", "distroName='x'", "guest_detail", "distroName='x'"),
        ("vInfo", "Guest state", "running", "guest_state", "running"),
        ("vInfo", "HA Restart Priority", "high", "ha_restart_priority", "high"),
        ("vInfo", "Cluster rule(s)", "apart", "cluster_rules", "apart"),
        ("vInfo", "Active Memory", 512.0, "active_mib", 512),
        ("vInfo", "Provisioned MB", 100.0, "provisioned_mib", 100),
        ("vInfo", "In Use MB", 100.0, "in_use_mib", 100),
        ("vInfo", "PowerOn", "1970/01/01 01:00:00", "powered_on_at", None),
        ("vInfo", "Creation date", "1969/12/31 22:00:00", "created_at", None),
        ("vCPU", "Sockets", 2.0, "sockets", 2),
        ("vCPU", "Cores p/s", 4.0, "cores_per_socket", 4),
        ("vCPU", "Max", 0.0, "max_mhz", None),
        ("vCPU", "Overall", 0.0, "overall_mhz", 0),
        ("vCPU", "Limit", -1.0, "limit_mhz", None),
        ("vCPU", "Limit", "-1", "limit_mhz", None),
        ("vCPU", "Limit", 2000.0, "limit_mhz", 2000),
        ("vCPU", "Reservation", 500.0, "reservation_mhz", 500),
        ("vCPU", "Hot Add", "True", "has_hot_add", True),
        ("vCPU", "Hot Remove", "False", "has_hot_remove", False),
        ("vMemory", "Size MB", 4096.0, "memory_mib", 4096),
        ("vMemory", "Size MiB", 4096.0, "memory_mib", 4096),
        ("vMemory", "Active", 10.0, "active_mib", 10),
        ("vMemory", "Consumed", 20.0, "consumed_mib", 20),
        ("vMemory", "Consumed Overhead", 30.0, "consumed_mib", None),
        ("vMemory", "Ballooned", 40.0, "ballooned_mib", 40),
        ("vMemory", "Swapped", 50.0, "swapped_mib", 50),
        ("vMemory", "Limit", -1.0, "limit_mib", None),
        ("vMemory", "Memory Reservation Locked To Max", "True", "is_locked", True),
        ("vDisk", "Capacity MB", 7.0, "capacity_mib", 7),
        ("vDisk", "Disk Key", "2000", "key", 2000),
        ("vDisk", "Disk Key", 2001.0, "key", 2001),
        ("vDisk", "Disk UUID", "6000C290", "uuid", "6000C290"),
        ("vDisk", "Unit #", 3.0, "unit_number", 3),
        ("vDisk", "SCSI Unit #", 7.0, "unit_number", None),
        ("vDisk", "Label", "SCSI controller 0", "controller_label", "SCSI controller 0"),
        ("vDisk", "Raw Comp. Mode", "physicalMode", "raw_mode", "physicalMode"),
        ("vDisk", "Raw LUN ID", "naa.6", "raw_lun", "naa.6"),
        ("vDisk", "Disk Path", "/var", "guest_path", "/var"),
        ("vDisk", "Disk Path", "[gold] a/a.vmdk", "guest_path", None),
        ("vNetwork", "Starts Connected", "True", "starts_connected", True),
        ("vNetwork", "Direct Path IO", "True", "has_direct_path", True),
        ("vNetwork", "Type", "assigned", "mac_type", "assigned"),
        ("vPartition", "Capacity MB", 9.0, "capacity_mib", 9),
        ("vPartition", "Consumed MB", 9.0, "consumed_mib", 9),
        ("vPartition", "Free MB", 9.0, "free_mib", 9),
        ("vPartition", "Free MiB", 9.0, "free_mib", 9),
        ("vPartition", "Free % ", 9.0, "free_percent", 9.0),
        ("vPartition", "Free %", 9.0, "free_percent", 9.0),
        ("vPartition", "Free %", 9.0, "free_mib", None),
        ("vSnapshot", "Size MB (total)", 9.0, "size_mib", 9),
        ("vSnapshot", "Size MiB (total)", 9.0, "size_mib", 9),
        ("vSnapshot", "Size MiB (vmsn)", 9.0, "size_mib", None),
        ("vSnapshot", "Description", "before patch", "description", "before patch"),
        ("vTools", "Tools", "toolsOk", "status", "toolsOk"),
        ("vTools", "Tools Version", 12352.0, "version", "12352"),
        ("vTools", "Required Version", "12352", "required_version", "12352"),
        ("vTools", "Upgradeable", "Yes", "is_upgradeable", True),
        ("vTools", "Upgrade", "", "is_upgradeable", None),
        ("vCD", "Connected", "True", "is_connected", True),
        ("vCD", "Device Type", "ISO", "device_type", "ISO"),
        ("vUSB", "Auto connect", "True", "starts_connected", True),
        ("vHost", "Speed", 2394.0, "cpu_mhz", 2394),
        ("vHost", "# Memory", 262035.0, "memory_mib", 262035),
        ("vHost", "Memory usage %", 50.0, "memory_percent", 50.0),
        ("vHost", "CPU usage %", 7.0, "cpu_percent", 7.0),
        ("vHost", "# CPU", 2.0, "sockets", 2),
        ("vHost", "# Cores", 28.0, "cores", 28),
        ("vHost", "Cores per CPU", 14.0, "cores", None),
        ("vHost", "# VMs", 8.0, "powered_on_vm_count", 8),
        ("vHost", "# VMs total", 9.0, "vm_count", 9),
        ("vCluster", "TotalCpu", 500_000.0, "total_mhz", 500_000),
        ("vCluster", "TotalMemory", 1_048_576.0, "memory_mib", 1_048_576),
        ("vCluster", "NumHosts", 4.0, "host_count", 4),
        ("vCluster", "Effective Memory", 9.0, "effective_memory_mib", 9),
        ("vCluster", "HA enabled", "True", "has_ha", True),
        ("vDatastore", "Capacity MB", 9.0, "capacity_mib", 9),
        ("vDatastore", "Free MiB", 9.0, "free_mib", 9),
        ("vDatastore", "Free %", 9.0, "free_mib", None),
        ("vDatastore", "# VMs", 9.0, "vm_count", 9),
        ("vRP", "CPU limit", -1.0, "cpu_limit_mhz", None),
        ("vRP", "Mem reservation", 5.0, "memory_reservation_mib", 5),
        ("vPort", "VLAN", 120.0, "vlan", (120, None)),
        ("dvPort", "VLAN", "0-4094", "vlan", (None, "0-4094")),
        ("dvPort", "Allow Promiscuous", "False", "allows_promiscuous", False),
        ("vPort", "Promiscuous Mode", "Accept", "allows_promiscuous", True),
        ("vNIC", "Speed", 10000.0, "speed_mbit_s", 10_000),
        ("vNIC", "Speed", "10 Gbit/s", "speed_mbit_s", 10_000),
        ("vHealth", "Message type", "Zombie", "kind", "Zombie"),
    ],
)
def test_a_column_is_found_under_each_of_its_names(
    tab: str, header: str, cell: Cell, field: str, value: object
) -> None:
    key = KEYS.get(tab, "VM")
    [row] = rows(tab, MAKE[tab], [key, header], ["one", cell])
    found = getattr(row, field)
    if field == "vlan":
        found = (found.id, found.trunk)
    assert found == value


def test_free_space_is_not_consumed_space() -> None:
    """EX99: RVTools before 3.9 has free space only."""
    header = ["VM", "Disk", "Capacity MB", "Free MB", "Free % "]
    [row] = rows("vPartition", partition_row, header, ["web", "C:\\", 100.0, 30.0, 30.0])
    assert (row.consumed_mib, row.free_mib, row.free_percent) == (None, 30, 30.0)


def test_a_hosts_speed_is_its_clock_and_its_memory_has_a_number_sign() -> None:
    """EX100."""
    header = ["Host", "Datacenter", "Cluster", "CPU Model", "Speed", "HT Active", "# CPU"]
    header += ["Cores per CPU", "# Cores", "CPU usage %", "# Memory", "Memory usage %", "# NICs"]
    line: Line = [
        "esx1",
        "DC",
        "C",
        "Xeon",
        2394.0,
        "True",
        2.0,
        14.0,
        28.0,
        7.0,
        262035.0,
        50.0,
        4.0,
    ]
    [row] = rows("vHost", host_row, header, line)
    assert (row.cpu_mhz, row.memory_mib) == (2394, 262_035)
    assert (row.cpu_percent, row.memory_percent) == (7.0, 50.0)
    assert (row.sockets, row.cores) == (2, 28)


def test_a_clusters_totals_are_found_under_their_run_together_names() -> None:
    """EX101."""
    header = ["Name", "NumHosts", "TotalCpu", "NumCpuCores", "TotalMemory", "HA enabled"]
    [row] = rows("vCluster", cluster_row, header, ["C1", 4.0, 250000.0, 112.0, 1048576.0, "True"])
    assert (row.total_mhz, row.memory_mib, row.cores, row.has_ha) == (250_000, 1_048_576, 112, True)


def test_a_nic_has_its_ipv4_address_and_its_adapter() -> None:
    """EX102: Type is how the MAC was given."""
    header = ["VM", "NIC label", "Adapter", "Network", "Connected", "Starts Connected", "Type"]
    header += ["IPv4 Address", "IPv6 Address"]
    line: Line = [
        "web",
        "NIC 1",
        "Vmxnet3",
        "lan",
        "True",
        "True",
        "assigned",
        "10.0.0.1",
        "fe80::1",
    ]
    [row] = rows("vNetwork", nic_row, header, line)
    assert (row.label, row.adapter, row.mac_type) == ("NIC 1", "Vmxnet3", "assigned")
    assert row.ip_addresses == ("10.0.0.1", "fe80::1")


def test_a_snapshots_size_is_its_total_and_its_name_its_own() -> None:
    """EX103."""
    header = ["VM", "Powerstate", "Name", "Description", "Date / time", "Filename"]
    header += ["Size MiB (vmsn)", "Size MiB (total)", "Quiesced", "State"]
    line: Line = [
        "web",
        "poweredOn",
        "s1",
        "d",
        "2024/02/01 10:00:00",
        "f",
        3.0,
        77.0,
        "True",
        "on",
    ]
    [row] = rows("vSnapshot", snapshot_row, header, line)
    assert (row.ref.name, row.name, row.size_mib) == ("web", "s1", 77)
    assert row.is_quiesced is True


@pytest.mark.parametrize(
    ("header", "path", "name"),
    [
        (["Resource pool"], "/DC/C/Resources/gold", None),
        (["Resource Pool name", "Resource Pool path"], "/DC/C/Resources/gold", "gold"),
    ],
    ids=["3.x", "4.x"],
)
def test_a_resource_pool_has_its_path_in_either_generation(
    header: list[str], path: str, name: str | None
) -> None:
    line: list[Cell] = [path] if len(header) == 1 else ["gold", path]
    [row] = rows("vRP", pool_row, [*header, "# VMs"], [*line, 3.0])
    assert (row.path, row.name, row.vm_count) == (path, name, 3)


def test_names_under_db_column_names_are_stripped_of_their_tab() -> None:
    match = match_header(TABS["vHost"], ["vHostName", "vHostDatacenter", "vHostSpeed"])
    assert [match.matched[name].position for name in ("Host", "Datacenter", "Speed")] == [0, 1, 2]


@pytest.mark.parametrize("tab", [tab.name for tab in VM_TABS])
def test_every_column_that_is_read_of_a_vm_tab_is_known_as_rvtools_own(tab: str) -> None:
    listed = TABS[tab]
    assert [c.name for c in listed.columns if not is_known(c.name, tab, listed.known)] == []
