"""``assessment.completed``: the project has new facts to plan with."""

from services.planner.domain.snapshot import BasedOn
from services.planner.usecases.note_assessment import note_assessment
from services.planner.usecases.ports import Assessment, PlannerStore
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.envelope import Envelope
from shared.db import project_marks
from shared.db.uow import Transaction
from shared.kernel.ids import AssessmentId, InventoryId, ProjectId


async def on_assessment_completed(
    event: AssessmentCompleted, envelope: Envelope, tx: Transaction[PlannerStore]
) -> None:
    """Queues the job that merges the assessment and builds a plan of it.

    Safe twice: the job has the assessment's key. Late: an assessment that is not the newest
    changes nothing, nor does one of an inventory that was cleared away.
    """
    del envelope
    if await project_marks.is_gone(tx.connection, event.project_id, event.inventory_number):
        return
    await note_assessment(
        tx,
        Assessment(
            project_id=ProjectId(event.project_id),
            based_on=BasedOn(
                inventory_id=InventoryId(event.inventory_id),
                inventory_number=event.inventory_number,
                assessment_id=AssessmentId(event.assessment_id),
                assessment_number=event.assessment_number,
                imported_at=event.imported_at,
                digest=event.snapshot.digest,
            ),
            snapshot=event.snapshot,
        ),
    )
