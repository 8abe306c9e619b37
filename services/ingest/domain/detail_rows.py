"""The rows of the tabs that tell more of a VM, typed: CPU, memory, file systems, Tools, snapshots
and attached media. Sizes are MiB, clocks MHz; None is unknown."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.ingest.domain.row_cells import RowCells, VmRef
from services.ingest.domain.rows import MAX_NUMBER, MAX_PERCENT

CD: Final = "cd"
USB: Final = "usb"


@dataclass(frozen=True, slots=True)
class CpuRow:
    """One row of vCPU. A limit is None where none is set."""

    number: int
    ref: VmRef
    vcpus: int | None
    sockets: int | None
    cores_per_socket: int | None
    max_mhz: int | None
    """The denominator of CPU use; vSphere says 0 where it does not know."""
    overall_mhz: int | None
    """What the VM drew at the time of the export."""
    reservation_mhz: int | None
    limit_mhz: int | None
    has_hot_add: bool | None
    has_hot_remove: bool | None


@dataclass(frozen=True, slots=True)
class MemoryRow:
    """One row of vMemory. What the guest touched lately (active) is far less than what the host
    holds for it (consumed), so they stay apart."""

    number: int
    ref: VmRef
    memory_mib: int | None
    active_mib: int | None
    consumed_mib: int | None
    ballooned_mib: int | None
    swapped_mib: int | None
    reservation_mib: int | None
    limit_mib: int | None
    is_locked: bool | None
    """All of its memory is reserved, as passthrough needs."""
    has_hot_add: bool | None


@dataclass(frozen=True, slots=True)
class PartitionRow:
    """One row of vPartition: a file system that VMware Tools report."""

    number: int
    ref: VmRef
    mount: str | None
    disk_key: int | None
    capacity_mib: int | None
    consumed_mib: int | None
    free_mib: int | None
    free_percent: float | None


@dataclass(frozen=True, slots=True)
class ToolsRow:
    """One row of vTools."""

    number: int
    ref: VmRef
    status: str | None
    version: str | None
    required_version: str | None
    is_upgradeable: bool | None


@dataclass(frozen=True, slots=True)
class SnapshotRow:
    """One row of vSnapshot."""

    number: int
    ref: VmRef
    name: str | None
    description: str | None
    taken_at: datetime | None
    size_mib: int | None
    is_quiesced: bool | None


@dataclass(frozen=True, slots=True)
class MediaRow:
    """One row of vCD or vUSB; ``kind`` is cd or usb."""

    number: int
    ref: VmRef
    kind: str
    label: str | None
    device_type: str | None
    is_connected: bool | None
    starts_connected: bool | None


def cpu_row(row: RowCells) -> CpuRow:
    """A row of vCPU."""
    return CpuRow(
        number=row.number,
        ref=row.vm_ref(),
        vcpus=row.whole("CPUs", at_most=100_000),
        sockets=row.whole("Sockets", at_most=100_000),
        cores_per_socket=row.whole("Cores p/s", at_most=100_000),
        max_mhz=row.whole("Max", at_most=MAX_NUMBER) or None,
        overall_mhz=row.whole("Overall", at_most=MAX_NUMBER),
        reservation_mhz=row.whole("Reservation", at_most=MAX_NUMBER),
        limit_mhz=row.limit("Limit", at_most=MAX_NUMBER),
        has_hot_add=row.flag("Hot Add"),
        has_hot_remove=row.flag("Hot Remove"),
    )


def memory_row(row: RowCells) -> MemoryRow:
    """A row of vMemory."""
    return MemoryRow(
        number=row.number,
        ref=row.vm_ref(),
        memory_mib=row.mib("Size MiB"),
        active_mib=row.mib("Active"),
        consumed_mib=row.mib("Consumed"),
        ballooned_mib=row.mib("Ballooned"),
        swapped_mib=row.mib("Swapped"),
        reservation_mib=row.whole("Reservation", at_most=MAX_NUMBER),
        limit_mib=row.limit("Limit", at_most=MAX_NUMBER),
        is_locked=row.flag("Memory Reservation Locked To Max"),
        has_hot_add=row.flag("Hot Add"),
    )


def partition_row(row: RowCells) -> PartitionRow:
    """A row of vPartition."""
    return PartitionRow(
        number=row.number,
        ref=row.vm_ref(),
        mount=row.shared("Disk"),
        disk_key=row.whole("Disk Key", at_most=MAX_NUMBER),
        capacity_mib=row.mib("Capacity MiB"),
        consumed_mib=row.mib("Consumed MiB"),
        free_mib=row.mib("Free MiB"),
        free_percent=row.decimal("Free %", at_most=MAX_PERCENT),
    )


def tools_row(row: RowCells) -> ToolsRow:
    """A row of vTools."""
    return ToolsRow(
        number=row.number,
        ref=row.vm_ref(),
        status=row.shared("Tools"),
        version=row.shared("Tools Version"),
        required_version=row.shared("Required Version"),
        is_upgradeable=row.flag("Upgradeable"),
    )


def snapshot_row(row: RowCells) -> SnapshotRow:
    """A row of vSnapshot."""
    return SnapshotRow(
        number=row.number,
        ref=row.vm_ref(),
        name=row.text("Name"),
        description=row.text("Description"),
        taken_at=row.moment("Date / time"),
        size_mib=row.mib("Size MiB (total)"),
        is_quiesced=row.flag("Quiesced"),
    )


def cd_row(row: RowCells) -> MediaRow:
    """A row of vCD."""
    return _media_row(row, CD, "Starts Connected")


def usb_row(row: RowCells) -> MediaRow:
    """A row of vUSB."""
    return _media_row(row, USB, "Auto connect")


def _media_row(row: RowCells, kind: str, starts: str) -> MediaRow:
    return MediaRow(
        number=row.number,
        ref=row.vm_ref(),
        kind=kind,
        label=row.shared("Device Node"),
        device_type=row.shared("Device Type"),
        is_connected=row.flag("Connected"),
        starts_connected=row.flag(starts),
    )
