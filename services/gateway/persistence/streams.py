"""The projects' streams of facts in PostgreSQL."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.gateway.domain.streams import StreamFact, StreamWindow
from services.gateway.persistence.tables import stream_facts, stream_positions

STREAM_CHANNEL: Final = "gateway_stream"
"""Notified with the project's id when a fact of it is committed."""


class PostgresStreamStore:
    """The tables of the streams inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def append(
        self, project_id: UUID, event_id: UUID, *, kind: str, subject: str, version: int
    ) -> bool:
        """Give the event the next position in its project's stream; False if it has one already.

        Positions come from a row that stays locked until the commit, not from a sequence, which
        hands its numbers out before: a reader that has seen 8 would pass over a 7 that commits
        later.
        """
        await self._connection.execute(
            upsert(stream_positions).values(project_id=project_id, last=0).on_conflict_do_nothing()
        )
        this_project = stream_positions.c.project_id == project_id
        locked = await self._connection.execute(
            select(stream_positions.c.last).where(this_project).with_for_update(key_share=True)
        )
        last = locked.scalar_one()
        known = select(exists().where(stream_facts.c.event_id == event_id))
        if await self._connection.scalar(known):
            return False
        await self._connection.execute(
            insert(stream_facts).values(
                project_id=project_id,
                position=last + 1,
                event_id=event_id,
                type=kind,
                subject=subject,
                version=version,
                stored_at=func.now(),
            )
        )
        await self._connection.execute(
            update(stream_positions).where(this_project).values(last=last + 1)
        )
        return True

    async def forget_older_than(self, age: timedelta) -> int:
        """Forget the facts of all streams that were stored longer ago; how many there were.

        Their positions are never given again.
        """
        result = await self._connection.execute(
            delete(stream_facts).where(stream_facts.c.stored_at < func.now() - age)
        )
        return result.rowcount


async def stream_after(
    connection: AsyncConnection, project_id: UUID, *, position: int, limit: int
) -> StreamWindow:
    """The next facts of a project after ``position``, and how far its stream has come.

    ``connection`` shows one state of the database (``Database.read``).
    """
    last = await connection.scalar(
        select(stream_positions.c.last).where(stream_positions.c.project_id == project_id)
    )
    if last is None or last <= position:
        return StreamWindow(last or 0, [])
    rows = await connection.execute(
        select(
            stream_facts.c.position,
            stream_facts.c.type,
            stream_facts.c.subject,
            stream_facts.c.version,
        )
        .where(stream_facts.c.project_id == project_id, stream_facts.c.position > position)
        .order_by(stream_facts.c.position)
        .limit(limit)
    )
    return StreamWindow(
        last, [StreamFact(row.position, row.type, row.subject, row.version) for row in rows]
    )


async def stream_end(connection: AsyncConnection, project_id: UUID) -> int:
    """How far a project's stream has come; 0 when nothing has happened."""
    last = await connection.scalar(
        select(stream_positions.c.last).where(stream_positions.c.project_id == project_id)
    )
    return last or 0
