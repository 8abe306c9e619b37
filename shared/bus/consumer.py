"""From the bus to a service's handlers: each fact has its effect once.

The handler works in a transaction that also records the message's id; a second delivery finds the
record and does nothing. The delivery is acknowledged after the commit. What goes wrong decides the
fate of the delivery:

- ``Invalid`` (not an event of ours, or the handler says so): dead letter at once;
- the database is away: nobody's fault. Handlers hold what they have and try again; after a minute
  the consumer gives everything back and waits until the database answers;
- anything else: delivered again, a few times, then a dead letter.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Generic, TypeVar

import structlog
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.backoff import Backoff, wait_at_most
from shared.bus.ports import Bus, Delivery, Permanent
from shared.bus.topology import TOPOLOGY, Subscription, Topology
from shared.contracts.envelope import Envelope, EventData
from shared.contracts.registry import parse_data
from shared.db import inbox
from shared.db.uow import Database, Transaction
from shared.kernel.errors import Invalid, Unavailable
from shared.observability import correlation, tracing
from shared.observability.failpoints import (
    CONSUMER_BEFORE_COMMIT,
    CONSUMER_COMMITTED_NOT_ACKNOWLEDGED,
    failpoint,
)
from shared.observability.metrics import Metrics

HOLD_S: Final = 60.0
"""How long deliveries are held in an outage before they are given back. Well below the 30 minutes
after which RabbitMQ takes them away."""
_TRIES: Final = 3
"""Tries per delivery when the database answers and the handler still finds something away."""
_FIRST_PAUSE_S: Final = 1.0
_MOST_PAUSE_S: Final = 30.0

_log = structlog.stdlib.get_logger(__name__)

S = TypeVar("S")

EventHandler = Callable[[EventData, Envelope, Transaction[S]], Awaitable[None]]
"""Handles one fact inside the transaction it is given: milliseconds, and nothing outside the
database. Long work is a job that it enqueues."""


async def consume_events(  # noqa: PLR0913 - a composition root's call, all but four by name
    bus: Bus,
    db: Database,
    store: Callable[[AsyncConnection], S],
    handlers: Mapping[str, EventHandler[S]],
    *,
    service: str,
    stop: asyncio.Event,
    metrics: Metrics | None = None,
    topology: Topology = TOPOLOGY,
    hold_s: float = HOLD_S,
) -> None:
    """Feed ``handlers``, by type of event, from the queues of ``service`` until ``stop``.

    Handlers that run then are given time to end. ``store`` makes what a handler finds as
    ``tx.store``.

    Raises:
        LookupError: ``topology`` has no such subscription.
    """
    counted = metrics or Metrics(service)
    counted.expect_events({topology.subscription(service, e).queue: e for e in handlers})
    consumers = [
        _Consumer(bus, db, store, handler, topology.subscription(service, event), counted, hold_s)
        for event, handler in handlers.items()
    ]
    async with asyncio.TaskGroup() as tasks:
        for consumer in consumers:
            tasks.create_task(consumer.run(stop))


class _Consumer(Generic[S]):
    """One subscription."""

    def __init__(
        self,
        bus: Bus,
        db: Database,
        store: Callable[[AsyncConnection], S],
        handler: EventHandler[S],
        subscription: Subscription,
        metrics: Metrics,
        hold_s: float,
    ) -> None:
        self._bus = bus
        self._db = db
        self._transactions = db.transactions(store)
        self._handler = handler
        self._subscription = subscription
        self._queue = subscription.queue
        self._metrics = metrics
        self._hold_s = hold_s
        self._giving_back = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Consume until ``stop``, with breaks while the database is away."""
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                await self._consume_until(stopping)
                await self._until_the_database_answers(stop)
        finally:
            stopping.cancel()

    async def _consume_until(self, stopping: asyncio.Task[bool]) -> None:
        """Consume until ``stopping`` ends or an outage lasts."""
        self._giving_back.clear()
        consuming = asyncio.create_task(self._bus.consume(self._queue, self._deliver))
        outage = asyncio.create_task(self._giving_back.wait())
        try:
            await asyncio.wait({consuming, stopping, outage}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            outage.cancel()
            self._giving_back.set()
            consuming.cancel()
            await asyncio.wait({consuming})
        if not consuming.cancelled():
            consuming.result()  # a bus never ends by itself, unless by a mistake of ours

    async def _until_the_database_answers(self, stop: asyncio.Event) -> None:
        backoff = Backoff(first_s=_FIRST_PAUSE_S, most_s=_MOST_PAUSE_S)
        while not stop.is_set() and not await self._database_answers():
            await wait_at_most(backoff.next_s(), stop)

    async def _database_answers(self) -> bool:
        try:
            async with self._db.read() as connection:
                await connection.execute(text("SELECT 1"))
        except Unavailable:
            return False
        return True

    async def _deliver(self, delivery: Delivery) -> None:
        """What the bus calls: handles, or says by its error what is to become of the delivery."""
        try:
            event, envelope = self._decoded(delivery)
            with (
                correlation.bind(
                    envelope.correlationid or correlation.new(), causation_id=str(envelope.id)
                ),
                tracing.span(
                    f"process {envelope.type}",
                    kind="consumer",
                    parent=envelope.traceparent,
                    queue=self._queue,
                    message_id=str(envelope.id),
                    delivery=delivery.delivery_count,
                ),
            ):
                await self._try(event, envelope, delivery)
        except Invalid as error:
            raise Permanent(f"{error.code}: {error.detail}") from error
        except Permanent:
            raise
        except Exception:
            self._metrics.consumer_redeliveries.labels(queue=self._queue).inc()
            raise

    def _decoded(self, delivery: Delivery) -> tuple[EventData, Envelope]:
        envelope = Envelope.decode(delivery.message.body)
        if envelope.type != self._subscription.event:
            raise Invalid(
                f"{envelope.type!r} does not belong into {self._queue}.", code="invalid-event"
            )
        return parse_data(envelope), envelope

    async def _try(self, event: EventData, envelope: Envelope, delivery: Delivery) -> None:
        """Handle, again and again while the database is away."""
        backoff = Backoff(first_s=_FIRST_PAUSE_S, most_s=_MOST_PAUSE_S)
        tries = 0
        held_since_s = asyncio.get_running_loop().time()
        while True:
            try:
                await self._handle(event, envelope, delivery)
            except (Unavailable, OSError) as error:
                if await self._database_answers():
                    tries += 1
                elif asyncio.get_running_loop().time() - held_since_s > self._hold_s:
                    self._giving_back.set()
                if tries == _TRIES or self._giving_back.is_set():
                    raise
                _log.warning("delivery waits", queue=self._queue, reason=str(error))
                await wait_at_most(backoff.next_s(), self._giving_back)
            else:
                return

    async def _handle(self, event: EventData, envelope: Envelope, delivery: Delivery) -> None:
        async with self._transactions() as tx:
            message_id = delivery.message.id
            if not await inbox.first_time(
                tx.connection, consumer=self._queue, message_id=message_id
            ):
                self._metrics.inbox_duplicates.inc()
                return
            await self._handler(event, envelope, tx)
            failpoint(CONSUMER_BEFORE_COMMIT)
        failpoint(CONSUMER_COMMITTED_NOT_ACKNOWLEDGED)
        age_s = (self._db.clock.now() - envelope.time).total_seconds()
        self._metrics.event_end_to_end_seconds.labels(type=envelope.type).observe(max(0.0, age_s))
