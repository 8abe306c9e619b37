"""Exports in PostgreSQL."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict
from typing import Any

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.exporter.domain.errors import EXPORT_NOT_FOUND
from services.exporter.domain.exports import Content, Export, Format, PlanSnapshot
from services.exporter.persistence.tables import export_chunks, exports
from services.exporter.usecases.ports import KnownExport
from shared.db import jobs
from shared.db.jobs import JobState
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import ExportId, JobId, ProjectId, SnapshotId


class PostgresExportStore:
    """The exporter's tables inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def find(
        self, project_id: ProjectId, snapshot: PlanSnapshot, format_: Format, template_version: int
    ) -> KnownExport | None:
        """The project's export of this plan; asking for one plan goes one after another."""
        name = f"{project_id}/{snapshot.digest}/{format_}"
        await self._connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(name, 0)))
        )
        row = (
            await self._connection.execute(
                select(exports).where(
                    exports.c.project_id == project_id,
                    exports.c.snapshot_digest == snapshot.digest,
                    exports.c.format == format_,
                    exports.c.template_version == template_version,
                )
            )
        ).one_or_none()
        if row is None:
            return None
        export = export_from(row)
        job = await jobs.get(self._connection, export.job_id)
        has_failed = job.state in (JobState.FAILED, JobState.CANCELLED)
        return KnownExport(export, has_failed=has_failed and export.content is None)

    async def add(self, export: Export) -> None:
        """Add an export that is not rendered."""
        await self._connection.execute(
            insert(exports).values(
                id=export.id,
                project_id=export.project_id,
                snapshot_id=export.snapshot.id,
                snapshot_digest=export.snapshot.digest,
                format=export.format,
                template_version=export.template_version,
                job_id=export.job_id,
                requested_by=export.requested_by,
                requested_at=export.requested_at,
            )
        )

    async def set_job(self, export_id: ExportId, job_id: JobId) -> None:
        """Another job renders it now."""
        await self._connection.execute(
            update(exports).where(exports.c.id == export_id).values(job_id=job_id)
        )

    async def get(self, export_id: ExportId) -> Export:
        """The export. Raises NotFound."""
        row = (
            await self._connection.execute(select(exports).where(exports.c.id == export_id))
        ).one_or_none()
        if row is None:
            raise NotFound(f"There is no export {export_id}.", code=EXPORT_NOT_FOUND)
        return export_from(row)

    async def complete(
        self, export_id: ExportId, content: Content, chunks: Iterable[bytes]
    ) -> None:
        """Store what was rendered, one statement a piece."""
        for number, chunk in enumerate(chunks):
            await self._connection.execute(
                insert(export_chunks).values(export_id=export_id, number=number, content=chunk)
            )
        await self._connection.execute(
            update(exports).where(exports.c.id == export_id).values(asdict(content))
        )

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove the project's exports, whatever plan they show: one that is still wanted can be
        asked for again."""
        del through
        gone = exports.c.project_id == project_id
        job_ids = await self._connection.scalars(select(exports.c.job_id).where(gone))
        for job_id in job_ids.all():
            with suppress(Conflict):  # it has ended
                await jobs.cancel(self._connection, JobId(job_id))
        await self._connection.execute(delete(exports).where(gone))


def export_from(row: Row[Any]) -> Export:
    """The export in a row of the table."""
    content = None
    if row.completed_at is not None:
        content = Content(
            size_bytes=row.size_bytes, sha256=row.sha256, completed_at=row.completed_at
        )
    return Export(
        id=ExportId(row.id),
        project_id=ProjectId(row.project_id),
        snapshot=PlanSnapshot(SnapshotId(row.snapshot_id), row.snapshot_digest),
        format=Format(row.format),
        template_version=row.template_version,
        job_id=JobId(row.job_id),
        requested_by=row.requested_by,
        requested_at=row.requested_at,
        content=content,
    )
