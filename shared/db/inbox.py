"""The inbox: which messages this service has handled, written with the effect of handling them."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.tables import TABLES

KEPT: Final = timedelta(days=30)
"""Longer than any replay."""

_inbox = TABLES.inbox


async def first_time(connection: AsyncConnection, *, consumer: str, message_id: UUID) -> bool:
    """Records the message for ``consumer``; False if that was done before.

    Called first in the handler's transaction: if that rolls back, so does the record. Of two
    deliveries at once, the second waits here for the first one's outcome.
    """
    result = await connection.execute(
        insert(_inbox).values(consumer=consumer, message_id=message_id).on_conflict_do_nothing()
    )
    return result.rowcount == 1


async def prune(connection: AsyncConnection) -> int:
    """Forgets messages received more than 30 days ago; returns how many."""
    result = await connection.execute(
        delete(_inbox).where(_inbox.c.received_at < func.now() - KEPT)
    )
    return result.rowcount
