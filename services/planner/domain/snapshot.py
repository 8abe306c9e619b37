"""The header of a plan snapshot: everything about a plan that is not the list of its VMs.

Presentation happens here and only here: MiB become GiB and every number is rounded once,
half-even. The header holds no clock time of ours and no id of the snapshot, so that an identical
input gives an identical digest.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime

from services.planner.domain.bandwidth import Bandwidth
from services.planner.domain.duration import CopyModel
from services.planner.domain.plan import Deadline, Plan
from services.planner.domain.schedule import Day
from services.planner.domain.settings import Json, settings_json
from services.planner.domain.summary import (
    COUNTED,
    TenantTotals,
    Totals,
    total,
    total_by_tenant,
)
from services.planner.domain.vms import Finding, Mode, ModeClass, RiskBand
from shared.kernel.ids import AssessmentId, InventoryId, ProjectId
from shared.kernel.quantities import mib_to_gib

_UNKNOWNS = {
    "vcpus": Finding.VCPUS_UNKNOWN,
    "memory": Finding.MEMORY_UNKNOWN,
    "disk": Finding.DISK_UNKNOWN,
    "used": Finding.USED_UNKNOWN,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class BasedOn:
    """The facts a plan was made from; ``digest`` is that of the assessed snapshot."""

    inventory_id: InventoryId
    inventory_number: int
    assessment_id: AssessmentId
    assessment_number: int
    imported_at: datetime
    digest: str


def plan_header(
    project_id: ProjectId, based_on: BasedOn, plan: Plan, *, excluded: Mapping[str, int]
) -> dict[str, Json]:
    """The header. ``excluded`` counts the VMs left out, by reason."""
    tenants = total_by_tenant(plan)
    return {
        "project_id": str(project_id),
        "based_on": based_on_json(based_on),
        "settings": settings_json(plan.settings),
        "bandwidth": _bandwidth_json(plan.bandwidth, plan.copy_model),
        "agents": _rounded(asdict(plan.agents)),
        "summary": _summary_json(plan, len(tenants), excluded),
        "tenants": [_tenant_json(tenant) for tenant in tenants],
        "days": [_day_json(day) for day in plan.days],
    }


def based_on_json(based_on: BasedOn) -> dict[str, Json]:
    """``based_on`` as plain JSON."""
    return {
        "inventory_id": str(based_on.inventory_id),
        "inventory_number": based_on.inventory_number,
        "assessment_id": str(based_on.assessment_id),
        "assessment_number": based_on.assessment_number,
        "imported_at": instant(based_on.imported_at),
        "digest": based_on.digest,
    }


def instant(value: datetime) -> str:
    """RFC 3339 in UTC, with Z."""
    return value.isoformat().replace("+00:00", "Z")


def _summary_json(plan: Plan, tenants: int, excluded: Mapping[str, int]) -> dict[str, Json]:
    totals = total(plan.vms)
    start, finish = plan.start_date, plan.finish_date
    return {
        "vms": totals.vms,
        "tenants": tenants,
        **_totals_json(totals),
        "start_date": start.isoformat() if start else None,
        "finish_date": finish.isoformat() if finish else None,
        "working_days": len(plan.days),
        "deadline": _deadline_json(plan.deadline),
        "bottleneck": plan.bandwidth.bottleneck.value,
        "bottleneck_mbit_s": round(plan.bandwidth.bottleneck_mbit_s, 2),
        "warm_not_convergent": totals.findings[Finding.WARM_NOT_CONVERGENT],
        "unknown": {name: totals.findings[finding] for name, finding in _UNKNOWNS.items()},
        "excluded": {reason: excluded[reason] for reason in sorted(excluded)},
        "counted": COUNTED,
    }


def _totals_json(totals: Totals) -> dict[str, Json]:
    return {
        "powered_off": totals.powered_off,
        "vcpus": totals.vcpus,
        "memory_gib": round(mib_to_gib(totals.memory_mib), 2),
        "disk_gib": round(mib_to_gib(totals.disk_mib), 2),
        "used_gib": round(mib_to_gib(totals.used_mib), 2),
        "copy_gib": round(mib_to_gib(totals.copy_mib), 2),
        "downtime_h": round(totals.downtime_h, 2),
        "warm": totals.modes[Mode.WARM],
        "cold": totals.modes[Mode.COLD],
        "mode_classes": {mode.value: totals.mode_classes[mode] for mode in ModeClass},
        "risk_bands": {band.value: totals.risk_bands[band] for band in RiskBand},
    }


def _tenant_json(entry: TenantTotals) -> dict[str, Json]:
    return {
        "tenant_id": str(entry.tenant.tenant_id),
        "name": entry.tenant.name,
        "org_vdc": entry.tenant.org_vdc,
        "vms": entry.totals.vms,
        **_totals_json(entry.totals),
        "first_day": entry.first_day,
        "last_day": entry.last_day,
        "start": instant(entry.start),
        "end": instant(entry.end),
    }


def _day_json(day: Day) -> dict[str, Json]:
    return {
        "day": day.number,
        "date": day.window.day.isoformat(),
        "opens": instant(day.window.opens),
        "closes": instant(day.window.closes),
        "starts": day.starts,
        "ends": day.ends,
        "copied_gib": round(mib_to_gib(day.copied_mib), 2),
        "slots_busy_max": day.peak_slots,
        "slot_utilisation_pct": round(day.slot_utilisation * 100, 1),
        "pipe_utilisation_pct": round(day.pipe_utilisation * 100, 1),
    }


def _deadline_json(deadline: Deadline | None) -> Json:
    if deadline is None:
        return None
    return {
        "last_date": deadline.last_date.isoformat(),
        "working_days": deadline.working_days,
        "needed_working_days": deadline.needed_working_days,
        "is_met": deadline.late_by_working_days == 0,
        "late_by_working_days": deadline.late_by_working_days,
    }


def _bandwidth_json(bandwidth: Bandwidth, model: CopyModel) -> dict[str, Json]:
    return {
        "bottleneck": bandwidth.bottleneck.value,
        "bottleneck_mbit_s": round(bandwidth.bottleneck_mbit_s, 2),
        "limits": [
            {
                "constraint": limit.constraint.value,
                "rate_mbit_s": None if limit.rate_mbit_s is None else round(limit.rate_mbit_s, 2),
                "explanation": limit.explanation,
                "settings": list(limit.settings),
            }
            for limit in bandwidth.limits
        ],
        "efficiency": model.efficiency,
        "pipe_mbit_s": round(model.efficiency * bandwidth.bottleneck_mbit_s, 2),
        "stream_cap_mbit_s": round(model.stream_cap_mbit_s, 2),
        "lone_stream_gib_h": round(mib_to_gib(model.rate_mib_h), 2),
        "lone_stream_bound_by": model.bound_by,
    }


def _rounded(plain: Mapping[str, Json]) -> dict[str, Json]:
    return {
        name: round(value, 2) if isinstance(value, float) else value
        for name, value in plain.items()
    }
