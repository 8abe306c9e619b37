"""The columns that are read, tab by tab, with every spelling met from RVTools 3.9 to 4.8.

To read one more column: add it here and to its row in :mod:`services.ingest.domain.rows`.
"""

from typing import Final

from services.ingest.domain.headers import Column, Tab

VINFO: Final = "vInfo"
VCPU: Final = "vCPU"
VMEMORY: Final = "vMemory"
VDISK: Final = "vDisk"
VNETWORK: Final = "vNetwork"
VSNAPSHOT: Final = "vSnapshot"
VSOURCE: Final = "vSource"
VMETADATA: Final = "vMetaData"

NETWORK_COLUMNS: Final = tuple(f"Network #{n}" for n in range(1, 9))
"""vInfo's own list of networks, used for VMs without rows in vNetwork."""

_VM = Column("VM", ("VM Name", "Name"), ("VMName",))
_POWER = Column("Powerstate", ("Power State",))
_PLACE = (
    Column("Datacenter", ("Data center", "DC")),
    Column("Cluster", ("Cluster Name",)),
    Column("Host", ("ESX Host", "Host Name")),
    Column("Folder", ("VM Folder", "Folder Path")),
)
_IDS = (
    Column("VM ID", ("VMRef", "Object ID"), ("ObjectID", "VMObjectID")),
    Column("VM UUID", ("UUID",)),
)
VCENTER_COLUMNS: Final = (
    Column("VI SDK Server", ("vCenter Server", "vCenter")),
    Column("VI SDK UUID", ("vCenter UUID",)),
)

_VINFO = Tab(
    VINFO,
    (
        _VM,
        _POWER,
        Column("Template", ("Is Template",)),
        Column("SRM Placeholder"),
        Column("Connection state"),
        Column("DNS Name", ("DNS", "Guest Hostname"), ("GuestHostName",)),
        Column("CPUs", ("vCPUs", "# CPUs", "Num CPUs", "Num CPU")),
        Column("Memory", ("Memory MiB", "Mem MiB", "RAM", "RAM MiB"), is_size=True),
        Column("NICs", ("# NICs",)),
        Column("Disks", ("# Disks",), ("NumVirtualDisks",)),
        Column("Total disk capacity MiB", is_size=True),
        Column("CBT", ("Changed Block Tracking", "Change Block Tracking")),
        Column("Primary IP Address", ("IP Address", "Primary IP", "Guest IP")),
        *(Column(name) for name in NETWORK_COLUMNS),
        Column("Resource pool"),
        Column("vApp", ("vApp name",)),
        Column("Provisioned MiB", is_size=True),
        Column("In Use MiB", is_size=True),
        Column("Firmware", ("Boot Type",)),
        Column("HW version", (), ("Version",)),
        Column("Path"),
        Column("Annotation", ("Notes", "Description"), ("Notes",)),
        Column("OS according to the configuration file", ("Config OS", "OS Config", "OS"), ("OS",)),
        Column("OS according to the VMware Tools", ("OS Tools", "Tools OS"), ("OSTools",)),
        *_PLACE,
        *_IDS,
        *VCENTER_COLUMNS,
    ),
)

_VDISK = Tab(
    VDISK,
    (
        _VM,
        _POWER,
        Column("Disk", ("Disk Label",), ("Name",)),
        Column("Capacity MiB", ("Disk Size MiB", "Size MiB"), is_size=True),
        Column("Raw"),
        Column("Disk Mode", (), ("Mode",)),
        Column("Sharing mode"),
        Column("Thin", ("Thin Provisioned",), ("ThinProvisioned",)),
        Column("Controller"),
        Column("Shared Bus"),
        Column("Path", ("Disk File",)),
        Column("Disk Path"),
        *_PLACE,
        *_IDS,
        *VCENTER_COLUMNS,
    ),
)

_VNETWORK = Tab(
    VNETWORK,
    (
        _VM,
        _POWER,
        Column("NIC label", ("Network Adapter",), ("Nic", "Label")),
        Column("Adapter", ("Adapter Type",)),
        Column("Network", ("Network Name", "Port Group"), ("Name",)),
        Column("Switch"),
        Column("Connected"),
        Column("Mac Address", ("MAC",)),
        Column("IPv4 Address", ("IPv4",), ("IP4Address",)),
        Column("IPv6 Address", ("IPv6",), ("IP6Address",)),
        Column("IP Address", ("IP Addresses",)),
        *_PLACE,
        *_IDS,
        *VCENTER_COLUMNS,
    ),
)

_VSNAPSHOT = Tab(
    VSNAPSHOT,
    (
        Column("VM", ("VM Name",), ("VMName",)),
        _POWER,
        Column("Date / time", ("Created", "Date"), ("DateTime", "Date")),
        *_PLACE,
        *_IDS,
        *VCENTER_COLUMNS,
    ),
)

_VCPU = Tab(VCPU, (_VM, _POWER, Column("CPUs"), *_PLACE, *_IDS, *VCENTER_COLUMNS))

_VMEMORY = Tab(
    VMEMORY, (_VM, _POWER, Column("Size MiB", is_size=True), *_PLACE, *_IDS, *VCENTER_COLUMNS)
)

_VSOURCE = Tab(VSOURCE, VCENTER_COLUMNS)

_VMETADATA = Tab(
    VMETADATA,
    (Column("RVTools version"), Column("xlsx creation datetime"), Column("Server")),
)

TABS: Final[dict[str, Tab]] = {
    tab.name: tab
    for tab in (
        *(_VINFO, _VDISK, _VNETWORK, _VSNAPSHOT),
        *(_VCPU, _VMEMORY, _VSOURCE, _VMETADATA),
    )
}
