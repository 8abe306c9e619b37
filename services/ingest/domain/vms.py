"""A VM with its disks and NICs as the workbook tells it, completed and derived (decision 10)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeVar

from services.ingest.domain.contradictions import Contradictions
from services.ingest.domain.detail_rows import (
    CpuRow,
    MediaRow,
    MemoryRow,
    PartitionRow,
    SnapshotRow,
    ToolsRow,
)
from services.ingest.domain.disk_space import UNKNOWN, allocated, guest_used, total_disk, used_space
from services.ingest.domain.hosts import HostFacts
from services.ingest.domain.identity import Identity
from services.ingest.domain.networks import Network
from services.ingest.domain.parts import Parts, Surroundings
from services.ingest.domain.row_cells import VmRef
from services.ingest.domain.rows import DiskRow, NicRow, VmRow
from services.ingest.domain.usage import Usage, usage_of
from services.ingest.domain.vlans import Vlan

T = TypeVar("T")
PLACES: Final = ("power_state", "datacenter", "cluster", "host", "folder")


@dataclass(frozen=True, slots=True)
class Disk:
    """A virtual disk. ``is_datastore_guessed``: taken from where the VM's own files are."""

    label: str
    datastore: str | None
    is_datastore_guessed: bool
    row: DiskRow

    @property
    def capacity_mib(self) -> int | None:
        """Its size."""
        return self.row.capacity_mib


@dataclass(frozen=True, slots=True)
class Nic:
    """A virtual NIC; its row is None where only vInfo names its network."""

    label: str
    network: str | None
    vlan: Vlan | None
    row: NicRow | None

    @property
    def ip_addresses(self) -> tuple[str, ...]:
        """What VMware Tools report."""
        return () if self.row is None else self.row.ip_addresses


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
    guest_used_mib: int | None
    allocated_mib: int | None
    used_mib: int | None
    used_basis: str
    snapshot_count: int | None
    oldest_snapshot_days: int | None
    """Whole days at the time of the export."""
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    networks: tuple[Network, ...]
    """Those that its NICs are attached to, one for each NIC."""
    snapshots: Sequence[SnapshotRow]
    partitions: Sequence[PartitionRow]
    media: Sequence[MediaRow]
    cpu: CpuRow | None
    memory: MemoryRow | None
    tools: ToolsRow | None
    usage: Usage
    host_facts: HostFacts
    attributes: Mapping[str, str]
    exported_at: datetime | None
    derived: tuple[str, ...]
    row: VmRow
    """Everything that vInfo alone says."""


def derive_vm(
    identity: Identity, parts: Parts, around: Surroundings, contradictions: Contradictions
) -> Vm:
    """The VM that ``parts`` describe."""
    row = parts.row
    place, derived = _completed(parts)
    vcpus = _first(row.vcpus, [cpu.vcpus for cpu in parts.cpus])
    memory_mib = _first(row.memory_mib, [memory.memory_mib for memory in parts.memories])
    disk = total_disk(row, parts.disks, keeps_vinfo_disks=parts.keeps_vinfo_disks)
    partitions = () if parts.keeps_vinfo_use else parts.partitions
    guest_used_mib = guest_used(row, partitions, disk[0], contradictions)
    allocated_mib = allocated(row, parts.disks, contradictions)
    used = used_space(guest_used_mib, allocated_mib, row.provisioned_mib, disk=disk)
    vcenter, host = identity.vcenter, place["host"]
    host_facts = around.hosts.of(vcenter, host)
    nics, networks = _nics(parts, around, vcenter, host)
    if row.vcpus is None and vcpus is not None:
        derived.append("vcpus")
    if row.memory_mib is None and memory_mib is not None:
        derived.append("memory_mib")
    if nics and not parts.nics:
        derived.append("nics")
    cpu, memory = _one(parts.cpus), _one(parts.memories)
    return Vm(
        identity=identity,
        name=row.ref.name or identity.moref or identity.uuid or "",
        power_state=place["power_state"] or UNKNOWN,
        datacenter=place["datacenter"],
        cluster=place["cluster"],
        host=host,
        folder=place["folder"],
        vcpus=vcpus,
        memory_mib=memory_mib,
        disk_mib=disk[0],
        disk_basis=disk[1],
        provisioned_mib=row.provisioned_mib,
        guest_used_mib=guest_used_mib,
        allocated_mib=allocated_mib,
        used_mib=used[0],
        used_basis=used[1],
        snapshot_count=None if parts.snapshots is None else len(parts.snapshots),
        oldest_snapshot_days=_oldest_days(parts.snapshots or (), parts.exported_at),
        disks=tuple([_disk(row, one, n) for n, one in enumerate(parts.disks, start=1)]),
        nics=nics,
        networks=networks,
        snapshots=parts.snapshots or (),
        partitions=parts.partitions,
        media=(*parts.cds, *parts.usb),
        cpu=cpu,
        memory=memory,
        tools=_one(parts.tools),
        usage=usage_of(
            cpu,
            memory,
            vcpus=vcpus,
            memory_mib=memory_mib,
            host_mhz=host_facts.cpu_mhz,
            vinfo_active_mib=row.active_mib,
        ),
        host_facts=host_facts,
        attributes={**parts.attributes, **row.attributes} if parts.attributes else row.attributes,
        exported_at=parts.exported_at,
        derived=tuple(sorted(derived)),
        row=row,
    )


