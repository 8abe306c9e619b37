"""Previews of rules in PostgreSQL."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.errors import PREVIEW_NOT_FOUND
from services.assessment.domain.rule_set import rule_set_from_json, rule_set_json
from services.assessment.persistence.tables import rule_previews
from services.assessment.usecases.decision_ports import Preview
from shared.kernel.errors import NotFound
from shared.kernel.ids import AssessmentId, JobId, PreviewId, ProjectId

KEPT: Final = timedelta(days=1)
"""A preview is for deciding now: the estate and the rules go on."""


class PostgresPreviewStore:
    """Previews inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add(self, preview: Preview) -> None:
        """Add one without a result; those of the project that are older than a day go."""
        await self._connection.execute(
            delete(rule_previews).where(
                rule_previews.c.project_id == preview.project_id,
                rule_previews.c.requested_at < func.now() - KEPT,
            )
        )
        await self._connection.execute(
            insert(rule_previews).values(
                id=preview.id,
                project_id=preview.project_id,
                assessment_id=preview.assessment_id,
                job_id=preview.job_id,
                based_on=preview.based_on,
                rules=rule_set_json(preview.rules),
            )
        )

    async def get(self, preview_id: PreviewId) -> Preview:
        """The preview. Raises NotFound."""
        row = (
            await self._connection.execute(
                select(rule_previews).where(rule_previews.c.id == preview_id)
            )
        ).one_or_none()
        if row is None:
            raise NotFound(
                "There is no such preview. They are kept for a day at most; ask for a new one.",
                code=PREVIEW_NOT_FOUND,
            )
        return Preview(
            id=PreviewId(row.id),
            project_id=ProjectId(row.project_id),
            assessment_id=AssessmentId(row.assessment_id),
            job_id=JobId(row.job_id),
            based_on=row.based_on,
            rules=rule_set_from_json(row.rules),
            result=row.result,
        )

    async def answer(self, preview_id: PreviewId, result: Mapping[str, Any]) -> None:
        """Store the result."""
        await self._connection.execute(
            update(rule_previews)
            .where(rule_previews.c.id == preview_id)
            .values(result=dict(result))
        )

    async def forget(self, project_id: ProjectId) -> Sequence[UUID]:
        """Remove the project's previews; gives their jobs."""
        job_ids = await self._connection.scalars(
            delete(rule_previews)
            .where(rule_previews.c.project_id == project_id)
            .returning(rule_previews.c.job_id)
        )
        return sorted(job_ids)
