"""What belongs to a VM inside a ``vm.v1`` or ``assessed-vm.v1`` record. Sizes are MiB; absent means
unknown, never 0."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class DiskRecord(BaseModel):
    """One row of vDisk."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    capacity_mib: int | None = None
    datastore: str | None = None
    is_datastore_guessed: bool = Field(
        default=False, description="Taken from where the VM's own files are"
    )
    path: str | None = None
    controller: str | None = None
    disk_mode: str | None = None
    sharing_mode: str | None = None
    shared_bus: str | None = None
    is_thin: bool | None = None
    is_raw: bool | None = None
    disk_key: int | None = Field(default=None, description="Joins partitions to disks")
    disk_uuid: str | None = None
    guest_path: str | None = Field(default=None, description="What the guest calls it")
    unit_number: int | None = Field(default=None, description="The boot disk has the lowest")
    controller_label: str | None = None
    is_eager_zeroed: bool | None = None
    raw_mode: str | None = Field(default=None, description="physicalMode or virtualMode")
    raw_lun: str | None = None


class NicRecord(BaseModel):
    """One row of vNetwork."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    label: str
    network: str | None = None
    switch: str | None = None
    adapter: str | None = None
    mac: str | None = None
    ip_addresses: list[str] = Field(default_factory=list)
    is_connected: bool | None = None
    starts_connected: bool | None = None
    mac_type: str | None = Field(default=None, description="assigned, manual or generated")
    has_direct_path: bool | None = None
    vlan_id: int | None = Field(default=None, description="1 to 4094; 0 is untagged")
    vlan_trunk: str | None = Field(default=None, description="Ranges, where it is a trunk")
    is_vlan_guessed: bool = Field(default=False, description="Only the network's name says so")


class SnapshotRecord(BaseModel):
    """One row of vSnapshot. Times are vCenter's, without a zone."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str | None = None
    description: str | None = None
    taken_at: datetime | None = None
    age_days: int | None = Field(default=None, description="Whole days, at the export")
    size_mib: int | None = None
    is_quiesced: bool | None = None


class PartitionRecord(BaseModel):
    """One row of vPartition: a file system that VMware Tools report."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    mount: str | None = None
    disk_key: int | None = None
    capacity_mib: int | None = None
    consumed_mib: int | None = Field(
        default=None, description="Capacity less free where the workbook does not say it"
    )
    free_mib: int | None = None
    free_percent: float | None = None


class MediaRecord(BaseModel):
    """One row of vCD or vUSB: what is attached to a VM."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: str = Field(description="cd or usb")
    label: str | None = None
    device_type: str | None = None
    is_connected: bool | None = None
    starts_connected: bool | None = None


class NetworkClass(StrEnum):
    """What a network of the source is made of."""

    NSX_OVERLAY = "nsx_overlay"
    ISOLATED = "isolated"
    VLAN_BACKED = "vlan_backed"
    STANDARD = "standard"


class AttachmentRecord(BaseModel):
    """A network of a VM, once however many of its NICs are on it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    network_id: UUID = Field(
        description="The same in every assessment; of vCenter, name and switch, because a name may "
        "mean two networks"
    )
    name: str
    switch: str | None = None
    nics: int = Field(default=1, ge=1, description="NICs of this VM on it")
    vlan_id: int | None = Field(
        default=None, description="1 to 4094; absent is untagged or unknown"
    )
    vlan_trunk: str | None = Field(default=None, description="Ranges, where it is a trunk")
    is_vlan_guessed: bool = Field(default=False, description="Only the network's name says so")
    network_class: NetworkClass = Field(description="As people said, else as detected")
    is_class_guessed: bool = Field(
        default=False, description="Neither people nor anything but the network's name say so"
    )
