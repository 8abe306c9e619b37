"""Puts the rows of all tabs together: identities first, then joins, then one VM after another."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from services.ingest.domain.columns import (
    VCD,
    VCPU,
    VDISK,
    VINFO,
    VMEMORY,
    VNETWORK,
    VPARTITION,
    VSNAPSHOT,
    VTOOLS,
    VUSB,
)
from services.ingest.domain.comparisons import compare
from services.ingest.domain.contradictions import Contradictions
from services.ingest.domain.detail_rows import (
    CpuRow,
    MediaRow,
    MemoryRow,
    PartitionRow,
    SnapshotRow,
    ToolsRow,
)
from services.ingest.domain.hosts import Hosts
from services.ingest.domain.identity import Identity, VCenters, identify
from services.ingest.domain.import_report import VCenterSource
from services.ingest.domain.infrastructure_rows import InfrastructureRows
from services.ingest.domain.joins import (
    Coverage,
    TabJoin,
    VmIndex,
    claims_of,
    names_are_unreliable,
)
from services.ingest.domain.networks import Networks
from services.ingest.domain.parts import Parts, Surroundings
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.row_cells import NO_ATTRIBUTES, VmRef
from services.ingest.domain.rows import DiskRow, NicRow, TabRow, VmRow
from services.ingest.domain.vms import Vm, derive_vm

R = TypeVar("R", bound=TabRow)


@dataclass(slots=True)
class Export:
    """What one file of an import tells of itself. A tab that was not read has no entry in
    ``tabs_read``."""

    exported_at: datetime | None = None
    has_instance_uuids: bool = False
    has_snapshots: bool = False
    """Whether there is a tab that would list them."""
    tabs_read: list[str] = field(default_factory=list)


@dataclass(slots=True)
class WorkbookRows:
    """The typed rows of all files of an import."""

    vms: list[VmRow] = field(default_factory=list)
    disks: list[DiskRow] = field(default_factory=list)
    nics: list[NicRow] = field(default_factory=list)
    partitions: list[PartitionRow] = field(default_factory=list)
    cpus: list[CpuRow] = field(default_factory=list)
    memories: list[MemoryRow] = field(default_factory=list)
    tools: list[ToolsRow] = field(default_factory=list)
    snapshots: list[SnapshotRow] = field(default_factory=list)
    cds: list[MediaRow] = field(default_factory=list)
    usb: list[MediaRow] = field(default_factory=list)
    attributes: dict[str, list[tuple[TabRow, Mapping[str, str]]]] = field(default_factory=dict)
    """By tab, rows with the custom attributes that vInfo has no column for."""
    infrastructure: InfrastructureRows = field(default_factory=InfrastructureRows)
    vcenters: VCenters = field(default_factory=VCenters)
    sources: list[VCenterSource] = field(default_factory=list)
    exports: dict[str | None, Export] = field(default_factory=dict)
    """By file; the only file of an import has no name."""

    @property
    def tabs_read(self) -> set[str]:
        """Tabs that some file has rows of."""
        return {tab for export in self.exports.values() for tab in export.tabs_read}

    def by_tab(self) -> dict[str, Iterable[TabRow]]:
        """The rows of the tabs that are about VMs, without vInfo."""
        return {
            VDISK: self.disks,
            VNETWORK: self.nics,
            VPARTITION: self.partitions,
            VCPU: self.cpus,
            VMEMORY: self.memories,
            VTOOLS: self.tools,
            VSNAPSHOT: self.snapshots,
            VCD: self.cds,
            VUSB: self.usb,
        }

    def refs(self) -> Iterator[VmRef]:
        """What the other tabs call their VMs, each way of it once."""
        seen: set[int] = set()
        for rows in self.by_tab().values():
            for row in rows:
                if id(row.ref) not in seen:
                    seen.add(id(row.ref))
                    yield row.ref

    def note_vcenters(self) -> None:
        """Takes note of the vCenter that each row names; needed before they are assembled."""
        last: tuple[str | None, str | None, str | None] | None = None
        for ref in (*(row.ref for row in self.vms), *self.refs()):
            named = (ref.vcenter_uuid, ref.vcenter_server, ref.file)
            if named != last:
                last = named
                self.vcenters.see(uuid=named[0], server=named[1], file=named[2])


class Assembly:
    """The VMs of a workbook, each made when it is asked for."""

    def __init__(self, rows: WorkbookRows, rejects: Rejects) -> None:
        self.contradictions = Contradictions(affected=rejects.affected)
        self._rows = rows
        claims, self.ids_adopted = claims_of(rows.vms, rows.refs(), rows.vcenters)
        identified = identify(
            claims,
            has_instance_uuids=lambda file: rows.exports[file].has_instance_uuids,
            rejects=rejects,
            contradictions=self.contradictions,
        )
        self.identities: dict[int, Identity] = identified.identities
        index = VmIndex(claims, identified, rows.vcenters)
        self._joins = joins = {
            tab: TabJoin(tab, index, self.contradictions) for tab in rows.by_tab()
        }
        self._disks = _grouped(joins[VDISK], rows.disks)
        self._nics = _grouped(joins[VNETWORK], rows.nics)
        self._partitions = _grouped(joins[VPARTITION], rows.partitions)
        self._cpus = _grouped(joins[VCPU], rows.cpus)
        self._memories = _grouped(joins[VMEMORY], rows.memories)
        self._tools = _grouped(joins[VTOOLS], rows.tools)
        self._snapshots = _grouped(joins[VSNAPSHOT], rows.snapshots)
        self._cds = _grouped(joins[VCD], rows.cds)
        self._usb = _grouped(joins[VUSB], rows.usb)
        self._attributes = _attributes(index, rows)
        self.coverage: dict[str, Coverage] = {
            tab: join.coverage for tab, join in joins.items() if tab in rows.tabs_read
        }
        self.names_are_unreliable = names_are_unreliable(self.coverage.values())
        self._disks_by_name = joins[VDISK].by_name if self.names_are_unreliable else set()
        self._use_by_name = joins[VPARTITION].by_name if self.names_are_unreliable else set()
        self._note_unreliable_names(joins.values())
        infrastructure = rows.infrastructure
        self.hosts = Hosts(infrastructure.hosts, infrastructure.host_nics, rows.vcenters)
        self.networks = Networks(infrastructure, rows.vcenters, self.contradictions)
        self._around = Surroundings(self.hosts, self.networks)

    def vm(self, index: int) -> Vm:
        """The VM with that index in :attr:`identities`."""
        row = self._rows.vms[index]
        export = self._rows.exports[row.ref.file]
        contradictions = self.contradictions.of_file(row.ref.file)
        parts = Parts(
            row=row,
            disks=self._disks.get(index, ()),
            nics=self._nics.get(index, ()),
            partitions=self._partitions.get(index, ()),
            cpus=self._cpus.get(index, ()),
            memories=self._memories.get(index, ()),
            tools=self._tools.get(index, ()),
            snapshots=self._snapshots.get(index, ()) if export.has_snapshots else None,
            cds=self._cds.get(index, ()),
            usb=self._usb.get(index, ()),
            attributes=self._attributes.get(index, NO_ATTRIBUTES),
            exported_at=export.exported_at,
            keeps_vinfo_disks=index in self._disks_by_name,
            keeps_vinfo_use=index in self._use_by_name,
        )
        compare(parts, contradictions, tabs=export.tabs_read)
        vm = derive_vm(self.identities[index], parts, self._around, contradictions)
        if not (vm.row.is_template or vm.row.is_srm_placeholder):
            self.networks.count(vm.networks)
        return vm

    def coverage_of(self, file: str | None, tab: str) -> Coverage | None:
        """How the rows of a file's tab found their VMs; None when none were read."""
        is_joined = tab in self._joins and tab in self._rows.exports[file].tabs_read
        return self._joins[tab].coverage_of(file) if is_joined else None

    def _note_unreliable_names(self, joins: Iterable[TabJoin]) -> None:
        if not self.names_are_unreliable:
            return
        self.contradictions.add("names_unreliable")
        for join in joins:
            for index in sorted(join.by_name):
                row = self._rows.vms[index]
                self.contradictions.of_file(row.ref.file).add(
                    "joined_by_name_only",
                    vm=row.ref.name,
                    row=row.number,
                    said=(row.ref.name, f"rows of {join.tab} with that name"),
                )


