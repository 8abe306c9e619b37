"""Queue the assessment of an inventory."""

from typing import Final

from services.assessment.domain.runs import AssessmentRun, Inventory, is_news
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.take_back import take_back
from shared.db.uow import Transaction
from shared.kernel.ids import AssessmentId

JOB_KIND: Final = "assess_inventory"


async def queue_assessment(
    tx: Transaction[AssessmentStore],
    inventory: Inventory,
    *,
    assessment_id: AssessmentId,
    is_clean_slate: bool = False,
) -> AssessmentRun | None:
    """Queue a job that assesses ``inventory``; unfinished assessments of older ones are stopped.

    On a clean slate, what people decided of VMs, tenants and networks goes; rules stay. Safe to
    repeat and in any order: an inventory that is not newer than the newest one seen gives None and
    changes nothing.
    """
    newest = await tx.store.newest_held(inventory.project_id)
    if not is_news(inventory, newest):
        return None
    if is_clean_slate:
        await take_back(tx.store, inventory.project_id)
    job_id = await tx.enqueue(
        JOB_KIND,
        subject=f"projects/{inventory.project_id}/assessments/{assessment_id}",
        payload={"assessment_id": str(assessment_id)},
        key=f"inventory/{inventory.id}",
    )
    number = 1 if newest is None else newest.number + 1
    run = AssessmentRun(id=assessment_id, number=number, inventory=inventory, job_id=job_id)
    await tx.store.add(run)
    await tx.store.supersede(inventory.project_id, before=number)
    return run