def days_at(exported_at: datetime | None, taken_at: datetime | None) -> int | None:
    """The age of a snapshot in whole days at the time of the export."""
    if exported_at is None or taken_at is None:
        return None
    return max(0, (exported_at - taken_at).days)


def _completed(parts: Parts) -> tuple[dict[str, str | None], list[str]]:
    """Where a VM is and whether it runs, and what of it vInfo leaves to the first other tab that
    says it."""
    own = parts.row.ref
    found: dict[str, str | None] = {name: getattr(own, name) for name in PLACES}
    derived: list[str] = []
    if None not in found.values():
        return found, derived
    others: list[VmRef] = []
    for _, rows in parts.by_tab():
        others.extend(row.ref for row in rows)
    for name in PLACES:
        if found[name] is None:
            found[name] = next((v for ref in others if (v := getattr(ref, name))), None)
            if found[name] is not None:
                derived.append(name)
    return found, derived


def _first(own: T | None, others: Sequence[T | None]) -> T | None:
    if own is not None:
        return own
    return next((value for value in others if value is not None), None)


def _one(rows: Sequence[T]) -> T | None:
    return rows[0] if rows else None


def _oldest_days(snapshots: Sequence[SnapshotRow], at: datetime | None) -> int | None:
    taken = [snapshot.taken_at for snapshot in snapshots if snapshot.taken_at is not None]
    return days_at(at, min(taken)) if taken else None


def _disk(row: VmRow, disk: DiskRow, nth: int) -> Disk:
    return Disk(
        label=disk.label or f"Hard disk {nth}",
        datastore=disk.datastore or row.path_datastore,
        is_datastore_guessed=disk.datastore is None and row.path_datastore is not None,
        row=disk,
    )


def _nics(
    parts: Parts, around: Surroundings, vcenter: str, host: str | None
) -> tuple[tuple[Nic, ...], tuple[Network, ...]]:
    """The VM's NICs; where vNetwork has none, one for each network that vInfo lists."""
    named: list[tuple[str, str | None, NicRow | None]] = [
        (nic.label or f"Network adapter {nth}", nic.network, nic)
        for nth, nic in enumerate(parts.nics, start=1)
    ] or [(column, network, None) for column, network in parts.row.networks]
    nics: list[Nic] = []
    networks: list[Network] = []
    for label, network, row in named:
        vlan: Vlan | None = None
        if network is not None:
            switch = None if row is None else row.switch
            found, vlan = around.networks.find(vcenter, host, network, switch)
            networks.append(found)
        nics.append(Nic(label, network, vlan, row))
    return tuple(nics), tuple(networks)
