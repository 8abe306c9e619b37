"""What a plan adds up to, for the project and for each tenant.

Counted are the in-scope VMs: no templates, placeholders or vCLS VMs; powered-off ones are in. A
figure the workbook does not give counts as 0, and ``unknown`` says how often that happened. Sizes
are MiB here; :mod:`services.planner.domain.snapshot` presents them.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from services.planner.domain.plan import Plan, PlannedVm
from services.planner.domain.vms import Finding, Mode, ModeClass, PowerState, RiskBand, Tenant

COUNTED: Final = (
    "In-scope VMs: no templates, SRM placeholders or vCLS VMs; powered-off VMs are included. "
    "Figures missing in the workbook count as 0 and are listed under unknown."
)


@dataclass(slots=True)
class Totals:
    """Sums over some planned VMs."""

    vms: int = 0
    powered_off: int = 0
    vcpus: int = 0
    memory_mib: int = 0
    disk_mib: int = 0
    used_mib: int = 0
    copy_mib: float = 0.0
    downtime_h: float = 0.0
    modes: Counter[Mode] = field(default_factory=Counter)
    mode_classes: Counter[ModeClass] = field(default_factory=Counter)
    risk_bands: Counter[RiskBand] = field(default_factory=Counter)
    findings: Counter[Finding] = field(default_factory=Counter)

    def add(self, planned: PlannedVm) -> None:
        """Count one VM."""
        vm = planned.vm
        self.vms += 1
        self.powered_off += vm.power_state is PowerState.OFF
        self.vcpus += vm.vcpus or 0
        self.memory_mib += vm.memory_mib or 0
        self.disk_mib += vm.disk_mib or 0
        self.used_mib += vm.used_mib or 0
        self.copy_mib += planned.estimate.volume_mib
        self.downtime_h += planned.estimate.downtime_h
        self.modes[planned.mode] += 1
        self.mode_classes[vm.mode_class] += 1
        self.risk_bands[vm.risk_band] += 1
        for finding in planned.findings():
            self.findings[finding] += 1


def total(vms: Iterable[PlannedVm]) -> Totals:
    """The sums over ``vms``."""
    totals = Totals()
    for planned in vms:
        totals.add(planned)
    return totals


@dataclass(slots=True)
class TenantTotals:
    """One tenant's sums and its span in the schedule, from first start to last end."""

    tenant: Tenant
    first_day: int
    last_day: int
    start: datetime
    end: datetime
    totals: Totals = field(default_factory=Totals)


def total_by_tenant(plan: Plan) -> list[TenantTotals]:
    """The sums of each tenant, in the order in which the tenants start."""
    result: dict[object, TenantTotals] = {}
    for planned in plan.vms:
        place = planned.placement
        tenant = planned.vm.tenant
        entry = result.get(tenant.tenant_id)
        if entry is None:
            entry = TenantTotals(tenant, place.day, place.cutover_day, place.start, place.end)
            result[tenant.tenant_id] = entry
        entry.last_day = max(entry.last_day, place.cutover_day)
        entry.end = max(entry.end, place.end)
        entry.totals.add(planned)
    return list(result.values())
