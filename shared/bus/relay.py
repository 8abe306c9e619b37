"""From the outbox to the bus: one relay per service, in order within each aggregate.

A row counts as published when the bus has confirmed it; a crash between the two publishes it again
with the same id. The rows of one aggregate go one after another, those of different aggregates
together. An outage of the bus or the database is waited out and is nobody's failure; a row that the
bus refuses counts its failures, rests longer each time, and stops only its own aggregate.
"""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Sequence
from enum import Enum
from typing import Final

import asyncpg
import structlog

from shared.bus.backoff import Backoff, wait_at_most
from shared.bus.ports import Bus, Message, PublishError, Unconfirmed
from shared.db import idempotency, inbox, outbox
from shared.db.ddl import outbox_channel
from shared.db.leader import Leader
from shared.db.outbox import OutboxRow
from shared.db.uow import Database
from shared.kernel.errors import Unavailable
from shared.observability import tracing
from shared.observability.failpoints import (
    RELAY_BEFORE_PUBLISH,
    RELAY_PUBLISHED_NOT_MARKED,
    failpoint,
)

POLL_S: Final = 1.0
BATCH: Final = 200
PRUNE_EVERY_S: Final = 3600.0
_OUTAGE_MOST_S: Final = 5.0
_RESTING_MOST_S: Final = 30.0

_log = structlog.stdlib.get_logger(__name__)

Aggregate = tuple[str, str]


class _Outcome(Enum):
    """What a batch tells about the next one."""

    MORE = "more"
    IDLE = "idle"
    OUTAGE = "outage"


class Relay:
    """Publishes the outbox of ``db``'s service. Every process of the service may run one.

    ``first_rest_s`` is how long an aggregate rests after its first failure (doubled up to 30 s);
    after 10 failures it is blocked, and tried again every ``blocked_rest_s``: once its cause is
    mended it flows without anybody's help.
    """

    def __init__(
        self,
        db: Database,
        bus: Bus,
        *,
        first_rest_s: float = 1.0,
        blocked_rest_s: float = 300.0,
    ) -> None:
        self._db = db
        self._bus = bus
        self._first_rest_s = first_rest_s
        self._blocked_rest_s = blocked_rest_s
        self._resting: dict[Aggregate, float] = {}
        self._rests: dict[Aggregate, Backoff] = {}
        self._blocked_due_s = 0.0
        self._prune_due_s = 0.0
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Relay until ``stop``; then publish what is waiting and let another process lead."""
        leader = Leader(self._db, f"{self._db.service}/relay", on_connect=self._listen)
        outage = Backoff(first_s=0.2, most_s=_OUTAGE_MOST_S)
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._wake.set())
        try:
            is_last = False
            while not is_last:
                is_last = stop.is_set()
                self._wake.clear()
                outcome = await self._batch_if_leading(leader)
                if outcome is _Outcome.OUTAGE:
                    await wait_at_most(outage.next_s(), stop)
                    continue
                outage.reset()
                if outcome is _Outcome.IDLE and not is_last:
                    await wait_at_most(self._idle_s(), self._wake)
        finally:
            stopping.cancel()
            await leader.close()

    async def _batch_if_leading(self, leader: Leader) -> _Outcome:
        try:
            return await self._batch() if await leader.leads() else _Outcome.IDLE
        except Unavailable as error:
            _log.warning("relay waits for the database", reason=error.detail)
            return _Outcome.OUTAGE

    async def _listen(self, connection: asyncpg.Connection) -> None:
        await connection.add_listener(outbox_channel(self._db.service), lambda *_: self._wake.set())

    def _idle_s(self) -> float:
        """Until the next look at the outbox: a rest may end before the poll is due."""
        now_s = time.monotonic()
        due_s = [due_s - now_s for due_s in self._resting.values() if due_s > now_s]
        return min([POLL_S, *due_s])

    async def _batch(self) -> _Outcome:
        rows = await self._next_rows()
        waiting: dict[Aggregate, deque[OutboxRow]] = defaultdict(deque)
        for row in rows:
            waiting[row.aggregate].append(row)
        outcome = _Outcome.MORE if len(rows) == BATCH else _Outcome.IDLE
        while waiting:
            results = await self._publish_and_mark([queue[0] for queue in waiting.values()])
            for row, error in results:
                waiting[row.aggregate].popleft()
                if error is not None or not waiting[row.aggregate]:
                    del waiting[row.aggregate]
            if any(isinstance(error, Unconfirmed) for _, error in results):
                return _Outcome.OUTAGE
        return outcome

    async def _next_rows(self) -> Sequence[OutboxRow]:
        now_s = time.monotonic()
        if now_s >= self._prune_due_s:
            self._prune_due_s = now_s + PRUNE_EVERY_S
            async with self._db.write() as connection:
                await outbox.prune(connection)
                await inbox.prune(connection)
                await idempotency.prune(connection)
        try_blocked = now_s >= self._blocked_due_s
        async with self._db.read() as connection:
            rows = await outbox.unpublished(
                connection,
                limit=BATCH,
                without=[a for a, due_s in self._resting.items() if due_s > now_s],
                with_blocked=try_blocked,
            )
        if try_blocked:
            self._blocked_due_s = now_s + self._blocked_rest_s
        return rows

    async def _publish_and_mark(
        self, rows: Sequence[OutboxRow]
    ) -> list[tuple[OutboxRow, PublishError | None]]:
        """Publish ``rows``, each of another aggregate, and write down what became of them."""
        failpoint(RELAY_BEFORE_PUBLISH)
        began_ns = time.time_ns()
        errors = await self._bus.publish([_message(row) for row in rows])
        results = list(zip(rows, errors, strict=True))
        _trace(results, began_ns)
        failpoint(RELAY_PUBLISHED_NOT_MARKED)
        published = [row for row, error in results if error is None]
        failed = {
            row.id: str(error)
            for row, error in results
            if error is not None and not isinstance(error, Unconfirmed)
        }
        async with self._db.write() as connection:
            await outbox.mark_published(connection, [row.id for row in published])
            await outbox.mark_failed(connection, failed)
        for row, error in results:
            if error is None:
                self._resting.pop(row.aggregate, None)
                self._rests.pop(row.aggregate, None)
            else:
                _log.warning(
                    "fact not published",
                    message_id=str(row.id),
                    type=row.envelope.type,
                    reason=str(error),
                )
            if row.id in failed:
                self._rest(row.aggregate)
        return results

    def _rest(self, aggregate: Aggregate) -> None:
        rests = self._rests.setdefault(
            aggregate, Backoff(first_s=self._first_rest_s, most_s=_RESTING_MOST_S)
        )
        self._resting[aggregate] = time.monotonic() + rests.next_s()


def _trace(results: Sequence[tuple[OutboxRow, PublishError | None]], began_ns: int) -> None:
    """A span for each row, in the trace that wrote it, from ``began_ns`` (since 1970) until now.

    Readers continue from the writer, not from here: what the bus carries was fixed by the commit.
    """
    for row, error in results if tracing.is_on() else ():
        with tracing.span(
            f"send {row.envelope.type}",
            kind="producer",
            parent=row.envelope.traceparent,
            began_ns=began_ns,
            message_id=str(row.id),
        ):
            if error is not None:
                tracing.mark_failed(error)


def _message(row: OutboxRow) -> Message:
    correlation_id = row.envelope.correlationid
    return Message(
        id=row.id,
        type=row.envelope.type,
        body=row.envelope.encode(),
        headers={} if correlation_id is None else {"correlationid": correlation_id},
    )