def name_nameless(rows: list[VmRow], rejects: Rejects) -> list[VmRow]:
    """vInfo's rows, where the ID stands in for a name that is missing; without both, a row is
    left out."""
    named = []
    for row in rows:
        stand_in = row.ref.moref or row.ref.uuid
        of_file = rejects.of_file(row.ref.file)
        if row.ref.name is not None:
            named.append(row)
        elif stand_in is not None:
            of_file.stand_in(VINFO, row.number, stand_in)
            named.append(replace(row, ref=replace(row.ref, name=stand_in)))
        else:
            of_file.row(
                VINFO,
                row.number,
                value="",
                reason="the VM has neither a name that can be read nor an ID",
                fix="Type the VM's name in column VM.",
            )
    return named


def _grouped(join: TabJoin, rows: list[R]) -> dict[int, list[R]]:
    groups: dict[int, list[R]] = {}
    for row in rows:
        index = join.vm_of(row)
        if index is not None:
            groups.setdefault(index, []).append(row)
    return groups


def _attributes(index: VmIndex, rows: WorkbookRows) -> dict[int, dict[str, str]]:
    """What only other tabs than vInfo have, by VM; the first value of an attribute counts."""
    found: dict[int, dict[str, str]] = {}
    for lines in rows.attributes.values():
        for row, attributes in lines:
            match = index.find(row.ref)
            if match is not None and not index.is_repeat(match.index):
                mine = found.setdefault(match.index, {})
                for name, value in attributes.items():
                    mine.setdefault(name, value)
    return found
