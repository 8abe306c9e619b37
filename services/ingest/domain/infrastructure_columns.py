"""The columns that are read of the tabs about vCenter: hosts, clusters, storage and networks.

Each tab has a key of its own, the column that names what a row is about.
"""

from typing import Final

from services.ingest.domain.headers import Column, Tab

VHOST: Final = "vHost"
VCLUSTER: Final = "vCluster"
VDATASTORE: Final = "vDatastore"
VRP: Final = "vRP"
VPORT: Final = "vPort"
DVPORT: Final = "dvPort"
VNIC: Final = "vNIC"
VHEALTH: Final = "vHealth"
VSOURCE: Final = "vSource"
VMETADATA: Final = "vMetaData"

VCENTER_COLUMNS: Final = (
    Column("VI SDK Server", ("vCenter Server", "vCenter")),
    Column("VI SDK UUID", ("vCenter UUID",)),
)
_SITE: Final = (
    Column("Datacenter", ("Data center", "DC")),
    Column("Cluster", ("Cluster Name",)),
)
_HOST: Final = Column("Host", ("ESX Host", "Host Name"), ("Name", "HostName"))
_OBJECT: Final = Column("Object ID", (), ("ObjectID", "MoRef"))
_VMS: Final = (
    Column("# VMs total", (), ("NumVMsTotal",)),
    Column("# VMs", ("Num VMs",), ("NumVMs",)),
)

_VHOST = Tab(
    VHOST,
    (
        _HOST,
        *_SITE,
        Column("in Maintenance Mode", ("Maintenance Mode",)),
        Column("CPU Model"),
        Column("Speed", ("CPU Speed",)),
        Column("# CPU", ("CPU Sockets", "Num CPU"), ("NumCPU",)),
        Column("# Cores", ("CPU Cores", "Num Cores"), ("NumCores",)),
        Column("HT Active"),
        Column("CPU usage %", ("CPU usage",)),
        Column("# Memory", ("Memory MiB", "ESX Memory"), ("Memory",), is_size=True),
        Column("Memory usage %", ("Memory usage",)),
        *_VMS,
        Column("# vCPUs", (), ("NumvCPUs",)),
        Column("vRAM", is_size=True),
        Column("ESX Version", ("ESXi Version", "Version")),
        Column("Vendor"),
        Column("Model"),
        _OBJECT,
        *VCENTER_COLUMNS,
    ),
    key="Host",
)

_VCLUSTER = Tab(
    VCLUSTER,
    (
        Column("Name", ("Cluster", "Cluster Name")),
        Column("NumHosts", ("Num Hosts", "# Hosts")),
        Column("numEffectiveHosts"),
        Column("TotalCpu", ("Total CPU", "Total CPU MHz")),
        Column("NumCpuCores", ("# Cores",)),
        Column("Effective Cpu"),
        Column("TotalMemory", ("Total Memory",), is_size=True),
        Column("Effective Memory", is_size=True),
        Column("HA enabled"),
        Column("DRS enabled"),
        Column("DPM enabled"),
        _OBJECT,
        *VCENTER_COLUMNS,
    ),
    key="Name",
)

_VDATASTORE = Tab(
    VDATASTORE,
    (
        Column("Name", ("Datastore",)),
        Column("Address"),
        Column("Accessible"),
        Column("Type"),
        *_VMS,
        Column("Capacity MiB", is_size=True),
        Column("Provisioned MiB", is_size=True),
        Column("In Use MiB", is_size=True),
        Column("Free MiB", is_size=True),
        Column("# Hosts", (), ("NumHosts",)),
        Column("Cluster name"),
        _OBJECT,
        *VCENTER_COLUMNS,
    ),
    key="Name",
)

_VRP = Tab(
    VRP,
    (
        # One column with the whole path before 4.1.2, name and path since.
        Column("Resource Pool path", ("Resource pool", "Resource Pool name")),
        Column("Resource Pool name"),
        *_VMS,
        Column("CPU reservation"),
        Column("CPU limit"),
        Column("Mem reservation"),
        Column("Mem limit"),
        _OBJECT,
        *VCENTER_COLUMNS,
    ),
    key="Resource Pool path",
)

_VPORT = Tab(
    VPORT,
    (
        Column("Port Group", ("Portgroup",)),
        _HOST,
        *_SITE,
        Column("Switch"),
        Column("VLAN", ("VLAN ID",)),
        Column("Promiscuous Mode", ("Allow Promiscuous",)),
        Column("Mac Changes"),
        Column("Forged Transmits"),
        *VCENTER_COLUMNS,
    ),
    key="Port Group",
)

_DVPORT = Tab(
    DVPORT,
    (
        Column("Port", ("Port Group",), ("Name",)),
        Column("Switch"),
        Column("Type"),
        Column("VLAN", ("VLAN ID",)),
        Column("Allow Promiscuous", ("Promiscuous Mode",)),
        Column("Mac Changes"),
        Column("Forged Transmits"),
        _OBJECT,
        *VCENTER_COLUMNS,
    ),
    key="Port",
)

_VNIC = Tab(
    VNIC,
    (
        Column("Network Device", ("Device",)),
        _HOST,
        *_SITE,
        Column("Driver"),
        Column("Speed"),
        Column("Duplex"),
        Column("MAC", ("Mac Address",)),
        Column("Switch"),
        *VCENTER_COLUMNS,
    ),
    key="Network Device",
)

_VHEALTH = Tab(
    VHEALTH,
    (Column("Name"), Column("Message"), Column("Message type"), *VCENTER_COLUMNS),
    key="Message",
)

_VSOURCE = Tab(VSOURCE, (Column("Fullname"), Column("Version"), *VCENTER_COLUMNS), key=None)

_VMETADATA = Tab(
    VMETADATA,
    (Column("RVTools version"), Column("xlsx creation datetime"), Column("Server")),
    key=None,
)

INFRASTRUCTURE_TABS: Final = (
    *(_VHOST, _VCLUSTER, _VDATASTORE, _VRP),
    *(_VPORT, _DVPORT, _VNIC, _VHEALTH),
    *(_VSOURCE, _VMETADATA),
)
