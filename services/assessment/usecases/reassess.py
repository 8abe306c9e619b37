"""Assess the newest inventory again, because somebody has decided something."""

from services.assessment.domain.runs import AssessmentRun, Cause
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.queue_assessment import JOB_KIND
from shared.db.uow import Transaction
from shared.kernel.ids import AssessmentId


async def reassess(
    tx: Transaction[AssessmentStore],
    newest: AssessmentRun | None,
    *,
    cause: Cause,
    assessment_id: AssessmentId,
    by: str,
) -> AssessmentRun | None:
    """Make sure that an assessment follows that knows what this transaction has changed.

    ``newest`` is the project's, from ``newest_held`` before the first change: until this
    transaction ends, its worker can neither begin nor store. One that has not begun will read the
    change, so many changes share one; one that has begun is stopped, and another is queued. Gives
    the assessment that will show the change; None before the first import, and after a clearing.
    """
    if newest is None or newest.is_forgotten:
        return None
    if await tx.store.can_begin(newest):
        return newest
    inventory = newest.inventory
    job_id = await tx.enqueue(
        JOB_KIND,
        subject=f"projects/{inventory.project_id}/assessments/{assessment_id}",
        payload={"assessment_id": str(assessment_id)},
        created_by=by,
    )
    run = AssessmentRun(
        id=assessment_id,
        number=newest.number + 1,
        inventory=inventory,
        job_id=job_id,
        cause=cause,
    )
    await tx.store.add(run)
    await tx.store.supersede(inventory.project_id, before=run.number)
    return run
