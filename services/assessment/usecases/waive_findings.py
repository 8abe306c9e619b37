"""Let findings pass, with a note; or let them count again."""

from services.assessment.domain.runs import Cause
from services.assessment.usecases.assign_vms import BulkResult, Outcome, audited_vms
from services.assessment.usecases.decision_ports import Author, ChosenVm, VmChoice
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.reassess import reassess
from shared.auth.principal import Principal
from shared.db.uow import Transaction
from shared.kernel.ids import AssessmentId, ProjectId, VmId


async def waive_finding(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    finding: str,
    choice: VmChoice,
    *,
    note: str,
    assessment_id: AssessmentId,
    by: Principal,
) -> BulkResult:
    """Waive ``finding`` of those VMs of ``choice`` that have it. It is of single VMs: one that
    gets the finding later has it in full. A second waiver replaces the first one's note.

    Raises:
        NotFound: nothing has been assessed yet.
    """
    newest = await tx.store.newest_held(project_id)
    vms = {vm.id: vm for vm in await tx.store.vms.choose(project_id, choice)}
    waivers = await tx.store.waivers.of(project_id, list(vms))

    def outcome(vm: ChosenVm | None) -> Outcome:
        if vm is None:
            return Outcome.NOT_FOUND
        if finding not in vm.findings:
            return Outcome.NO_SUCH_FINDING
        waiver = waivers.get(vm.id, {}).get(finding)
        return Outcome.UNCHANGED if waiver and waiver.note == note else Outcome.CHANGED

    asked = list(vms) if choice.vm_ids is None else list(dict.fromkeys(choice.vm_ids))
    outcomes = {id_: outcome(vms.get(id_)) for id_ in asked}
    changed = [id_ for id_, what in outcomes.items() if what is Outcome.CHANGED]
    if not changed:
        return BulkResult(outcomes, newest)
    names = {id_: vms[id_].name for id_ in changed}
    author = Author(by.key, by.name)
    await tx.store.waivers.add(project_id, finding, names, note=note, by=author)
    await tx.audit(
        "finding.waived",
        by=by,
        subject=_subject(project_id, finding),
        after=audited_vms(changed, choice) | {"finding": finding, "note": note},
    )
    run = await reassess(tx, newest, cause=Cause.WAIVERS, assessment_id=assessment_id, by=by.key)
    return BulkResult(outcomes, run)


async def unwaive_finding(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    finding: str,
    choice: VmChoice,
    *,
    assessment_id: AssessmentId,
    by: Principal,
) -> BulkResult:
    """The finding counts again for the VMs of ``choice``; those that no import has any more too,
    if they are given by id.

    Raises:
        NotFound: nothing has been assessed yet.
    """
    newest = await tx.store.newest_held(project_id)
    known = {vm.id for vm in await tx.store.vms.choose(project_id, choice)}
    asked: list[VmId] = (
        sorted(known) if choice.vm_ids is None else list(dict.fromkeys(choice.vm_ids))
    )
    waivers = await tx.store.waivers.of(project_id, asked)
    outcomes = {
        id_: Outcome.CHANGED
        if finding in waivers.get(id_, {})
        else Outcome.UNCHANGED
        if id_ in known
        else Outcome.NOT_FOUND
        for id_ in asked
    }
    changed = [id_ for id_, what in outcomes.items() if what is Outcome.CHANGED]
    if not changed:
        return BulkResult(outcomes, newest)
    notes = sorted({waivers[id_][finding].note for id_ in changed})
    await tx.store.waivers.remove(project_id, finding, changed)
    await tx.audit(
        "finding.unwaived",
        by=by,
        subject=_subject(project_id, finding),
        before={"notes": notes[:10]},
        after=audited_vms(changed, choice) | {"finding": finding},
    )
    run = await reassess(tx, newest, cause=Cause.WAIVERS, assessment_id=assessment_id, by=by.key)
    return BulkResult(outcomes, run)


def _subject(project_id: ProjectId, finding: str) -> str:
    return f"projects/{project_id}/assessment/findings/{finding}"
