"""The outbox: facts written with the change they announce, until the relay has published them.

``seq`` gives the order of insertion. It is never used as a high-water mark: it is handed out
before commit, so a late committer would be skipped; what counts is ``published_at IS NULL``.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.envelope import Envelope
from shared.db.tables import TABLES

MAX_ATTEMPTS: Final = 10
"""So many failures stop a row, and with it the later rows of its aggregate."""
KEPT_AFTER_PUBLISHING: Final = timedelta(days=7)

_outbox = TABLES.outbox


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """One fact to publish. ``aggregate`` is its subject, within which order matters."""

    id: UUID
    aggregate: tuple[str, str]
    envelope: Envelope


async def add(connection: AsyncConnection, envelope: Envelope) -> None:
    """Adds one fact; the relay is notified when the transaction commits."""
    aggregate_type, _, aggregate_id = envelope.subject.partition("/")
    await connection.execute(
        insert(_outbox).values(
            id=envelope.id,
            aggregate_type=aggregate_type,
            aggregate_id=aggregate_id,
            aggregate_version=envelope.aggregateversion,
            type=envelope.type,
            envelope=envelope.model_dump(mode="json", exclude_none=True),
        )
    )


async def unpublished(
    connection: AsyncConnection,
    *,
    limit: int = 200,
    without: Collection[tuple[str, str]] = (),
    with_blocked: bool = False,
) -> Sequence[OutboxRow]:
    """The next rows in order, without those of the aggregates ``without``.

    Nor those of a blocked aggregate, unless ``with_blocked``.
    """
    aggregate = tuple_(_outbox.c.aggregate_type, _outbox.c.aggregate_id)
    wanted = select(
        _outbox.c.id, _outbox.c.aggregate_type, _outbox.c.aggregate_id, _outbox.c.envelope
    ).where(_outbox.c.published_at.is_(None), aggregate.not_in(sorted(without)))
    if not with_blocked:
        wanted = wanted.where(~is_blocked())
    rows = await connection.execute(wanted.order_by(_outbox.c.seq).limit(limit))
    return [
        OutboxRow(
            id=row.id,
            aggregate=(row.aggregate_type, row.aggregate_id),
            envelope=Envelope.model_validate(row.envelope),
        )
        for row in rows
    ]


def is_blocked() -> ColumnElement[bool]:
    """Whether a row, or an earlier one of its aggregate, has failed so often that it stopped."""
    blocked = _outbox.alias("blocked")
    return exists().where(
        blocked.c.published_at.is_(None),
        blocked.c.attempts >= MAX_ATTEMPTS,
        blocked.c.aggregate_type == _outbox.c.aggregate_type,
        blocked.c.aggregate_id == _outbox.c.aggregate_id,
        blocked.c.seq <= _outbox.c.seq,
    )


async def mark_published(connection: AsyncConnection, ids: Sequence[UUID]) -> None:
    """Records that the broker has confirmed these rows. Safe to repeat."""
    await connection.execute(
        update(_outbox)
        .where(_outbox.c.id.in_(ids), _outbox.c.published_at.is_(None))
        .values(published_at=func.now(), last_error=None)
    )


async def mark_failed(connection: AsyncConnection, errors: Mapping[UUID, str]) -> None:
    """Counts one failed attempt for each row, with the reason."""
    if not errors:
        return
    await connection.execute(
        update(_outbox)
        .where(and_(_outbox.c.id == bindparam("row_id"), _outbox.c.published_at.is_(None)))
        .values(attempts=_outbox.c.attempts + 1, last_error=bindparam("reason")),
        [{"row_id": row_id, "reason": reason} for row_id, reason in sorted(errors.items())],
    )


async def prune(connection: AsyncConnection) -> int:
    """Deletes rows published more than 7 days ago; returns how many."""
    result = await connection.execute(
        delete(_outbox).where(_outbox.c.published_at < func.now() - KEPT_AFTER_PUBLISHING)
    )
    return result.rowcount


async def oldest_unpublished_s(connection: AsyncConnection) -> float:
    """Age in seconds of the oldest row not yet published, blocked ones included; 0 if none."""
    age = func.extract("epoch", func.clock_timestamp() - func.min(_outbox.c.created_at))
    seconds = await connection.scalar(select(age).where(_outbox.c.published_at.is_(None)))
    return float(seconds or 0)


async def blocked_aggregates(connection: AsyncConnection) -> int:
    """How many aggregates wait behind a row that has failed too often."""
    blocked = (
        select(_outbox.c.aggregate_type, _outbox.c.aggregate_id)
        .where(_outbox.c.published_at.is_(None), _outbox.c.attempts >= MAX_ATTEMPTS)
        .distinct()
        .subquery()
    )
    return await connection.scalar(select(func.count()).select_from(blocked)) or 0
