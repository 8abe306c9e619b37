"""Reads of the API, which change nothing."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.exporter.domain.errors import EXPORT_NOT_FOUND
from services.exporter.domain.exports import Export
from services.exporter.persistence.store import export_from
from services.exporter.persistence.tables import export_chunks, exports
from shared.db import jobs
from shared.db.jobs import Job
from shared.db.uow import Database
from shared.kernel.errors import NotFound
from shared.kernel.ids import ExportId, ProjectId
from shared.kernel.paging import Page, decode_cursor, encode_cursor


@dataclass(frozen=True, slots=True)
class ExportView:
    """An export and the job that renders it."""

    export: Export
    job: Job


async def show_export(
    connection: AsyncConnection, project_id: ProjectId, export_id: ExportId
) -> ExportView:
    """The project's export.

    Raises:
        NotFound: the project has none with this id; code ``export-not-found``.
    """
    row = (
        await connection.execute(
            select(exports).where(exports.c.id == export_id, exports.c.project_id == project_id)
        )
    ).one_or_none()
    if row is None:
        raise NotFound("This project has no such export.", code=EXPORT_NOT_FOUND)
    export = export_from(row)
    return ExportView(export, await jobs.get(connection, export.job_id))


async def list_exports(
    connection: AsyncConnection, project_id: ProjectId, *, cursor: str | None, limit: int
) -> Page[ExportView]:
    """The project's exports, the newest first (their ids grow with time).

    Raises:
        Invalid: the cursor is not one of this list.
    """
    statement = (
        select(exports)
        .where(exports.c.project_id == project_id)
        .order_by(exports.c.id.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        statement = statement.where(exports.c.id < _id_of(cursor))
    found = [export_from(row) for row in await connection.execute(statement)]
    views = [ExportView(e, await jobs.get(connection, e.job_id)) for e in found[:limit]]
    is_last = len(found) <= limit
    return Page(views, None if is_last else encode_cursor(str(views[-1].export.id)))


async def content_chunks(database: Database, export: Export) -> AsyncIterator[bytes]:
    """The content, piece by piece, each in a transaction of its own: a slow reader holds nothing.

    Content never changes once it is there, so the pieces fit together.
    """
    for number in range(export.chunk_count):
        async with database.read() as connection:
            chunk: bytes | None = await connection.scalar(
                select(export_chunks.c.content).where(
                    export_chunks.c.export_id == export.id, export_chunks.c.number == number
                )
            )
        if chunk is None:
            raise NotFound("The content of this export is gone.", code=EXPORT_NOT_FOUND)
        yield chunk


def _id_of(cursor: str) -> UUID:
    (export_id,) = decode_cursor(cursor, UUID)
    return export_id
