"""Note that a project has been assessed, and queue the plan that follows from it."""

from typing import Final

from services.planner.domain.snapshot import BasedOn
from services.planner.usecases.ports import Assessment, PlannerStore
from shared.db.uow import Transaction
from shared.kernel.ids import AssessmentId, JobId, ProjectId

BUILD_PLAN: Final = "build_plan"
"""The kind of the job; its payload is ``{"assessment_id"}``."""


async def note_assessment(tx: Transaction[PlannerStore], assessment: Assessment) -> JobId | None:
    """Make ``assessment`` the project's newest and queue its plan, once.

    Safe to repeat and in any order: one that is not of a newer inventory, nor a newer assessment of
    the same one, changes nothing, and the answer is None.
    """
    project_id, based_on = assessment.project_id, assessment.based_on
    current = await tx.store.current_plan(project_id)
    if current is not None and _age(current.assessment) >= _age(based_on):
        return None
    await tx.store.announce(assessment)
    job_id = await queue_build(
        tx,
        project_id,
        based_on.assessment_id,
        key=f"{BUILD_PLAN}:{based_on.assessment_id}",
    )
    await tx.store.plan_with(project_id, based_on, job_id)
    return job_id


async def queue_build(
    tx: Transaction[PlannerStore],
    project_id: ProjectId,
    assessment_id: AssessmentId,
    *,
    key: str | None = None,
    created_by: str | None = None,
) -> JobId:
    """Queue the job that merges what is missing of the assessment and makes a plan of it."""
    return await tx.enqueue(
        BUILD_PLAN,
        subject=f"projects/{project_id}/plan",
        payload={"assessment_id": str(assessment_id)},
        key=key,
        created_by=created_by,
    )


def _age(based_on: BasedOn) -> tuple[int, int]:
    return based_on.inventory_number, based_on.assessment_number
