"""Parts of the import report (decision 7): what was read, under which header, what was not, why."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.ingest.domain.contradictions import KINDS, Contradiction, Contradictions
from services.ingest.domain.headers import HeaderMatch, Tab
from services.ingest.domain.joins import Coverage
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.tables import RowCounts
from services.ingest.domain.vms import Vm

READ = "read"
EMPTY = "empty"
MISSING = "missing"
NO_HEADER = "no_header"


@dataclass(frozen=True, slots=True)
class ColumnReport:
    """A column of ours and the header that was taken for it."""

    column: str
    header: str
    mib_per_unit: float | None = None
    """For sizes: how many MiB the header's unit is."""


@dataclass(frozen=True, slots=True)
class TabReport:
    """What became of one tab. ``state`` is read, empty, missing or no_header."""

    tab: str
    state: str
    header_row: int | None = None
    rows_read: int = 0
    rows_blank: int = 0
    repeated_headers: int = 0
    total_rows: int = 0
    rejected_rows: int = 0
    rejected_cells: int = 0
    columns: tuple[ColumnReport, ...] = ()
    unmatched: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    """Those of them that are kept as attributes of VMs: custom attributes and tags."""
    missing: tuple[str, ...] = ()
    join: Coverage | None = None
    note: str | None = None
    file: str | None = None
    """Of an import of several files."""


@dataclass(frozen=True, slots=True)
class ContradictionReport:
    """One kind of disagreement between tabs, how often, and some places."""

    kind: str
    meaning: str
    count: int
    samples: tuple[Contradiction, ...]


@dataclass(slots=True)
class Totals:
    """Sums over the VMs proper: no templates, no SRM placeholders; powered-off ones included."""

    records: int = 0
    """All rows that became a VM record, templates and placeholders too."""
    templates: int = 0
    srm_placeholders: int = 0
    vms: int = 0
    powered_on: int = 0
    powered_off: int = 0
    suspended: int = 0
    disks: int = 0
    nics: int = 0
    vcpus: int = 0
    memory_mib: int = 0
    disk_mib: int = 0
    used_mib: int = 0
    unknown: dict[str, int] = field(default_factory=dict)
    """VMs whose figure is unknown, by figure."""

    def add(self, vm: Vm) -> None:
        """Counts one record."""
        self.records += 1
        if vm.row.is_template:
            self.templates += 1
        elif vm.row.is_srm_placeholder:
            self.srm_placeholders += 1
        else:
            self._add_vm(vm)

    def _add_vm(self, vm: Vm) -> None:
        self.vms += 1
        self.powered_on += vm.power_state == "poweredOn"
        self.powered_off += vm.power_state == "poweredOff"
        self.suspended += vm.power_state == "suspended"
        self.disks += len(vm.disks)
        self.nics += len(vm.nics)
        self.vcpus += vm.vcpus or 0
        self.memory_mib += vm.memory_mib or 0
        self.disk_mib += vm.disk_mib or 0
        self.used_mib += vm.used_mib or 0
        figures = (("vcpus", vm.vcpus), ("memory_mib", vm.memory_mib), ("disk_mib", vm.disk_mib))
        for name, value in (*figures, ("used_mib", vm.used_mib)):
            if value is None:
                self.unknown[name] = self.unknown.get(name, 0) + 1


def tab_report(
    tab: Tab,
    header_row: int,
    header: HeaderMatch,
    counts: RowCounts,
    *,
    rejects: Rejects,
    join: Coverage | None,
    note: str | None = None,
    attributes: Iterable[str] = (),
) -> TabReport:
    """The report of a tab that was read; ``rejects`` are those of its file."""
    sizes = {column.name for column in tab.columns if column.is_size}
    return TabReport(
        tab=tab.name,
        state=READ if counts.read else EMPTY,
        header_row=header_row,
        rows_read=counts.read,
        rows_blank=counts.blank,
        repeated_headers=counts.repeated_headers,
        total_rows=counts.totals,
        rejected_rows=rejects.rows_of(tab.name),
        rejected_cells=rejects.cells_of(tab.name),
        columns=tuple(
            ColumnReport(
                found.column,
                found.header,
                float(found.mib_per_unit) if found.column in sizes else None,
            )
            for found in header.matched.values()
        ),
        unmatched=header.unmatched,
        attributes=tuple(attributes),
        missing=header.missing,
        join=join,
        note=note,
        file=rejects.file,
    )


def contradiction_reports(contradictions: Contradictions) -> tuple[ContradictionReport, ...]:
    """The kinds that occur, in the order of :data:`KINDS`."""
    return tuple(
        ContradictionReport(
            kind, meaning, contradictions.counts[kind], tuple(contradictions.samples[kind])
        )
        for kind, meaning in KINDS.items()
        if contradictions.counts[kind]
    )


def count_identities(bases: Iterable[str]) -> dict[str, int]:
    """VMs by what they are recognised by, every basis listed."""
    counts = Counter(bases)
    return {basis: counts[basis] for basis in ("moref", "uuid", "name")}
