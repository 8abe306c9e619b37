"""Every column that RVTools 3.9 to 4.8 writes on its VM tabs, read or not.

vSphere's custom attributes and tags stand between them under names of their own, so what is neither
read nor listed here is one of those, and is kept as an attribute of the VM.
"""

from typing import Final

from services.ingest.domain.headers import normal_header, split_unit

_ON_EVERY_TAB: Final = (
    "VM|Powerstate|Template|SRM Placeholder|Annotation|Datacenter|Cluster|Host|Folder"
    "|OS according to the configuration file|OS according to the VMware Tools|VM ID|VM UUID|VMRef"
    "|VI SDK Server|VI SDK UUID|vCenter UUID|Internal Sort Column|Select|Object ID"
)
_SHARES: Final = "Level|Shares|Reservation|Entitlement|DRS Entitlement|Limit|Hot Add"

_BY_TAB: Final = {
    "vInfo": "Config status|DNS Name|Connection state|Guest state|Heartbeat|Consolidation Needed"
    "|PowerOn|Suspended To Memory|Suspend time|Suspend Interval|Creation date|Change Version|CPUs"
    "|Overall Cpu Readiness|Memory|Active Memory|NICs|Disks|Total disk capacity MiB"
    "|Fixed Passthru HotPlug|min Required EVC Mode Key|Latency Sensitivity|Op Notification Timeout"
    "|EnableUUID|CBT|Primary IP Address|Network #1|Network #2|Network #3|Network #4|Network #5"
    "|Network #6|Network #7|Network #8|Num Monitors|Video Ram KiB|Resource pool|Folder ID|vApp"
    "|DAS protection|FT State|FT Role|FT Latency|FT Bandwidth|FT Sec. Latency"
    "|Vm Failover In Progress|Provisioned MiB|In Use MiB|Unshared MiB|HA Restart Priority"
    "|HA Isolation Response|HA VM Monitoring|Cluster rule(s)|Cluster rule name(s)|Boot Required"
    "|Boot delay|Boot retry delay|Boot retry enabled|Boot BIOS setup|Reboot PowerOff"
    "|EFI Secure boot|Firmware|HW version|HW upgrade status|HW upgrade policy|HW target|Path"
    "|Log directory|Snapshot directory|Suspend directory|Customization Info|Guest Detailed Data"
    "|SMBIOS UUID|VI SDK Server type|VI SDK API Version",
    "vCPU": f"CPUs|Sockets|Cores p/s|Max|Overall|Hot Remove|Numa Hotadd Exposed|{_SHARES}",
    "vMemory": "Size MiB|Memory Reservation Locked To Max|Overhead|Max|Consumed|Consumed Overhead"
    f"|Private|Shared|Swapped|Ballooned|Active|{_SHARES}",
    "vDisk": "Disk|Disk Key|Disk UUID|Disk Path|Capacity MiB|Raw|Disk Mode|Sharing mode|Thin"
    "|Eagerly Scrub|Split|Write Through|Controller|Label|SCSI Unit #|Unit #|Shared Bus|Path"
    f"|Raw LUN ID|Raw Comp. Mode|{_SHARES}",
    "vPartition": "Disk Key|Disk|Capacity MiB|Consumed MiB|Free MiB|Free %",
    "vNetwork": "NIC label|Adapter|Network|Switch|Connected|Starts Connected|Mac Address|Type"
    "|IP Address|IPv4 Address|IPv6 Address|Direct Path IO",
    "vSnapshot": "Name|Description|Date / time|Filename|Size MiB (vmsn)|Size MB (vmsn)"
    "|Size MiB (total)|Size MB (total)|Quiesced|State",
    "vTools": "Upgrade|VM Version|Tools|Tools Version|Required Version|Upgradeable|Upgrade Policy"
    "|Sync time|App status|Heartbeat status|Kernel Crash state|Operation Ready"
    "|State change support|Interactive Guest",
    "vCD": "Device Node|Connected|Starts Connected|Device Type",
    "vUSB": "Device Node|Device Type|Connected|Family|Speed|EHCI enabled|Auto connect|Bus number"
    "|Unit number",
}


def known_columns(tab: str) -> frozenset[str]:
    """RVTools' own columns of a VM tab, in the form in which :func:`is_known` compares."""
    listed = f"{_ON_EVERY_TAB}|{_BY_TAB[tab]}".split("|")
    return frozenset(_form(name) for name in listed)


def is_known(header: str, tab: str, known: frozenset[str]) -> bool:
    """Whether RVTools itself writes ``header`` on ``tab``, under either of its two kinds of names.

    >>> is_known("Video Ram KB", "vInfo", known_columns("vInfo"))
    True
    >>> is_known("vInfoVideoRamKB", "vInfo", known_columns("vInfo"))
    True
    >>> is_known("Last Backup", "vInfo", known_columns("vInfo"))
    False
    """
    form = _form(header)
    return form in known or (
        header.startswith(tab) and len(header) > len(tab) and header[len(tab)].isupper()
    )


def _form(header: str) -> str:
    return split_unit(normal_header(header))[0]
