"""A bus inside PostgreSQL, for installations that run as one process.

Each queue is a set of rows. A consumer has a session of its own: its number, held as a session
advisory lock, is written on the rows it handles, and a row whose number nobody holds is free again.
So the server itself notices a dead consumer, as a broker notices a lost connection; there are no
leases and no clocks. NOTIFY wakes consumers early; they look once a second regardless.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final
from uuid import UUID

import asyncpg
import orjson
import structlog

from shared.bus.backoff import Backoff, wait_at_most
from shared.bus.in_flight import Fate, InFlight
from shared.bus.ports import (
    CONFIRM_TIMEOUT_S,
    DEFAULT_PREFETCH,
    DRAIN_S,
    MAX_DELIVERIES,
    START_PATIENCE_S,
    DeadLetter,
    Delivery,
    Handler,
    Message,
    PublishError,
    Unconfirmed,
    Unroutable,
)
from shared.bus.postgres_schema import CHANNEL, LOCK_CLASS, SCHEMA, bring_up_to_date
from shared.bus.topology import TOPOLOGY, Topology
from shared.db.engine import close_raw, raw_connection, unavailable_when_lost
from shared.kernel.errors import Unavailable

_log = structlog.stdlib.get_logger(__name__)

_POLL_S: Final = 1.0
_CLOSE_TIMEOUT_S: Final = 2.0

_DECLARE: Final = """
INSERT INTO bindings (type, queue)
SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING
"""

_PUBLISH: Final = """
WITH incoming AS MATERIALIZED (
    SELECT * FROM unnest($1::uuid[], $2::text[], $3::bytea[], $4::jsonb[]) WITH ORDINALITY
        AS m (message_id, type, body, headers, position)
), stored AS (
    INSERT INTO messages (queue, message_id, type, body, headers)
    SELECT b.queue, i.message_id, i.type, i.body, i.headers
    FROM incoming AS i JOIN bindings AS b USING (type)
    ORDER BY i.position, b.queue
)
SELECT EXISTS (SELECT FROM bindings AS b WHERE b.type = i.type) AS is_routed
FROM incoming AS i ORDER BY i.position
"""

_FREE_THE_ROWS_OF_THE_DEAD: Final = """
WITH lost AS MATERIALIZED (
    SELECT seq FROM messages
    WHERE queue = $1 AND consumer IS NOT NULL AND consumer <> ALL (ARRAY(
        SELECT objid::bigint::integer FROM pg_locks
        WHERE locktype = 'advisory' AND classid::bigint = $2 AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    ))
    FOR UPDATE SKIP LOCKED
), exhausted AS (
    DELETE FROM messages AS m USING lost
    WHERE m.seq = lost.seq AND m.deliveries >= $3
    RETURNING m.*
), dead AS (
    INSERT INTO dead_letters
        (queue, message_id, type, body, headers, deliveries, reason, enqueued_at)
    SELECT queue, message_id, type, body, headers, deliveries, 'delivery_limit', enqueued_at
    FROM exhausted ORDER BY seq
)
UPDATE messages AS m SET consumer = NULL
FROM lost WHERE m.seq = lost.seq AND m.deliveries < $3
"""

_CLAIM: Final = """
WITH next AS MATERIALIZED (
    SELECT seq FROM messages WHERE queue = $1 AND consumer IS NULL
    ORDER BY seq LIMIT $3 FOR UPDATE SKIP LOCKED
)
UPDATE messages AS m SET consumer = $2, deliveries = m.deliveries + 1
FROM next WHERE m.seq = next.seq
RETURNING m.seq, m.message_id, m.type, m.body, m.headers, m.deliveries
"""

_ACKNOWLEDGE: Final = "DELETE FROM messages WHERE seq = $1 AND consumer = $2"

_RETURN: Final = "UPDATE messages SET consumer = NULL WHERE seq = $1 AND consumer = $2"

_BURY: Final = """
WITH gone AS (DELETE FROM messages WHERE seq = $1 AND consumer = $2 RETURNING *)
INSERT INTO dead_letters (queue, message_id, type, body, headers, deliveries, reason, enqueued_at)
SELECT queue, message_id, type, body, headers, deliveries, $3, enqueued_at FROM gone
"""

_REPLAY: Final = """
WITH risen AS (
    DELETE FROM dead_letters WHERE queue = $1 AND message_id = ANY ($2::uuid[]) RETURNING *
)
INSERT INTO messages (queue, message_id, type, body, headers)
SELECT queue, message_id, type, body, headers FROM risen ORDER BY id
RETURNING message_id
"""

_RETURN_UNTOUCHED: Final = """
UPDATE messages SET consumer = NULL, deliveries = deliveries - 1 WHERE queue = $1 AND consumer = $2
"""


class PostgresBus:
    """The bus over schema ``bus``; ``dsn`` belongs to the role that owns it."""

    def __init__(
        self, dsn: str, *, topology: Topology = TOPOLOGY, drain_s: float = DRAIN_S
    ) -> None:
        self._dsn = dsn
        self._topology = topology
        self._drain_s = drain_s
        self._publisher: asyncpg.Connection | None = None
        self._publishing = asyncio.Lock()
        self._ready = asyncio.Event()
        self._preparing: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """See :class:`~shared.bus.ports.Bus`. Also brings the schema up to date."""
        self._preparing = asyncio.create_task(self._prepare(), name="prepare postgres bus")
        await asyncio.wait({self._preparing}, timeout=START_PATIENCE_S)
        if self._preparing.done():
            self._preparing.result()

    async def _prepare(self) -> None:
        backoff = Backoff(first_s=0.2, most_s=5)
        while True:
            try:
                await self._statement(self._declare)
            except Unavailable as error:
                _log.warning("bus not reached", error=error.detail)
                await asyncio.sleep(backoff.next_s())
            else:
                self._ready.set()
                return

    async def _declare(self, connection: asyncpg.Connection) -> None:
        await bring_up_to_date(connection)
        subscriptions = self._topology.subscriptions
        await connection.execute(
            _DECLARE, [s.event for s in subscriptions], [s.queue for s in subscriptions]
        )

    async def close(self) -> None:
        """See :class:`~shared.bus.ports.Bus`."""
        if self._preparing is not None:
            self._preparing.cancel()
            await asyncio.wait({self._preparing})
        async with self._publishing:
            if self._publisher is not None:
                await close_raw(self._publisher)
                self._publisher = None

    async def publish(self, messages: Sequence[Message]) -> list[PublishError | None]:
        """See :class:`~shared.bus.ports.Bus`. The messages are stored together or not at all."""
        if not messages:
            return []
        if not self._ready.is_set():
            return [Unconfirmed("The bus has not been reached yet.") for _ in messages]

        async def insert(connection: asyncpg.Connection) -> list[asyncpg.Record]:
            return await connection.fetch(
                _PUBLISH,
                [message.id for message in messages],
                [message.type for message in messages],
                [message.body for message in messages],
                [orjson.dumps(dict(message.headers)).decode() for message in messages],
            )

        try:
            rows = await self._statement(insert)
        except Unavailable as error:
            return [Unconfirmed(error.detail) for _ in messages]
        return [
            None if row["is_routed"] else Unroutable(f"No queue is bound to {message.type}.")
            for message, row in zip(messages, rows, strict=True)
        ]

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = DEFAULT_PREFETCH
    ) -> None:
        """See :class:`~shared.bus.ports.Bus`."""
        in_flight = InFlight(handler, limit=prefetch, drain_s=self._drain_s)
        backoff = Backoff(first_s=0.2, most_s=5)
        try:
            await self._ready.wait()
            while True:
                try:
                    async with self._session(queue) as session:
                        backoff.reset()
                        await session.run(in_flight)
                except Unavailable as error:
                    _log.warning("bus consumer lost", queue=queue, error=error.detail)
                await asyncio.sleep(backoff.next_s())
        finally:
            await in_flight.drain()

    async def dead_letters(self, queue: str, *, limit: int | None = None) -> list[DeadLetter]:
        """See :class:`~shared.bus.ports.Bus`."""
        rows = await self._statement(
            lambda connection: connection.fetch(
                "SELECT message_id, type, body, headers, reason, died_at FROM dead_letters"
                " WHERE queue = $1 ORDER BY id LIMIT $2",
                queue,
                limit,
            )
        )
        return [DeadLetter(_message(row), row["reason"], row["died_at"]) for row in rows]

    async def replay(self, queue: str, ids: Collection[UUID]) -> dict[UUID, PublishError | None]:
        """See :class:`~shared.bus.ports.Bus`. All in one transaction, into this queue only."""
        rows = await self._statement(lambda connection: connection.fetch(_REPLAY, queue, list(ids)))
        return {row["message_id"]: None for row in rows}

    async def dead_letter_count(self, queue: str) -> int:
        """See :class:`~shared.bus.ports.Bus`."""
        count: int = await self._statement(
            lambda connection: connection.fetchval(
                "SELECT count(*) FROM dead_letters WHERE queue = $1", queue
            )
        )
        return count

    async def healthy(self) -> bool:
        """See :class:`~shared.bus.ports.Bus`."""
        try:
            await self._statement(lambda connection: connection.fetchval("SELECT 1"))
        except Unavailable:
            return False
        return self._ready.is_set()

    async def _statement(self, work: Callable[[asyncpg.Connection], Awaitable[Any]]) -> Any:
        """Run ``work`` on the publishing connection, made anew when it was lost."""
        with unavailable_when_lost():
            async with asyncio.timeout(CONFIRM_TIMEOUT_S), self._publishing:
                if self._publisher is None or self._publisher.is_closed():
                    self._publisher = await raw_connection(self._dsn, schema=SCHEMA)
                try:
                    return await work(self._publisher)
                except BaseException:
                    # Whatever went wrong: a new connection is cheaper than to know its state.
                    self._publisher.terminate()
                    raise

    @asynccontextmanager
    async def _session(self, queue: str) -> AsyncIterator["_Session"]:
        connection = await raw_connection(self._dsn, schema=SCHEMA)
        try:
            with unavailable_when_lost():
                session = await _Session.open(connection, queue)
            try:
                yield session
            finally:
                await session.give_back()
        finally:
            await close_raw(connection)


class _Session:
    """One consumer's connection: what it claims is its own until the connection ends."""

    def __init__(self, connection: asyncpg.Connection, queue: str, number: int) -> None:
        self._connection = connection
        self._queue = queue
        self._number = number
        self._turn = asyncio.Lock()
        # One event per consumer: an event shared by several loses wake-ups.
        self._wake = asyncio.Event()

    @classmethod
    async def open(cls, connection: asyncpg.Connection, queue: str) -> "_Session":
        # A claim or an acknowledgement that a server crash undoes is only a repeated delivery.
        await connection.execute("SET synchronous_commit = off")
        number = await connection.fetchval("SELECT nextval('consumer_numbers')::integer")
        await connection.execute("SELECT pg_advisory_lock($1, $2)", LOCK_CLASS, number)
        session = cls(connection, queue, number)
        connection.add_termination_listener(lambda *_: session._wake.set())
        await connection.add_listener(CHANNEL, session._on_notify)
        return session

    def _on_notify(self, _connection: object, _pid: int, _channel: str, queue: object) -> None:
        if queue == self._queue:
            self._wake.set()

    async def run(self, in_flight: InFlight) -> None:
        """Claim and hand over until cancelled; then let running handlers end.

        Raises:
            Unavailable: the connection is lost. Running handlers go on; what they did not get
                acknowledged is delivered again.
        """
        next_sweep = 0.0
        try:
            while True:
                self._wake.clear()
                if time.monotonic() >= next_sweep:
                    await self._execute(
                        _FREE_THE_ROWS_OF_THE_DEAD, self._queue, LOCK_CLASS, MAX_DELIVERIES
                    )
                    next_sweep = time.monotonic() + _POLL_S
                while in_flight.free and await self._claim(in_flight):
                    pass
                await wait_at_most(_POLL_S, self._wake)
        except asyncio.CancelledError:
            await in_flight.drain()
            raise

    async def _claim(self, in_flight: InFlight) -> bool:
        """Begin the next deliveries; whether there may be more."""
        wanted = in_flight.free
        async with self._turn:
            with unavailable_when_lost():
                rows = await self._connection.fetch(_CLAIM, self._queue, self._number, wanted)
        for row in sorted(rows, key=lambda row: row["seq"]):
            in_flight.begin(
                Delivery(_message(row), self._queue, delivery_count=row["deliveries"]),
                partial(self._settle, seq=row["seq"], deliveries=row["deliveries"]),
                ended=self._wake.set,
            )
        return len(rows) == wanted

    async def _settle(self, fate: Fate, *, seq: int, deliveries: int) -> None:
        try:
            match fate:
                case Fate.DONE:
                    await self._execute(_ACKNOWLEDGE, seq, self._number)
                case Fate.RETRY if deliveries < MAX_DELIVERIES:
                    await self._execute(_RETURN, seq, self._number)
                case Fate.RETRY:
                    await self._execute(_BURY, seq, self._number, "delivery_limit")
                case Fate.DEAD:
                    await self._execute(_BURY, seq, self._number, "rejected")
        except Unavailable as error:
            _log.warning("delivery not settled", queue=self._queue, error=error.detail)

    async def _execute(self, statement: str, *arguments: object) -> None:
        async with self._turn:
            with unavailable_when_lost():
                await self._connection.execute(statement, *arguments)

    async def give_back(self) -> None:
        """Return what is still claimed, as if it had not been delivered."""
        with suppress(Unavailable, TimeoutError):
            async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                await self._execute(_RETURN_UNTOUCHED, self._queue, self._number)


def _message(row: asyncpg.Record) -> Message:
    return Message(
        id=row["message_id"],
        type=row["type"],
        body=row["body"],
        headers=orjson.loads(row["headers"]),
    )
