"""What must be true of the rows, looked at while the platform runs.

An invariant only reads. A row that contradicts it is a mistake of ours or damage from outside, and
is left as it is for a person to look at. The one here holds in every service; a service adds its
own in ``persistence/invariants.py``.
"""

from datetime import timedelta
from typing import Final, Protocol

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.outbox import is_blocked
from shared.db.tables import TABLES

_PATIENCE: Final = timedelta(seconds=60)


class Invariant(Protocol):
    """One sentence about the rows of a service."""

    name: str
    """The sentence in words_with_underscores: a label of metrics, and a page in its runbook."""

    async def violations(self, connection: AsyncConnection) -> int:
        """How many rows contradict it."""
        ...


class OutboxIsPublished:
    """No fact waits for more than a minute, unless its aggregate is blocked (told elsewhere)."""

    name = "outbox_is_published_within_60_s"

    async def violations(self, connection: AsyncConnection) -> int:
        """How many facts wait longer."""
        outbox = TABLES.outbox
        late = select(func.count()).where(
            outbox.c.published_at.is_(None),
            ~is_blocked(),
            outbox.c.created_at < func.clock_timestamp() - _PATIENCE,
        )
        return await connection.scalar(late) or 0


MECHANISM: Final[tuple[Invariant, ...]] = (OutboxIsPublished(),)
"""The invariants of every service."""
