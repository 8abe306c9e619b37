"""A VM with its disks and NICs as the workbook tells it, completed and derived (decision 10)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from services.ingest.domain.contradictions import Contradictions
from services.ingest.domain.identity import Identity
from services.ingest.domain.row_cells import VmRef
from services.ingest.domain.rows import DiskRow, NicRow, SizeRow, SnapshotRow, TabRow, VmRow

T = TypeVar("T")

UNKNOWN: Final = "unknown"
FROM_VDISK: Final = "vdisk"
FROM_TOTAL: Final = "total_disk_capacity"
FROM_ALLOCATED: Final = "allocated"
FROM_PROVISIONED: Final = "provisioned"

ROUNDING_MIB_PER_DISK: Final = 1
"""RVTools rounds every figure, so a sum may be off by one for each disk."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A virtual disk. ``is_datastore_guessed``: taken from where the VM's own files are."""

    label: str
    capacity_mib: int | None
    datastore: str | None
    is_datastore_guessed: bool
    path: str | None
    controller: str | None
    disk_mode: str | None
    sharing_mode: str | None
    shared_bus: str | None
    is_thin: bool | None
    is_raw: bool | None


@dataclass(frozen=True, slots=True)
class Nic:
    """A virtual NIC; ``network`` is None when it is attached to nothing."""

    label: str
    network: str | None
    switch: str | None
    adapter: str | None
    mac: str | None
    ip_addresses: tuple[str, ...]
    is_connected: bool | None


@dataclass(frozen=True, slots=True)
class Vm:
    """One VM. Sizes are MiB, None is unknown; ``derived`` names what other tabs supplied."""

    identity: Identity
    name: str
    power_state: str
    datacenter: str | None
    cluster: str | None
    host: str | None
    folder: str | None
    vcpus: int | None
    memory_mib: int | None
    disk_mib: int | None
    disk_basis: str
    provisioned_mib: int | None
    allocated_mib: int | None
    used_mib: int | None
    used_basis: str
    snapshot_count: int | None
    oldest_snapshot_days: int | None
    """Whole days at the time of the export."""
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    derived: tuple[str, ...]
    row: VmRow
    """Everything that vInfo alone says."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What the tabs say of one VM."""

    row: VmRow
    disks: Sequence[DiskRow]
    nics: Sequence[NicRow]
    sizes: Sequence[SizeRow]
    snapshots: Sequence[SnapshotRow] | None
    """None when the workbook has no such tab."""
    exported_at: datetime | None
    keeps_vinfo_disks: bool
    """The disks were found by name only, where names are unreliable."""


def derive_vm(identity: Identity, parts: Parts, contradictions: Contradictions) -> Vm:
    """The VM that ``parts`` describe."""
    row = parts.row
    tabs: tuple[Sequence[TabRow], ...] = (parts.disks, parts.nics, parts.sizes)
    refs = [line.ref for tab in tabs for line in tab]
    place = _Completed(row.ref, refs)
    vcpus = _first(row.vcpus, [size.vcpus for size in parts.sizes])
    memory_mib = _first(row.memory_mib, [size.memory_mib for size in parts.sizes])
    disk_mib, disk_basis = total_disk(row, parts.disks, keeps_vinfo_disks=parts.keeps_vinfo_disks)
    allocated_mib = _allocated(row, parts.disks, contradictions)
    used_mib, used_basis = used_space(
        allocated_mib, row.provisioned_mib, disk=(disk_mib, disk_basis)
    )
    nics, nics_derived = _nics(row, parts.nics)
    derived = [
        *place.derived,
        *(["vcpus"] if row.vcpus is None and vcpus is not None else []),
        *(["memory_mib"] if row.memory_mib is None and memory_mib is not None else []),
        *(["nics"] if nics_derived else []),
    ]
    return Vm(
        identity=identity,
        name=row.ref.name or identity.moref or identity.uuid or "",
        power_state=place.power_state or UNKNOWN,
        datacenter=place.datacenter,
        cluster=place.cluster,
        host=place.host,
        folder=place.folder,
        vcpus=vcpus,
        memory_mib=memory_mib,
        disk_mib=disk_mib,
        disk_basis=disk_basis,
        provisioned_mib=row.provisioned_mib,
        allocated_mib=allocated_mib,
        used_mib=used_mib,
        used_basis=used_basis,
        snapshot_count=None if parts.snapshots is None else len(parts.snapshots),
        oldest_snapshot_days=_oldest_days(parts.snapshots or (), parts.exported_at),
        disks=tuple(_disk(row, disk, n) for n, disk in enumerate(parts.disks, start=1)),
        nics=nics,
        derived=tuple(sorted(derived)),
        row=row,
    )


def total_disk(
    row: VmRow, disks: Sequence[DiskRow], *, keeps_vinfo_disks: bool = False
) -> tuple[int | None, str]:
    """Provisioned disk in MiB and where it comes from: vDisk's sum, else vInfo's total, else
    vInfo's provisioned figure (which holds swap and snapshots too)."""
    known = [disk.capacity_mib for disk in disks if disk.capacity_mib is not None]
    total = row.total_disk_mib
    if total == 0 and (disks or row.disk_count):
        total = None
    if disks and len(known) == len(disks) and not (keeps_vinfo_disks and total is not None):
        return sum(known), FROM_VDISK
    if total is not None:
        return total, FROM_TOTAL
    if not disks and row.disk_count == 0:
        return 0, FROM_TOTAL
    if row.provisioned_mib and row.provisioned_mib >= sum(known):
        return row.provisioned_mib, FROM_PROVISIONED
    return (sum(known), FROM_VDISK) if known else (None, UNKNOWN)


