"""One active process per name: whoever holds the session advisory lock leads.

The lock lives on a connection of its own and dies with it. A leader that is cut off from the
database may go on for a moment beside its successor, so what leaders do must be harmless twice.
"""

from collections.abc import Awaitable, Callable

import asyncpg

from shared.db.engine import close_raw, unavailable_when_lost
from shared.db.uow import Database


class Leader:
    """A candidate for ``name`` in this database (the whole database, so include the service).

    ``on_connect`` prepares each new connection, e.g. makes it LISTEN; the connection is kept
    while waiting to lead, too.
    """

    def __init__(
        self,
        db: Database,
        name: str,
        *,
        on_connect: Callable[[asyncpg.Connection], Awaitable[None]] | None = None,
    ) -> None:
        self._db = db
        self._name = name
        self._on_connect = on_connect
        self._connection: asyncpg.Connection | None = None
        self._leads = False

    async def leads(self) -> bool:
        """Whether this process leads now, trying to become leader if nobody is.

        Cheap while leading; call it before each round of work. After a lost connection it
        connects again.

        Raises:
            Unavailable: the database cannot be reached, so nobody knows who leads.
        """
        with unavailable_when_lost():
            if self._connection is None or self._connection.is_closed():
                self._leads = False
                self._connection = await self._db.connect()
                if self._on_connect is not None:
                    await self._on_connect(self._connection)
            if not self._leads:
                self._leads = await self._connection.fetchval(
                    "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", self._name
                )
            return self._leads

    async def close(self) -> None:
        """Lets another process lead at once. Safe to repeat."""
        connection, self._connection, self._leads = self._connection, None, False
        if connection is not None:
            await close_raw(connection)
