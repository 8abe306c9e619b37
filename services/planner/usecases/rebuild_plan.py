"""Make the plan again, with the settings as they are when the job runs."""

from services.planner.domain.errors import NothingToPlan
from services.planner.usecases.note_assessment import queue_build
from services.planner.usecases.ports import PlannerStore
from shared.auth.principal import Principal
from shared.db.uow import Transaction
from shared.kernel.ids import JobId, ProjectId


async def rebuild_plan(
    tx: Transaction[PlannerStore], project_id: ProjectId, *, by: Principal
) -> JobId:
    """Queue a new plan of the newest assessment.

    Raises:
        NothingToPlan: no assessment has arrived yet.
    """
    current = await tx.store.current_plan(project_id)
    if current is None:
        raise NothingToPlan(
            "This project has no assessed inventory yet. Import a workbook; the first plan is then "
            "made by itself."
        )
    assessment = current.assessment
    job_id = await queue_build(tx, project_id, assessment.assessment_id, created_by=by.key)
    await tx.store.plan_with(project_id, assessment, job_id)
    await tx.audit(
        "plan.rebuild_requested",
        by=by,
        subject=f"projects/{project_id}/plan",
        after={"operation_id": str(job_id), "assessment_number": assessment.assessment_number},
    )
    return job_id