def used_space(
    allocated_mib: int | None, provisioned_mib: int | None, *, disk: tuple[int | None, str]
) -> tuple[int | None, str]:
    """MiB to plan with and their basis: allocated, else provisioned, else the disks' capacity.

    >>> used_space(None, 121080, disk=(102400, "vdisk"))
    (121080, 'provisioned')
    """
    if allocated_mib is not None:
        return allocated_mib, FROM_ALLOCATED
    if provisioned_mib:
        return provisioned_mib, FROM_PROVISIONED
    return disk


def compare(parts: Parts, contradictions: Contradictions, *, tabs: Sequence[str]) -> None:
    """Notes where the ``tabs`` that were read disagree with vInfo about this VM."""
    row = parts.row
    name = row.ref.name
    if "vDisk" in tabs and row.disk_count is not None and row.disk_count != len(parts.disks):
        contradictions.add(
            "disk_count", vm=name, row=row.number, said=(row.disk_count, len(parts.disks))
        )
    if "vNetwork" in tabs and row.nic_count is not None and row.nic_count != len(parts.nics):
        contradictions.add(
            "nic_count", vm=name, row=row.number, said=(row.nic_count, len(parts.nics))
        )
    if parts.disks and row.total_disk_mib is not None:
        summed = sum(disk.capacity_mib or 0 for disk in parts.disks)
        if abs(summed - row.total_disk_mib) > ROUNDING_MIB_PER_DISK * len(parts.disks):
            contradictions.add(
                "disk_sum", vm=name, row=row.number, said=(row.total_disk_mib, summed)
            )
    for tab, rows in (("vDisk", parts.disks), ("vNetwork", parts.nics)):
        for other in rows[:1]:
            state = other.ref.power_state
            if None not in (state, row.ref.power_state) and state != row.ref.power_state:
                contradictions.add(
                    "power_state",
                    vm=name,
                    tab=tab,
                    row=other.number,
                    said=(row.ref.power_state, state),
                )


class _Completed:
    """Where a VM is: vInfo's word, else the first other tab's that has one."""

    def __init__(self, own: VmRef, others: Sequence[VmRef]) -> None:
        self.power_state = _first(own.power_state, [ref.power_state for ref in others])
        self.datacenter = _first(own.datacenter, [ref.datacenter for ref in others])
        self.cluster = _first(own.cluster, [ref.cluster for ref in others])
        self.host = _first(own.host, [ref.host for ref in others])
        self.folder = _first(own.folder, [ref.folder for ref in others])
        pairs = (
            ("power_state", own.power_state, self.power_state),
            ("datacenter", own.datacenter, self.datacenter),
            ("cluster", own.cluster, self.cluster),
            ("host", own.host, self.host),
            ("folder", own.folder, self.folder),
        )
        self.derived = [name for name, before, after in pairs if before is None and after]


def _first(own: T | None, others: Sequence[T | None]) -> T | None:
    if own is not None:
        return own
    return next((value for value in others if value is not None), None)


def _allocated(row: VmRow, disks: Sequence[DiskRow], contradictions: Contradictions) -> int | None:
    if row.in_use_mib != 0 or not (disks or row.disk_count or row.total_disk_mib):
        return row.in_use_mib
    contradictions.add("in_use_zero", vm=row.ref.name, row=row.number)
    return None


def _oldest_days(snapshots: Sequence[SnapshotRow], at: datetime | None) -> int | None:
    taken = [snapshot.taken_at for snapshot in snapshots if snapshot.taken_at is not None]
    return max(0, (at - min(taken)).days) if taken and at is not None else None


def _disk(row: VmRow, disk: DiskRow, nth: int) -> Disk:
    return Disk(
        label=disk.label or f"Hard disk {nth}",
        capacity_mib=disk.capacity_mib,
        datastore=disk.datastore or row.path_datastore,
        is_datastore_guessed=disk.datastore is None and row.path_datastore is not None,
        path=disk.path,
        controller=disk.controller,
        disk_mode=disk.disk_mode,
        sharing_mode=disk.sharing_mode,
        shared_bus=disk.shared_bus,
        is_thin=disk.is_thin,
        is_raw=disk.is_raw,
    )


def _nics(row: VmRow, nics: Sequence[NicRow]) -> tuple[tuple[Nic, ...], bool]:
    """The VM's NICs; where vNetwork has none, one for each network that vInfo lists."""
    if nics:
        return tuple(
            Nic(
                label=nic.label or f"Network adapter {nth}",
                network=nic.network,
                switch=nic.switch,
                adapter=nic.adapter,
                mac=nic.mac,
                ip_addresses=nic.ip_addresses,
                is_connected=nic.is_connected,
            )
            for nth, nic in enumerate(nics, start=1)
        ), False
    listed = tuple(
        Nic(column, network, None, None, None, (), None) for column, network in row.networks
    )
    return listed, bool(listed)
