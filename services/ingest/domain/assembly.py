"""Puts the rows of all tabs together: identities first, then joins, then one VM after another."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from services.ingest.domain.columns import VDISK, VINFO, VNETWORK, VSNAPSHOT
from services.ingest.domain.contradictions import Contradictions
from services.ingest.domain.identity import Identity, VCenters, identify
from services.ingest.domain.joins import (
    Coverage,
    TabJoin,
    VmIndex,
    claims_of,
    names_are_unreliable,
)
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.row_cells import VmRef
from services.ingest.domain.rows import DiskRow, NicRow, SizeRow, SnapshotRow, TabRow, VmRow
from services.ingest.domain.vms import Parts, Vm, compare, derive_vm

R = TypeVar("R", DiskRow, NicRow, SizeRow, SnapshotRow)


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
    sizes: dict[str, list[SizeRow]] = field(default_factory=dict)
    snapshots: list[SnapshotRow] = field(default_factory=list)
    vcenters: VCenters = field(default_factory=VCenters)
    exports: dict[str | None, Export] = field(default_factory=dict)
    """By file; the only file of an import has no name."""

    @property
    def tabs_read(self) -> set[str]:
        """Tabs that some file has rows of."""
        return {tab for export in self.exports.values() for tab in export.tabs_read}

    def refs(self) -> Iterator[VmRef]:
        """What the other tabs call their VMs; neighbouring rows of one VM once."""
        last: VmRef | None = None
        tabs: tuple[Iterable[TabRow], ...] = (
            *(self.disks, self.nics, self.snapshots),
            *self.sizes.values(),
        )
        for rows in tabs:
            for row in rows:
                if row.ref is not last:
                    last = row.ref
                    yield last

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
        self.contradictions = Contradictions()
        self.coverage: dict[str, Coverage] = {}
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
        joins = {
            tab: TabJoin(tab, index, self.contradictions) for tab in (VDISK, VNETWORK, VSNAPSHOT)
        }
        self._disks = _grouped(joins[VDISK], rows.disks)
        self._nics = _grouped(joins[VNETWORK], rows.nics)
        self._snapshots = _grouped(joins[VSNAPSHOT], rows.snapshots)
        self._sizes: dict[int, list[SizeRow]] = {}
        for tab, sizes in rows.sizes.items():
            joins[tab] = TabJoin(tab, index, self.contradictions)
            for vm, found in _grouped(joins[tab], sizes).items():
                self._sizes.setdefault(vm, []).extend(found)
        self._joins = joins
        self.coverage = {tab: join.coverage for tab, join in joins.items() if tab in rows.tabs_read}
        self.names_are_unreliable = names_are_unreliable(self.coverage.values())
        self._disks_by_name = joins[VDISK].by_name if self.names_are_unreliable else set()
        self._note_unreliable_names(joins.values())

    def vm(self, index: int) -> Vm:
        """The VM with that index in :attr:`identities`."""
        row = self._rows.vms[index]
        export = self._rows.exports[row.ref.file]
        contradictions = self.contradictions.of_file(row.ref.file)
        parts = Parts(
            row=row,
            disks=self._disks.get(index, ()),
            nics=self._nics.get(index, ()),
            sizes=self._sizes.get(index, ()),
            snapshots=self._snapshots.get(index, ()) if export.has_snapshots else None,
            exported_at=export.exported_at,
            keeps_vinfo_disks=index in self._disks_by_name,
        )
        compare(parts, contradictions, tabs=export.tabs_read)
        return derive_vm(self.identities[index], parts, contradictions)

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
                    "joined_by_name_only", vm=row.ref.name, tab=join.tab, row=row.number
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
