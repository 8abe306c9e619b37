"""Say by hand whose VMs are. It holds against every rule and import, by the VM's own identity."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from services.assessment.domain.runs import AssessmentRun, Cause
from services.assessment.usecases.decision_ports import Author, VmChoice
from services.assessment.usecases.edit_tenants import check_not_merged, subject_of
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.reassess import reassess
from shared.auth.principal import Principal
from shared.db.uow import Transaction
from shared.kernel.ids import AssessmentId, ProjectId, TenantId, VmId

AUDITED_VMS: Final = 100
"""VMs that an audit entry names; it counts all."""


class Outcome(StrEnum):
    """What became of one VM."""

    CHANGED = "changed"
    UNCHANGED = "unchanged"
    """It was so already."""
    NOT_FOUND = "not_found"
    """No VM in scope of the newest complete assessment has this id."""
    NO_SUCH_FINDING = "no_such_finding"
    """The VM does not have the finding that was to be waived."""


@dataclass(frozen=True, slots=True)
class BulkResult:
    """What became of each VM, in the order asked for, and the assessment that will show it."""

    outcomes: Mapping[VmId, Outcome]
    assessment: AssessmentRun | None


async def assign_vms(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    choice: VmChoice,
    *,
    tenant_id: TenantId | None,
    note: str | None,
    assessment_id: AssessmentId,
    by: Principal,
) -> BulkResult:
    """Assign the VMs of ``choice`` to a tenant; None leaves them to the detection again.

    Raises:
        Conflict: the tenant was merged into another one.
        NotFound: there is no such tenant, or nothing has been assessed yet.
    """
    newest = await tx.store.newest_held(project_id)
    if tenant_id is not None:
        check_not_merged(await tx.store.tenants.get(project_id, tenant_id))
    vms = {vm.id: vm for vm in await tx.store.vms.choose(project_id, choice)}
    was = {id_: vm.assigned_to for id_, vm in vms.items()}
    if tenant_id is None and choice.vm_ids is not None:
        # A VM that no import has any more may still be assigned.
        assigned = await tx.store.tenants.assigned(project_id, choice.vm_ids)
        was |= {id_: tenant.id for id_, tenant in assigned.items()}
    outcomes = {
        id_: (Outcome.UNCHANGED if was[id_] == tenant_id else Outcome.CHANGED)
        if id_ in was
        else Outcome.NOT_FOUND
        for id_ in (vms if choice.vm_ids is None else dict.fromkeys(choice.vm_ids))
    }
    changed = [id_ for id_, outcome in outcomes.items() if outcome is Outcome.CHANGED]
    if not changed:
        return BulkResult(outcomes, newest)
    author = Author(by.key, by.name)
    if tenant_id is None:
        await tx.store.tenants.unassign(project_id, changed)
    else:
        names = {id_: vms[id_].name for id_ in changed}
        await tx.store.tenants.assign(project_id, names, tenant_id, note=note, by=author)
    subject = f"projects/{project_id}/assessment/tenant-assignments"
    await tx.audit(
        "tenant.vms_unassigned" if tenant_id is None else "tenant.vms_assigned",
        by=by,
        subject=subject if tenant_id is None else subject_of(project_id, tenant_id),
        before={"tenants": sorted({str(was[id_]) for id_ in changed if was[id_]})},
        after=audited_vms(changed, choice) | {"note": note},
    )
    run = await reassess(tx, newest, cause=Cause.TENANTS, assessment_id=assessment_id, by=by.key)
    return BulkResult(outcomes, run)


def audited_vms(changed: Sequence[VmId], choice: VmChoice) -> dict[str, Any]:
    """What an audit entry says of the VMs of a bulk change."""
    told: dict[str, Any] = {
        "vms": len(changed),
        "vm_ids": [str(id_) for id_ in changed[:AUDITED_VMS]],
    }
    chosen = {name: value for name, value in asdict(choice).items() if value is not None}
    chosen.pop("vm_ids", None)
    return told | ({"filter": {k: str(v) for k, v in chosen.items()}} if chosen else {})
