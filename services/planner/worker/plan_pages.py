"""A plan as the pages of its snapshot. Processor work, for a thread."""

from collections.abc import Mapping, Sequence
from typing import Final

from services.planner.domain.duration import CopyModel, CopyRange, RangeModels, copy_range
from services.planner.domain.ordering import why_here
from services.planner.domain.plan import PlannedVm
from services.planner.usecases.ports import VmDetails
from shared.contracts.records import (
    EffectiveMode,
    ModeClass,
    OsFamily,
    PlannedVmRecord,
    PowerState,
    RiskBand,
)
from shared.contracts.snapshots import encode_page
from shared.kernel.ids import VmId

HOUR_DIGITS: Final = 4
"""Hours are rounded to a third of a second."""


def plan_page(
    vms: Sequence[PlannedVm], details: Mapping[VmId, VmDetails], model: CopyModel
) -> bytes:
    """One page: the records of ``vms`` in their order."""
    models = RangeModels.around(model)
    records = []
    for planned in vms:
        spread = copy_range(planned.vm, planned.mode, models, point_h=planned.estimate.copy_h)
        records.append(
            planned_record(
                planned, details[planned.vm.vm_id], spread=spread, bound_by=model.bound_by
            )
        )
    return encode_page(records)


def planned_record(
    planned: PlannedVm, details: VmDetails, *, spread: CopyRange, bound_by: str
) -> PlannedVmRecord:
    """What other services are told of a VM. Figures nobody knows are 0 and named in findings."""
    vm, estimate, place = planned.vm, planned.estimate, planned.placement
    return PlannedVmRecord(
        sequence=planned.sequence,
        vm_id=vm.vm_id,
        name=details.name,
        tenant_id=vm.tenant.tenant_id,
        tenant_name=vm.tenant.name,
        org_vdc=vm.tenant.org_vdc,
        cluster=details.cluster,
        power_state=PowerState(vm.power_state.value),
        os_family=OsFamily(details.os_family),
        os_text=details.os_text,
        vcpus=vm.vcpus or 0,
        memory_mib=vm.memory_mib or 0,
        disk_mib=vm.disk_mib or 0,
        used_mib=vm.used_mib or 0,
        disk_count=details.disk_count,
        nic_count=details.nic_count,
        networks=details.networks,
        risk_score=details.risk_score,
        risk_band=RiskBand(vm.risk_band.value),
        mode_class=ModeClass(vm.mode_class.value),
        mode=EffectiveMode(planned.mode.value),
        copy_h=round(estimate.copy_h, HOUR_DIGITS),
        copy_low_h=round(spread.low_h, HOUR_DIGITS),
        copy_high_h=round(spread.high_h, HOUR_DIGITS),
        cutover_h=round(estimate.cutover_h, HOUR_DIGITS),
        downtime_h=round(estimate.downtime_h, HOUR_DIGITS),
        bound_by=bound_by,
        start=place.start,
        copy_end=place.copy_end,
        end=place.end,
        day=place.day,
        why_here=why_here(vm.tenant, planned.rank, place),
        findings=[finding.value for finding in planned.findings()],
    )
