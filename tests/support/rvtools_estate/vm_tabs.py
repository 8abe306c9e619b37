"""Rows of the tabs that are about VMs, as column → value; what is left out stays blank."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from tests.support.rvtools_estate.landscape import Landscape
from tests.support.rvtools_estate.model import EXPORTED_AT, Disk, Power, Vm
from tests.support.rvtools_estate.vocabulary import BACKUP_POLICIES

Cell = str | int | float | datetime | None
Row = Mapping[str, Cell]

UNKNOWN_CREATION_DATE = datetime(1969, 12, 31, 22, 0)  # noqa: DTZ001 - as vCenter shifts the epoch
REQUIRED_TOOLS_VERSION = 12_352
TOOLS_VERSIONS = {"toolsOk": REQUIRED_TOOLS_VERSION, "toolsOld": 10_346}
MAX_NETWORK_COLUMNS = 8
LAST_BACKUP = EXPORTED_AT - timedelta(hours=8)
BACKED_UP = set(BACKUP_POLICIES) - {"none"}


def flag(value: object) -> str:
    """A boolean as RVTools writes it: text."""
    return "True" if value else "False"


_SAME_FOR_ALL: Row = {
    "Config status": "green",
    "Consolidation Needed": flag(False),
    "Suspended To Memory": flag(False),
    "Suspend Interval": 0,
    "Fixed Passthru HotPlug": flag(False),
    "EnableUUID": flag(True),
    "Num Monitors": 1,
    "Video Ram KiB": 4096,
    "FT Latency": "gray",
    "FT Bandwidth": -1,
    "FT Sec. Latency": -1,
    "Vm Failover In Progress": flag(False),
    "HA Restart Priority": "medium",
    "HA Isolation Response": "none",
    "HA VM Monitoring": "vmMonitoringDisabled",
    "Boot Required": flag(False),
    "Boot delay": 0,
    "Boot retry delay": 10_000,
    "Boot retry enabled": flag(False),
    "Boot BIOS setup": flag(False),
    "Reboot PowerOff": flag(False),
    "HW upgrade status": "none",
    "HW upgrade policy": "never",
    "VI SDK Server type": "VMware vCenter Server 8.0.3 build-24322831",
    "VI SDK API Version": "8.0.3.0",
}
"""Columns of vInfo that say the same of every VM here."""


def _head(vm: Vm) -> dict[str, Cell]:
    return {
        "VM": vm.name,
        "Powerstate": vm.power,
        "Template": flag(vm.is_template),
        "SRM Placeholder": flag(vm.is_srm_placeholder),
    }


def _tail(vm: Vm, at: Landscape) -> dict[str, Cell]:
    return {
        "Annotation": vm.annotation,
        "Owner": vm.owner,
        "Last Backup": LAST_BACKUP if vm.backup_policy in BACKED_UP else None,
        "Backup Policy": vm.backup_policy,
        "Datacenter": vm.datacenter,
        "Cluster": vm.cluster,
        "Host": vm.host,
        "Folder": vm.folder,
        "OS according to the configuration file": vm.os_config,
        "OS according to the VMware Tools": vm.os_tools,
        "VM ID": vm.moref,
        "VM UUID": vm.vm_uuid,
        "VI SDK Server": at.vcenter_name,
        "VI SDK UUID": at.vcenter_uuid,
    }


def vinfo(vm: Vm, at: Landscape) -> Iterator[Row]:
    """The one row of a VM."""
    networks = [nic.network for nic in vm.nics][:MAX_NETWORK_COLUMNS]
    yield {
        **_SAME_FOR_ALL,
        **_head(vm),
        **_tail(vm, at),
        **{f"Network #{number}": name for number, name in enumerate(networks, start=1)},
        **_history(vm),
        **_files(vm),
        "DNS Name": vm.dns_name,
        "Connection state": vm.connection_state,
        "Guest state": "running" if vm.partitions else "notRunning",
        "Heartbeat": "green" if vm.partitions else "gray",
        "CPUs": vm.vcpus,
        "Overall Cpu Readiness": 0.4 if vm.is_on else None,
        "Memory": vm.memory_mib,
        "Active Memory": vm.active_mib,
        "NICs": len(vm.nics),
        "Disks": len(vm.disks),
        "Latency Sensitivity": vm.latency_sensitivity,
        "CBT": flag(vm.has_cbt),
        "Primary IP Address": vm.ipv4,
        "Resource pool": vm.resource_pool,
        "Folder": vm.folder if vm.folder_is_in_vinfo else None,
        "vApp": vm.vapp,
        "DAS protection": flag(vm.is_on),
        "FT State": vm.ft_state,
        "EFI Secure boot": flag(vm.has_secure_boot),
        "Firmware": vm.firmware,
        "HW version": vm.hardware_version,
        "Guest Detailed Data": vm.guest_detail,
        "SMBIOS UUID": vm.smbios_uuid,
    }


def _history(vm: Vm) -> dict[str, Cell]:
    created_at = vm.created_at or UNKNOWN_CREATION_DATE
    return {
        "PowerOn": created_at + timedelta(days=9, hours=3) if vm.is_on else None,
        "Suspend time": created_at + timedelta(days=12) if vm.power is Power.SUSPENDED else None,
        "Creation date": created_at,
        "Change Version": created_at + timedelta(days=9),
    }


def _files(vm: Vm) -> dict[str, Cell]:
    directory = vm.disks[0].path.rpartition("/")[0] + "/" if vm.disks else f"[] {vm.moref}/"
    return {
        "Total disk capacity MiB": vm.disk_mib,
        "Provisioned MiB": vm.provisioned_mib,
        "In Use MiB": vm.allocated_mib,
        "Unshared MiB": vm.allocated_mib,
        "Path": f"{directory}{vm.moref}.vmx",
        "Log directory": directory,
        "Snapshot directory": directory,
        "Suspend directory": directory,
    }


def vcpu(vm: Vm, at: Landscape) -> Iterator[Row]:
    """The one row of a VM; the figures are MHz."""
    yield {
        **_head(vm),
        **_tail(vm, at),
        "CPUs": vm.vcpus,
        "Sockets": max(1, vm.vcpus // vm.cores_per_socket),
        "Cores p/s": vm.cores_per_socket,
        "Max": vm.cpu_max_mhz,
        "Overall": vm.cpu_used_mhz,
        "Level": "normal",
        "Shares": vm.vcpus * 1000,
        "Reservation": vm.cpu_reservation_mhz,
        "Entitlement": vm.cpu_used_mhz,
        "DRS Entitlement": vm.cpu_used_mhz,
        "Limit": -1,
        "Hot Add": flag(True),
        "Hot Remove": flag(False),
        "Numa Hotadd Exposed": flag(False),
    }


def vmemory(vm: Vm, at: Landscape) -> Iterator[Row]:
    """The one row of a VM; the figures are MiB."""
    is_locked = vm.memory_reservation_mib == vm.memory_mib
    yield {
        **_head(vm),
        **_tail(vm, at),
        "Size MiB": vm.memory_mib,
        "Memory Reservation Locked To Max": flag(is_locked),
        "Overhead": vm.memory_mib // 128,
        "Max": vm.memory_mib,
        "Consumed": vm.consumed_mib,
        "Consumed Overhead": 60 if vm.is_on else 0,
        "Private": vm.consumed_mib,
        "Shared": 0,
        "Swapped": 0,
        "Ballooned": vm.ballooned_mib,
        "Active": vm.active_mib,
        "Entitlement": vm.active_mib,
        "DRS Entitlement": vm.active_mib,
        "Level": "normal",
        "Shares": vm.memory_mib * 10,
        "Reservation": vm.memory_reservation_mib,
        "Limit": -1,
        "Hot Add": flag(True),
    }


def vdisk(vm: Vm, at: Landscape) -> Iterator[Row]:
    """A row per disk, in the order of their keys."""
    head = {**_head(vm), **_tail(vm, at)}
    for number, disk in enumerate(vm.disks):
        yield {**head, **_disk(disk, number, vm.moref)}


def _disk(disk: Disk, number: int, moref: str) -> dict[str, Cell]:
    serial = int(moref.removeprefix("vm-"))
    return {
        "Disk": f"Hard disk {number + 1}",
        "Disk Key": str(disk.key),
        "Disk UUID": f"6000C29{number % 16:x}-{serial:04x}-{disk.key:04x}-0000-{serial:012x}",
        "Capacity MiB": disk.capacity_mib,
        "Raw": flag(disk.raw_mode),
        "Disk Mode": disk.mode,
        "Sharing mode": disk.sharing,
        "Thin": flag(disk.is_thin),
        "Eagerly Scrub": flag(not disk.is_thin),
        "Split": flag(False),
        "Write Through": flag(False),
        "Level": "normal",
        "Shares": 1000,
        "Reservation": 0,
        "Limit": -1,
        "Controller": disk.controller,
        "Label": f"SCSI controller {number // 15}",
        "SCSI Unit #": 7,
        "Unit #": number % 15 + (number % 15 >= 7),
        "Shared Bus": disk.shared_bus,
        "Path": disk.path,
        "Raw LUN ID": f"naa.6006016{serial:09x}{disk.key:016x}" if disk.raw_mode else None,
        "Raw Comp. Mode": disk.raw_mode,
        "Internal Sort Column": number,
    }


def vpartition(vm: Vm, at: Landscape) -> Iterator[Row]:
    """A row per file system that Tools report."""
    head = {**_head(vm), **_tail(vm, at)}
    for number, partition in enumerate(vm.partitions):
        free_mib = partition.capacity_mib - partition.consumed_mib
        yield {
            **head,
            "Disk Key": None if partition.disk_key is None else str(partition.disk_key),
            "Disk": partition.mount,
            "Capacity MiB": partition.capacity_mib,
            "Consumed MiB": partition.consumed_mib,
            "Free MiB": free_mib,
            "Free %": 100 * free_mib // partition.capacity_mib,
            "Internal Sort Column": number,
        }


def vnetwork(vm: Vm, at: Landscape) -> Iterator[Row]:
    """A row per network card."""
    head = {**_head(vm), **_tail(vm, at)}
    for number, nic in enumerate(vm.nics):
        yield {
            **head,
            "NIC label": f"Network adapter {number + 1}",
            "Adapter": nic.adapter,
            "Network": nic.network,
            "Switch": nic.switch if nic.is_connected else None,
            "Connected": flag(vm.is_on and nic.is_connected),
            "Starts Connected": flag(nic.is_connected),
            "Mac Address": nic.mac,
            "Type": "assigned",
            "IPv4 Address": nic.ipv4,
            "IPv6 Address": nic.ipv6,
            "Direct Path IO": flag(nic.adapter == "SriovEthernetCard"),
            "Internal Sort Column": number,
        }


def vsnapshot(vm: Vm, at: Landscape) -> Iterator[Row]:
    """A row per snapshot."""
    head = {**_head(vm), **_tail(vm, at)}
    del head["Template"], head["SRM Placeholder"]
    for number, snapshot in enumerate(vm.snapshots, start=1):
        yield {
            **head,
            "Name": snapshot.name,
            "Date / time": snapshot.taken_at,
            "Filename": f"{vm.disks[0].path if vm.disks else '[]'}-Snapshot{number}.vmsn",
            "Size MiB (vmsn)": 1,
            "Size MiB (total)": snapshot.size_mib,
            "Quiesced": flag(False),
            "State": "PoweredOn" if vm.is_on else "PoweredOff",
        }


def vtools(vm: Vm, at: Landscape) -> Iterator[Row]:
    """The one row of a VM."""
    yield {
        **_head(vm),
        **_tail(vm, at),
        "VM Version": vm.hardware_version,
        "Tools": vm.tools,
        "Tools Version": TOOLS_VERSIONS.get(vm.tools, 0),
        "Required Version": REQUIRED_TOOLS_VERSION,
        "Upgradeable": "Yes" if vm.tools == "toolsOld" else "No",
        "Upgrade Policy": "manual",
        "Sync time": flag(False),
        "App status": "none",
        "Heartbeat status": "appStatusGreen" if vm.partitions else "appStatusGray",
        "Kernel Crash state": flag(False),
        "Operation Ready": flag(vm.partitions),
        "State change support": flag(vm.partitions),
        "Interactive Guest": flag(False),
        "VMRef": vm.moref,
    }
