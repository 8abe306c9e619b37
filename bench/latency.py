"""From the commit of a fact to the commit of its handler, on both buses in turns."""

import asyncio
import functools
import time
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from statistics import median
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from bench.results import Report, Result, paired, quantile
from bench.site import Site
from services import SERVICES
from shared.bus.consumer import consume_events
from shared.bus.ports import (
    DEFAULT_PREFETCH,
    Bus,
    DeadLetter,
    Delivery,
    Handler,
    Message,
    PublishError,
)
from shared.bus.postgres import PostgresBus
from shared.bus.rabbit import RabbitBus
from shared.bus.relay import Relay
from shared.contracts.envelope import Envelope, EventData
from shared.contracts.inventory import InventoryImported
from shared.contracts.snapshots import SnapshotRef
from shared.db.engine import make_engine
from shared.db.uow import Database, Transaction
from shared.runtime.clock import SystemClock
from shared.runtime.ids import Uuid7Ids
from shared.testing.postgres import FreshDatabase

WRITER, READER = "ingest", "assessment"
EVENT_WITHIN_S = 30

Places = Callable[[], AbstractAsyncContextManager[FreshDatabase]]
"""Each call opens a database of its own, with every service's tables."""


@dataclass
class TimedBus:
    """A bus that notes when a handler has ended: its effect is committed, not acknowledged yet."""

    bus: Bus
    handled_at_s: "asyncio.Queue[float]" = field(default_factory=asyncio.Queue)

    async def start(self) -> None:
        """As the bus inside."""
        await self.bus.start()

    async def close(self) -> None:
        """As the bus inside."""
        await self.bus.close()

    async def publish(self, messages: Sequence[Message]) -> list[PublishError | None]:
        """As the bus inside."""
        return await self.bus.publish(messages)

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = DEFAULT_PREFETCH
    ) -> None:
        """As the bus inside, with a look at the clock after each handler."""

        async def timed(delivery: Delivery) -> None:
            await handler(delivery)
            self.handled_at_s.put_nowait(time.perf_counter())

        await self.bus.consume(queue, timed, prefetch=prefetch)

    async def dead_letters(self, queue: str, *, limit: int | None = None) -> list[DeadLetter]:
        """As the bus inside."""
        return await self.bus.dead_letters(queue, limit=limit)

    async def replay(self, queue: str, ids: Collection[UUID]) -> dict[UUID, PublishError | None]:
        """As the bus inside."""
        return await self.bus.replay(queue, ids)

    async def dead_letter_count(self, queue: str) -> int:
        """As the bus inside."""
        return await self.bus.dead_letter_count(queue)

    async def healthy(self) -> bool:
        """As the bus inside."""
        return await self.bus.healthy()


@dataclass(frozen=True, slots=True)
class Line:
    """A writer and a reader with a bus between them, all running."""

    writer: Database
    bus: TimedBus

    async def latency_ms(self) -> float:
        """Commit one fact; the time until its effect is committed."""
        async with self.writer.transactions(lambda connection: connection)() as tx:
            await tx.publish(_an_import(), aggregate_version=1)
        committed_s = time.perf_counter()
        async with asyncio.timeout(EVENT_WITHIN_S):
            return (await self.bus.handled_at_s.get() - committed_s) * 1000

    async def latencies_ms(self, events: int) -> list[float]:
        """So many, one after the other."""
        return [await self.latency_ms() for _ in range(events)]


def bench_latency(site: Site, report: Report, *, rounds: int, events: int) -> None:
    """Report ``rounds`` times ``events`` single events on each bus, the buses taking turns.

    Two rounds that follow each other are a pair: a figure is the median of the rounds' quantiles,
    its ratio that of the pairs' ratios.
    """
    with site.rabbitmq.vhost() as amqp_url:
        places = functools.partial(site.postgres.platform_database, site.run, SERVICES)
        found = asyncio.run(_measure(places, amqp_url, rounds=rounds, events=events))
    for share in (0.5, 0.99):
        pairs = [(quantile(one, share), quantile(other, share)) for one, other in found]
        name = f"p{share * 100:.0f}"
        baseline_ms = median(baseline for _, baseline in pairs)
        report(Result(f"event_latency.postgres.{name}", baseline_ms, "ms"))
        report(paired(f"event_latency.rabbitmq.{name}", "ms", pairs))


async def _measure(
    places: Places, amqp_url: str, *, rounds: int, events: int
) -> list[tuple[list[float], list[float]]]:
    """The latencies of each round in ms: over RabbitMQ, over PostgreSQL."""
    async with (
        places() as one,
        places() as other,
        _line(one, RabbitBus(amqp_url, declare=True)) as rabbitmq,
        _line(other, PostgresBus(other.dsn("bus"))) as postgres,
    ):
        for line in (rabbitmq, postgres):
            await line.latency_ms()  # the first one waits for connections
        return [
            (await rabbitmq.latencies_ms(events), await postgres.latencies_ms(events))
            for _ in range(rounds)
        ]


@asynccontextmanager
async def _line(place: FreshDatabase, bus: Bus) -> AsyncIterator[Line]:
    timed = TimedBus(bus)
    writer, reader = _database(place, WRITER), _database(place, READER)
    stop = asyncio.Event()
    await timed.start()
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(Relay(writer, timed).run(stop))
            handlers = {InventoryImported.TYPE: _note}
            tasks.create_task(
                consume_events(timed, reader, _nothing, handlers, service=READER, stop=stop)
            )
            try:
                yield Line(writer, timed)
            finally:
                stop.set()
    finally:
        await timed.close()
        await writer.close()
        await reader.close()


def _database(place: FreshDatabase, service: str) -> Database:
    engine = make_engine(place.dsn(service), schema=service)
    return Database(engine, service=service, ids=Uuid7Ids(), clock=SystemClock())


def _nothing(_: AsyncConnection) -> None:
    """The store of a handler that has no effect besides its inbox row."""


async def _note(_: EventData, __: Envelope, ___: Transaction[None]) -> None:
    """The least that a handler can do."""


def _an_import() -> InventoryImported:
    snapshot_id = uuid4()
    return InventoryImported(
        project_id=uuid4(),
        inventory_id=snapshot_id,
        inventory_number=1,
        snapshot=SnapshotRef(
            id=snapshot_id, record_count=1, page_count=1, digest="0" * 64, path="/internal/v1/x"
        ),
        imported_at=datetime.now(UTC),
    )
