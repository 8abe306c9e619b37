"""How far an import can be trusted, figure by figure: what was read, mapped, derived, is missing or
contradicted."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from services.ingest.domain import usage as bases
from services.ingest.domain.disk_space import (
    FROM_ALLOCATED,
    FROM_GUEST,
    FROM_PROVISIONED,
    FROM_TOTAL,
    FROM_VDISK,
    UNKNOWN,
)
from services.ingest.domain.report import EMPTY, MISSING, NO_HEADER, TabReport
from services.ingest.domain.usage import DERIVED, REPORTED
from services.ingest.domain.vms import Vm

_UNITS: Final = {"datastore": "disks", "vlan": "nics"}
"""What a figure is counted over where it is not VMs."""

COSTS: Final[Mapping[str, str]] = {
    "vDisk": "Disks one by one: datastores, raw and shared disks, the blockers that follow from "
    "them. Totals are vInfo's, which may hold swap and snapshots.",
    "vNetwork": "MAC and IP addresses, adapter types. Networks are vInfo's first eight.",
    "vPartition": "Space used inside the guest; allocated or provisioned space stands in, so "
    "copies look longer than they are. Free space for the conversion cannot be checked.",
    "vSnapshot": "Snapshots: their number, age and size, and the findings that follow.",
    "vCPU": "CPU use, sockets and cores, reservations and limits. Sizing by actual use leaves "
    "these VMs out.",
    "vMemory": "Active, consumed, ballooned and swapped memory, reservations and limits.",
    "vTools": "Whether VMware Tools run, and how old they are.",
    "vHost": "CPU clocks, versions and capacity of the source hosts.",
    "vCluster": "Capacity, HA and DRS of the source clusters.",
    "vDatastore": "Type, capacity and free space of datastores.",
    "vPort": "VLANs of standard port groups; those in network names are guesses.",
    "dvPort": "VLANs of distributed port groups; those in network names are guesses.",
    "vNIC": "Link speeds of the source hosts.",
    "vRP": "Limits and reservations of resource pools.",
    "vCD": "Attached CDs and ISO images, which hold a migration up.",
    "vUSB": "Attached USB devices, which cannot follow a VM.",
    "vHealth": "RVTools' own warnings.",
}
"""What each optional tab is needed for: the price of leaving it out."""

_BASES: Final = {
    FROM_VDISK: REPORTED,
    FROM_TOTAL: REPORTED,
    FROM_GUEST: REPORTED,
    FROM_ALLOCATED: REPORTED,
    FROM_PROVISIONED: DERIVED,
    UNKNOWN: bases.MISSING,
}
_OF_USE: Final = {**_BASES, FROM_VDISK: DERIVED, FROM_TOTAL: DERIVED}
_CONTRADICTED_BY: Final[Mapping[str, tuple[str, ...]]] = {
    "vcpus": ("cpu_count",),
    "memory_mib": ("memory_size",),
    "disk_mib": ("disk_sum", "disk_count"),
    "used_mib": ("in_use_zero", "partitions_exceed_disks"),
    "vlan": ("vlan_differs",),
    "power_state": ("power_state",),
}


@dataclass(frozen=True, slots=True)
class FigureConfidence:
    """How one figure is known. ``of``: what it is counted over, in ``unit``."""

    figure: str
    unit: str
    of: int
    reported: int
    """The workbook states it."""
    derived: int
    """Worked out, taken from a second-best place, or guessed from a name."""
    missing: int
    contradictory: int
    """Tabs disagree on it; the report's contradictions tell where."""
    known_percent: float


@dataclass(frozen=True, slots=True)
class MissingTab:
    """A tab that the workbook lacks, or has without rows, and what that costs."""

    tab: str
    state: str
    costs: str
    file: str | None = None
    """Of an import of several files."""


@dataclass(frozen=True, slots=True)
class Confidence:
    """The summary, what matters most first. VMs are those proper, without templates and SRM
    placeholders, powered-off ones included."""

    vms: int
    vms_without_id: int
    """vInfo and the other tabs give them no VM ID, so nothing can be executed for them: the
    migration tool has no key to them."""
    orphan_rows: int
    """Rows of tabs whose VM vInfo does not have."""
    tabs_missing: tuple[MissingTab, ...]
    rows_read: int
    cells_rejected: int
    rows_rejected: int
    columns_mapped: int
    columns_missing: int
    figures: tuple[FigureConfidence, ...]


