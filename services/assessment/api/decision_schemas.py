"""What every decision answers with: the assessment that will show it."""

from typing import Self
from uuid import UUID

from pydantic import Field

from services.assessment.domain.runs import AssessmentRun
from shared.http.models import ReplyModel
from shared.http.operations import operation_path


class FollowingAssessment(ReplyModel):
    """The assessment that knows of a decision; several decisions may share one."""

    assessment_id: UUID
    number: int = Field(description="Lists show the decision once this one is complete")
    operation: str = Field(description="Path of the operation: watch, cancel, retry")

    @classmethod
    def of(cls, run: AssessmentRun | None) -> Self | None:
        """``run`` as a reply; None before the first import, and after a clearing."""
        if run is None or run.is_forgotten:
            return None
        return cls(
            assessment_id=run.id,
            number=run.number,
            operation=operation_path("assessment", run.job_id),
        )
