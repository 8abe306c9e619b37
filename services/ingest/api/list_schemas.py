"""Bodies of the lists beside VMs. Sizes are MiB, clocks MHz; null is unknown."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.http.models import ReplyModel


class PartReply(ReplyModel):
    """Something that belongs to a VM."""

    vm_id: UUID
    vm_name: str
    position: int = Field(description="From 1, in the order of the workbook")


class DiskReply(PartReply):
    """A virtual disk."""

    label: str
    capacity_mib: int | None
    datastore: str | None
    is_datastore_guessed: bool = Field(description="Taken from where the VM's own files are")
    path: str | None
    controller: str | None
    disk_mode: str | None
    sharing_mode: str | None
    shared_bus: str | None
    is_thin: bool | None
    is_raw: bool | None
    disk_key: int | None = Field(description="Joins partitions to disks")
    disk_uuid: str | None
    guest_path: str | None = Field(description="What the guest calls it")
    unit_number: int | None = Field(description="The boot disk has the lowest")
    controller_label: str | None
    is_eager_zeroed: bool | None
    raw_mode: str | None = Field(description="physicalMode or virtualMode, of a raw disk")
    raw_lun: str | None


class NicReply(PartReply):
    """A virtual network adapter."""

    label: str
    network: str | None = Field(description="Null when it is attached to nothing")
    switch: str | None
    adapter: str | None
    mac: str | None
    ip_addresses: list[str]
    is_connected: bool | None
    starts_connected: bool | None
    mac_type: str | None = Field(description="How the MAC was given: assigned, manual, …")
    has_direct_path: bool | None
    vlan_id: int | None = Field(description="1 to 4094; 0 is untagged")
    vlan_trunk: str | None = Field(description="Ranges, where it is a trunk")
    is_vlan_guessed: bool = Field(description="Only the network's name says so")


class SnapshotReply(PartReply):
    """A VM snapshot. Its time is vCenter's, without a zone."""

    name: str | None
    description: str | None
    taken_at: datetime | None
    age_days: int | None = Field(description="Whole days at the time of the export")
    size_mib: int | None
    is_quiesced: bool | None


class PartitionReply(PartReply):
    """A file system that VMware Tools report."""

    mount: str | None
    disk_key: int | None
    capacity_mib: int | None
    consumed_mib: int | None = Field(description="Capacity less free where it is not stated")
    free_mib: int | None
    free_percent: float | None


class ThingReply(ReplyModel):
    """Something of the source."""

    position: int = Field(description="From 1, in the order of the workbook")
    vcenter: str
    name: str


class HostReply(ThingReply):
    """An ESXi host."""

    datacenter: str | None
    cluster: str | None
    object_id: str | None
    is_in_maintenance: bool | None
    cpu_model: str | None
    cpu_mhz: int | None = Field(description="Clock of a core")
    sockets: int | None
    cores: int | None
    has_hyper_threading: bool | None
    cpu_percent: float | None
    memory_mib: int | None
    memory_percent: float | None
    vm_count: int | None = Field(description="Powered-off VMs included; not in old exports")
    powered_on_vm_count: int | None
    vcpu_count: int | None
    vram_mib: int | None
    esx_version: str | None
    vendor: str | None
    model: str | None
    fastest_nic_mbit_s: int | None = Field(description="Of its physical ports with link, Mbit/s")
    source_row: int = Field(description="Row of vHost")


class ClusterReply(ThingReply):
    """A cluster. Totals are of all its hosts, effective figures of those that can be used."""

    object_id: str | None
    host_count: int | None
    effective_host_count: int | None
    cores: int | None
    total_mhz: int | None
    effective_mhz: int | None
    memory_mib: int | None
    effective_memory_mib: int | None
    has_ha: bool | None
    has_drs: bool | None
    has_dpm: bool | None
    source_row: int = Field(description="Row of vCluster")


class DatastoreReply(ThingReply):
    """A datastore."""

    object_id: str | None
    kind: str | None = Field(description="VMFS, NFS, vsan, …")
    address: str | None
    is_accessible: bool | None
    capacity_mib: int | None
    provisioned_mib: int | None
    in_use_mib: int | None
    free_mib: int | None
    vm_count: int | None
    host_count: int | None
    datastore_cluster: str | None
    source_row: int = Field(description="Row of vDatastore")


class NetworkReply(ThingReply):
    """A network on a switch: a port group, or what NICs call theirs where no tab lists it."""

    switch: str | None
    kind: str = Field(description="standard, distributed or unlisted")
    object_id: str | None
    vlan_id: int | None = Field(
        description="1 to 4094; 0 is untagged; null where it is unknown or hosts differ"
    )
    vlan_trunk: str | None = Field(description="Ranges, where it is a trunk")
    is_vlan_guessed: bool = Field(description="Only its name says so")
    host_count: int | None = Field(description="Hosts that have it; null for a distributed one")
    vm_count: int = Field(description="VMs attached to it, without templates and placeholders")
    nic_count: int
    allows_promiscuous: bool | None
    allows_mac_changes: bool | None
    allows_forged_transmits: bool | None
    source_row: int | None = Field(description="Row of vPort or dvPort")
