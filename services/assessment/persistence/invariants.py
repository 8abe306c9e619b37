"""What must be true of the assessment's rows (see :mod:`shared.db.invariants`)."""

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.persistence.tables import assessments, snapshot_pages


class CompleteAssessmentHasPages:
    """A completed assessment can be pulled: its manifest and each page that the manifest lists."""

    name = "complete_assessment_has_its_pages"

    async def violations(self, connection: AsyncConnection) -> int:
        """How many completed assessments lack pages."""
        listed = func.jsonb_array_length(assessments.c.manifest["page_sha256"])
        pages = (
            select(func.count())
            .where(snapshot_pages.c.assessment_id == assessments.c.id)
            .scalar_subquery()
        )
        broken = select(func.count()).where(
            assessments.c.completed_at.is_not(None),
            or_(assessments.c.manifest.is_(None), listed != pages),
        )
        return await connection.scalar(broken) or 0
