"""The columns that are read, tab by tab, with every spelling met from RVTools 3.9 to 4.8.

To read one more column: add it here and to its row in :mod:`services.ingest.domain.rows` or
:mod:`services.ingest.domain.detail_rows`. Tabs that are not about VMs are in
:mod:`services.ingest.domain.infrastructure_columns`.
"""

from typing import Final

from services.ingest.domain.headers import Column, Tab
from services.ingest.domain.infrastructure_columns import INFRASTRUCTURE_TABS, VCENTER_COLUMNS
from services.ingest.domain.known_columns import known_columns

VINFO: Final = "vInfo"
VCPU: Final = "vCPU"
VMEMORY: Final = "vMemory"
VDISK: Final = "vDisk"
VPARTITION: Final = "vPartition"
VNETWORK: Final = "vNetwork"
VSNAPSHOT: Final = "vSnapshot"
VTOOLS: Final = "vTools"
VCD: Final = "vCD"
VUSB: Final = "vUSB"

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
_REF = (*_PLACE, *_IDS, *VCENTER_COLUMNS)


def _vm_tab(name: str, *columns: Column, vm: Column = _VM) -> Tab:
    """A tab whose rows are each about a VM."""
    return Tab(name, (vm, _POWER, *columns, *_REF), known=known_columns(name))


_VINFO = _vm_tab(
    VINFO,
    Column("Template", ("Is Template",)),
    Column("SRM Placeholder"),
    Column("Connection state"),
    Column("DNS Name", ("DNS", "Guest Hostname"), ("GuestHostName",)),
    Column("Guest state"),
    Column("Consolidation Needed"),
    Column("PowerOn"),
    Column("Creation date"),
    Column("CPUs", ("vCPUs", "# CPUs", "Num CPUs", "Num CPU")),
    Column("Overall Cpu Readiness"),
    Column("Memory", ("Memory MiB", "Mem MiB", "RAM", "RAM MiB"), is_size=True),
    Column("Active Memory", is_size=True),
    Column("NICs", ("# NICs",)),
    Column("Disks", ("# Disks",), ("NumVirtualDisks",)),
    Column("Total disk capacity MiB", is_size=True),
    Column("Latency Sensitivity"),
    Column("EnableUUID", ("Enable UUID",)),
    Column("CBT", ("Changed Block Tracking", "Change Block Tracking")),
    Column("Primary IP Address", ("IP Address", "Primary IP", "Guest IP")),
    *(Column(name) for name in NETWORK_COLUMNS),
    Column("Resource pool"),
    Column("vApp", ("vApp name",)),
    Column("FT State"),
    Column("Provisioned MiB", is_size=True),
    Column("In Use MiB", is_size=True),
    Column("HA Restart Priority"),
    Column("Cluster rule(s)"),
    Column("Cluster rule name(s)"),
    Column("EFI Secure boot"),
    Column("Firmware", ("Boot Type",)),
    Column("HW version", (), ("Version",)),
    Column("Path"),
    Column("Annotation", ("Notes", "Description"), ("Notes",)),
    Column("OS according to the configuration file", ("Config OS", "OS Config", "OS"), ("OS",)),
    Column("OS according to the VMware Tools", ("OS Tools", "Tools OS"), ("OSTools",)),
    Column("Guest Detailed Data"),
    Column("SMBIOS UUID", (), ("SMBIOSUUID",)),
)

_VCPU = _vm_tab(
    VCPU,
    Column("CPUs", ("vCPUs",)),
    Column("Sockets"),
    Column("Cores p/s", ("Cores per socket",), ("CoresPerSocket",)),
    Column("Max"),
    Column("Overall"),
    Column("Reservation"),
    Column("Limit"),
    Column("Hot Add"),
    Column("Hot Remove"),
)

_VMEMORY = _vm_tab(
    VMEMORY,
    Column("Size MiB", is_size=True),
    Column("Memory Reservation Locked To Max"),
    Column("Consumed", is_size=True),
    Column("Swapped", is_size=True),
    Column("Ballooned", is_size=True),
    Column("Active", is_size=True),
    Column("Reservation"),
    Column("Limit"),
    Column("Hot Add"),
)

_VDISK = _vm_tab(
    VDISK,
    Column("Disk", ("Disk Label",), ("Name",)),
    Column("Disk Key"),
    Column("Disk UUID"),
    Column("Capacity MiB", ("Disk Size MiB", "Size MiB"), is_size=True),
    Column("Raw"),
    Column("Raw LUN ID"),
    Column("Raw Comp. Mode"),
    Column("Disk Mode", (), ("Mode",)),
    Column("Sharing mode"),
    Column("Thin", ("Thin Provisioned",), ("ThinProvisioned",)),
    Column("Eagerly Scrub"),
    Column("Controller"),
    Column("Label"),
    Column("Unit #", (), ("UnitNumber",)),
    Column("Shared Bus"),
    Column("Path", ("Disk File",)),
    Column("Disk Path"),
)

_VPARTITION = _vm_tab(
    VPARTITION,
    Column("Disk", ("Partition", "Mount point")),
    Column("Disk Key"),
    Column("Capacity MiB", is_size=True),
    # Free space is never used space: "Consumed" has no other name (3.8 and older lack it).
    Column("Consumed MiB", is_size=True),
    Column("Free MiB", ("Free Space MiB",), is_size=True),
    Column("Free %", (), ("FreePercent",)),
)

_VNETWORK = _vm_tab(
    VNETWORK,
    Column("NIC label", ("Network Adapter",), ("Nic", "Label")),
    # The model. "Type" tells how the MAC was given, and is no other name of it.
    Column("Adapter", ("Adapter Type",)),
    Column("Network", ("Network Name", "Port Group"), ("Name",)),
    Column("Switch"),
    Column("Connected"),
    Column("Starts Connected"),
    Column("Mac Address", ("MAC",)),
    Column("Type"),
    Column("IPv4 Address", ("IPv4",), ("IP4Address",)),
    Column("IPv6 Address", ("IPv6",), ("IP6Address",)),
    Column("IP Address", ("IP Addresses",)),
    Column("Direct Path IO"),
)

_VSNAPSHOT = _vm_tab(
    VSNAPSHOT,
    Column("Name", ("Snapshot Name", "Snapshot")),
    Column("Description"),
    Column("Date / time", ("Created", "Date"), ("DateTime", "Date")),
    Column("Size MiB (total)", ("Size MB (total)", "Size MiB"), is_size=True),
    Column("Quiesced"),
    vm=Column("VM", ("VM Name",), ("VMName",)),
)

_VTOOLS = _vm_tab(
    VTOOLS,
    Column("Tools", ("Tools Status", "VMware Tools"), ("ToolsStatus",)),
    Column("Tools Version"),
    Column("Required Version"),
    Column("Upgradeable", ("Upgradable",)),
)

_VCD = _vm_tab(
    VCD,
    Column("Device Node"),
    Column("Connected"),
    Column("Starts Connected"),
    Column("Device Type"),
)

_VUSB = _vm_tab(
    VUSB,
    Column("Device Node"),
    Column("Connected"),
    Column("Auto connect"),
    Column("Device Type"),
    Column("Family"),
)

VM_TABS: Final = (
    *(_VINFO, _VDISK, _VNETWORK, _VPARTITION, _VCPU, _VMEMORY),
    *(_VTOOLS, _VSNAPSHOT, _VCD, _VUSB),
)
"""The tabs that are about VMs, in the order in which they are read: the largest while little else
is in memory."""

TABS: Final[dict[str, Tab]] = {tab.name: tab for tab in (*VM_TABS, *INFRASTRUCTURE_TABS)}