@dataclass(slots=True)
class ConfidenceCounter:
    """Collects how each figure of each VM is known."""

    vms: int = 0
    vms_without_id: int = 0
    _counts: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    """By figure, how often each basis."""

    def add(self, vm: Vm) -> None:
        """Counts one VM; templates and placeholders are passed over."""
        if vm.row.is_template or vm.row.is_srm_placeholder:
            return
        self.vms += 1
        self.vms_without_id += vm.identity.moref is None
        for name, basis in _of_vm(vm):
            self._counts[name][basis] += 1
        for disk in vm.disks:
            basis = _basis(disk.datastore, is_derived=disk.is_datastore_guessed)
            self._counts["datastore"][basis] += 1
        for nic in vm.nics:
            if nic.network is not None:
                is_guessed = nic.vlan is not None and nic.vlan.is_guessed
                self._counts["vlan"][_basis(nic.vlan, is_derived=is_guessed)] += 1

    def summary(self, tabs: Iterable[TabReport], contradictions: Mapping[str, int]) -> Confidence:
        """The summary of the whole import."""
        tabs = list(tabs)
        return Confidence(
            vms=self.vms,
            vms_without_id=self.vms_without_id,
            orphan_rows=sum(tab.join.orphans for tab in tabs if tab.join is not None),
            tabs_missing=tuple(
                MissingTab(tab.tab, tab.state, COSTS[tab.tab], tab.file)
                for tab in tabs
                if tab.tab in COSTS and _is_missed(tab)
            ),
            rows_read=sum(tab.rows_read for tab in tabs),
            cells_rejected=sum(tab.rejected_cells for tab in tabs),
            rows_rejected=sum(tab.rejected_rows for tab in tabs),
            columns_mapped=sum(len(tab.columns) for tab in tabs),
            columns_missing=sum(len(tab.missing) for tab in tabs),
            figures=tuple(
                _figure(name, counts, contradictions) for name, counts in self._counts.items()
            ),
        )


_MAY_BE_EMPTY: Final = frozenset({"vSnapshot", "vCD", "vUSB", "vHealth", "vRP", "dvPort", "vPort"})
"""Tabs that many an estate has nothing to put into."""


def _figure(
    name: str, counts: Mapping[str, int], contradictions: Mapping[str, int]
) -> FigureConfidence:
    reported, derived = counts.get(REPORTED, 0), counts.get(DERIVED, 0)
    of = sum(counts.values())
    return FigureConfidence(
        figure=name,
        unit=_UNITS.get(name, "vms"),
        of=of,
        reported=reported,
        derived=derived,
        missing=counts.get(bases.MISSING, 0),
        contradictory=sum(contradictions.get(kind, 0) for kind in _CONTRADICTED_BY.get(name, ())),
        known_percent=round(100 * (reported + derived) / of, 1),
    )


def _is_missed(tab: TabReport) -> bool:
    if tab.state in {MISSING, NO_HEADER}:
        return True
    return tab.state == EMPTY and tab.tab not in _MAY_BE_EMPTY


def _of_vm(vm: Vm) -> Iterable[tuple[str, str]]:
    row, usage, derived = vm.row, vm.usage, vm.derived
    yield "vcpus", _basis(vm.vcpus, is_derived="vcpus" in derived)
    yield "memory_mib", _basis(vm.memory_mib, is_derived="memory_mib" in derived)
    yield "disk_mib", _BASES[vm.disk_basis]
    yield "used_mib", _OF_USE[vm.used_basis]
    yield "guest_used_mib", _basis(vm.guest_used_mib)
    yield "allocated_mib", _basis(vm.allocated_mib)
    yield "cpu_percent", usage.cpu_basis
    yield "memory_active_percent", usage.active_basis
    yield "memory_consumed_percent", usage.consumed_basis
    is_known = None if vm.power_state == UNKNOWN else vm.power_state
    yield "power_state", _basis(is_known, is_derived="power_state" in derived)
    for name in ("datacenter", "cluster", "host", "folder"):
        yield name, _basis(getattr(vm, name), is_derived=name in derived)
    yield "guest_os", _basis(row.os_tools or row.os_config, is_derived=row.os_tools is None)
    yield "tools_status", _basis(None if vm.tools is None else vm.tools.status)
    yield "snapshots", _basis(vm.snapshot_count)
    yield "host_cpu_mhz", _basis(vm.host_facts.cpu_mhz)


def _basis(value: object, *, is_derived: bool = False) -> str:
    if value is None:
        return bases.MISSING
    return DERIVED if is_derived else REPORTED
