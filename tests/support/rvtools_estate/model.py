"""What an estate consists of. Sizes are MiB, CPU is MHz, times are vCenter's naive local time."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

EXPORTED_AT = datetime(2026, 11, 16, 7, 30)  # noqa: DTZ001 - RVTools writes no time zone
"""When every estate was exported; ages of snapshots and VMs count from here."""


class Power(StrEnum):
    """RVTools' words for power states."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"


class TenantKey(NamedTuple):
    """Under which name and OrgVDC tenant detection must find a VM (decision 11)."""

    name: str
    org_vdc: str | None


@dataclass(frozen=True, slots=True)
class Network:
    """A port group or segment. ``vlan`` is None where RVTools cannot know one (NSX)."""

    name: str
    switch: str
    is_distributed: bool
    vlan: int | None
    subnet: str
    """First three bytes of its IPv4 addresses, such as ``10.4.17``."""


@dataclass(frozen=True, slots=True)
class Host:
    """An ESXi host."""

    name: str
    datacenter: str
    cluster: str | None
    vendor: str
    model: str
    cpu_model: str
    mhz: int
    sockets: int
    cores_per_socket: int
    memory_mib: int
    version: str

    @property
    def cores(self) -> int:
        """Physical cores."""
        return self.sockets * self.cores_per_socket


@dataclass(frozen=True, slots=True)
class Cluster:
    """Hosts and the datastores that they share."""

    name: str
    datacenter: str
    hosts: tuple[Host, ...]
    datastores: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer's place in the inventory tree."""

    key: TenantKey
    code: str
    """Short form used in VM and network names."""
    datacenter: str
    folder: str
    """Folder of its VMs, without the vApp."""
    pool: str | None
    """Last segment of its resource pool; None is the cluster's root pool."""
    has_vapps: bool
    networks: tuple[Network, ...]
    weight: float
    """How many VMs it has, relative to others."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A virtual disk. ``allocated_mib`` is what it occupies on its datastore."""

    key: int
    capacity_mib: int
    allocated_mib: int
    datastore: str
    file: str
    is_thin: bool = True
    mode: str = "persistent"
    sharing: str = "sharingNone"
    shared_bus: str = "noSharing"
    raw_mode: str | None = None
    """``physicalMode`` or ``virtualMode`` for a raw device mapping."""
    controller: str = "VMware paravirtual SCSI"

    @property
    def path(self) -> str:
        """Where the VMDK is, as RVTools writes it."""
        return f"[{self.datastore}] {self.file}"


@dataclass(frozen=True, slots=True)
class Partition:
    """A file system that VMware Tools reports; Linux mounts often have no disk key."""

    mount: str
    disk_key: int | None
    capacity_mib: int
    consumed_mib: int


@dataclass(frozen=True, slots=True)
class Nic:
    """A virtual network card."""

    network: str
    switch: str
    mac: str
    adapter: str = "Vmxnet3"
    ipv4: str | None = None
    ipv6: str | None = None
    is_connected: bool = True


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A VM snapshot."""

    name: str
    taken_at: datetime
    size_mib: int


@dataclass(frozen=True, slots=True)
class Vm:
    """One row of vInfo and everything on the other tabs that belongs to it."""

    name: str
    moref: str
    vm_uuid: str
    smbios_uuid: str
    tenant: TenantKey
    datacenter: str
    cluster: str | None
    host: str
    folder: str
    resource_pool: str
    vapp: str | None
    os_config: str
    vcpus: int
    memory_mib: int
    host_mhz: int
    created_at: datetime | None
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    partitions: tuple[Partition, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    power: Power = Power.OFF
    cpu_used_mhz: int = 0
    active_mib: int = 0
    consumed_mib: int = 0
    os_tools: str | None = None
    is_template: bool = False
    is_srm_placeholder: bool = False
    is_vcls: bool = False
    connection_state: str = "connected"
    cores_per_socket: int = 1
    ballooned_mib: int = 0
    cpu_reservation_mhz: int = 0
    memory_reservation_mib: int = 0
    hardware_version: int = 19
    firmware: str = "bios"
    has_secure_boot: bool = False
    has_cbt: bool = True
    tools: str = "toolsNotRunning"
    latency_sensitivity: str = "normal"
    ft_state: str = "notConfigured"
    dns_name: str | None = None
    guest_detail: str | None = None
    annotation: str | None = None
    owner: str | None = None
    backup_policy: str | None = None
    folder_is_in_vinfo: bool = True
    """Some exports leave ``Folder`` blank on vInfo and fill it on the other tabs."""

    @property
    def is_in_scope(self) -> bool:
        """Counts in totals (decision 4)."""
        return not (self.is_template or self.is_srm_placeholder or self.is_vcls)

    @property
    def is_on(self) -> bool:
        """Runs."""
        return self.power is Power.ON

    @property
    def disk_mib(self) -> int:
        """Capacity of all disks."""
        return sum(disk.capacity_mib for disk in self.disks)

    @property
    def allocated_mib(self) -> int:
        """What vInfo's ``In Use MiB`` says; 0 for a VM whose files vCenter cannot see."""
        if self.connection_state != "connected":
            return 0
        return sum(d.allocated_mib for d in self.disks) + sum(s.size_mib for s in self.snapshots)

    @property
    def provisioned_mib(self) -> int:
        """vInfo's ``Provisioned MiB``: disks, snapshots and the swap file."""
        return self.disk_mib + self.memory_mib + sum(s.size_mib for s in self.snapshots)

    @property
    def cpu_max_mhz(self) -> int:
        """What its vCPUs could draw; the denominator of CPU use."""
        return self.vcpus * self.host_mhz

    @property
    def ipv4(self) -> str | None:
        """Its first IPv4 address."""
        return next((nic.ipv4 for nic in self.nics if nic.ipv4), None)
