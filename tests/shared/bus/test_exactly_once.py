"""Outbox, bus and inbox together: each committed fact has its effect once, whatever happens.

A schedule is drawn from a seed: the writer commits and rolls back, connections are cut, rows of the
outbox are published again in reverse, relays and consumers come and go, and the bus misbehaves.
Then all heals, and the reader's history is checked. A failure names its seed.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, suppress
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from shared.bus import consumer as consumer_module
from shared.bus.consumer import consume_events
from shared.bus.ports import Bus
from shared.bus.postgres import PostgresBus
from shared.bus.rabbit import RabbitBus
from shared.bus.relay import Relay
from shared.contracts.envelope import Envelope, EventData
from shared.contracts.inventory import InventoryImported
from shared.db.uow import Database, Transaction
from shared.kernel.errors import Unavailable
from shared.testing.bus_probes import started
from shared.testing.chaos import ChaosBus
from shared.testing.proxy import Proxy
from shared.testing.waiting import eventually
from tests.shared.bus.conftest import Installation, a_database
from tests.shared.bus.writer_and_reader import (
    EVENT,
    QUEUE,
    TOPOLOGY,
    Ledger,
    an_import,
    ledger,
    unpublished_count,
)

STEPS = 60
PROJECTS = 4


class Withdrawn(Exception):
    """The writer changed its mind: roll back."""


class World:
    """The writer, the reader, the bus between them, and what may be done to them."""

    def __init__(self, seed: int, installation: Installation, bus_proxy: Proxy) -> None:
        self.random = random.Random(seed)
        self.seed = seed
        self.installation = installation
        self.bus_proxy = bus_proxy
        self.projects = [uuid4() for _ in range(PROJECTS)]
        self.numbers: Counter[UUID] = Counter()
        self.withdrawn: set[UUID] = set()
        self.stop_running: Callable[[], Awaitable[None]] | None = None

    async def run(self, make_bus: Callable[[str], Bus]) -> None:
        """Play the schedule, heal, check."""
        async with AsyncExitStack() as stack:
            self.writer_proxy = await stack.enter_async_context(Proxy(self.installation.writer_dsn))
            self.reader_proxy = await stack.enter_async_context(Proxy(self.installation.reader_dsn))
            self.writer = a_database(self.writer_proxy.url, "writer")
            self.reader = a_database(self.reader_proxy.url, "reader")
            stack.push_async_callback(self.writer.close)
            stack.push_async_callback(self.reader.close)
            self.bus = ChaosBus(make_bus(self.bus_proxy.url), seed=self.seed)
            await stack.enter_async_context(started(self.bus))
            await self.start_running()
            for _ in range(STEPS):
                await self.random.choices(
                    [
                        self.commit,
                        self.withdraw,
                        self.cut_something,
                        self.publish_again,
                        self.restart,
                        self.breathe,
                    ],
                    weights=[10, 3, 2, 2, 1, 3],
                )[0]()
            self.bus.calm()
            await self.heal()
            await self.check()

    async def start_running(self) -> None:
        """A relay and a consumer."""
        stop = asyncio.Event()
        relay = asyncio.create_task(Relay(self.writer, self.bus).run(stop))
        consumer = asyncio.create_task(
            consume_events(
                self.bus,
                self.reader,
                Ledger,
                {EVENT: enter_and_remember},
                service="reader",
                stop=stop,
                topology=TOPOLOGY,
            )
        )

        async def stop_running() -> None:
            stop.set()
            await asyncio.gather(relay, consumer)

        self.stop_running = stop_running

    async def commit(self) -> None:
        """A few facts in one transaction, entered into the writer's own ledger too.

        Whether a commit whose reply was lost took place, that ledger tells.
        """
        with suppress(Unavailable):
            async with self.writer.transactions(Ledger)() as tx:
                for _ in range(self.random.randint(1, 3)):
                    event = self.next_fact()
                    await tx.store.enter(event.inventory_id, event.inventory_number)
                    await tx.publish(event, aggregate_version=event.inventory_number)

    async def withdraw(self) -> None:
        """A fact that is rolled back."""
        event = self.next_fact()
        self.withdrawn.add(event.inventory_id)
        with suppress(Withdrawn, Unavailable):
            async with self.writer.transactions(Ledger)() as tx:
                await tx.publish(event, aggregate_version=event.inventory_number)
                raise Withdrawn

    def next_fact(self) -> InventoryImported:
        project = self.random.choice(self.projects)
        self.numbers[project] += 1
        return an_import(project, number=self.numbers[project])

    async def cut_something(self) -> None:
        """All connections to one of the servers break."""
        self.random.choice([self.bus_proxy, self.writer_proxy, self.reader_proxy]).cut()

    async def publish_again(self) -> None:
        """An operator's replay: some published facts, the newest first."""
        with suppress(Unavailable):
            async with self.writer.write() as connection:
                await connection.execute(
                    text(
                        "WITH again AS (DELETE FROM outbox WHERE id IN (SELECT id FROM outbox"
                        " WHERE published_at IS NOT NULL ORDER BY seq DESC LIMIT 5) RETURNING *)"
                        " INSERT INTO outbox (id, aggregate_type, aggregate_id,"
                        " aggregate_version, type, envelope) SELECT id, aggregate_type,"
                        " aggregate_id, aggregate_version, type, envelope"
                        " FROM again ORDER BY seq DESC"
                    )
                )

    async def restart(self) -> None:
        """The processes stop and others start."""
        assert self.stop_running is not None
        await self.stop_running()
        await self.start_running()

    async def breathe(self) -> None:
        """Let the others run."""
        await asyncio.sleep(self.random.uniform(0, 0.05))

    async def heal(self) -> None:
        """Until every fact is published and every message handled."""

        async def is_published() -> bool:
            with suppress(Unavailable):
                return await unpublished_count(self.writer) == 0
            return False

        async def is_handled() -> bool:
            with suppress(Unavailable):
                return set(await ledger(self.writer)) <= set(await ledger(self.reader))
            return False

        await eventually(is_published, within_s=60, what=f"an empty outbox (seed {self.seed})")
        await eventually(is_handled, within_s=60, what=f"every effect (seed {self.seed})")
        assert self.stop_running is not None
        await self.stop_running()

    async def check(self) -> None:
        """Each committed fact once, no other, and the newest is what the reader remembers."""
        committed, effects = await ledger(self.writer), await ledger(self.reader)
        assert Counter(effects) == Counter(committed), f"seed {self.seed}"
        assert not self.withdrawn & set(effects), f"seed {self.seed}"
        assert await newest(self.reader, "standing") == await newest(self.writer, "ledger"), (
            f"seed {self.seed}"
        )
        assert await self.bus.dead_letter_count(QUEUE) == 0


async def enter_and_remember(event: EventData, envelope: Envelope, tx: Transaction[Ledger]) -> None:
    """The reader: one line per fact, and the newest version of each project."""
    assert isinstance(event, InventoryImported)
    await tx.store.enter(event.inventory_id, event.inventory_number)
    await tx.store.remember(event.project_id, event.inventory_id, envelope.aggregateversion)


async def newest(db: Database, table: str) -> set[UUID]:
    """The newest inventory of each project as ``table`` has it."""
    async with db.read() as connection:
        if table == "standing":
            rows = await connection.execute(text("SELECT inventory_id FROM standing"))
        else:
            rows = await connection.execute(
                text(
                    "SELECT DISTINCT ON (o.aggregate_id) l.inventory_id FROM ledger AS l"
                    " JOIN outbox AS o"
                    " ON o.envelope -> 'data' ->> 'inventory_id' = l.inventory_id::text"
                    " ORDER BY o.aggregate_id, l.number DESC"
                )
            )
        return set(rows.scalars())


@pytest.fixture(autouse=True)
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Handlers try again at once."""
    monkeypatch.setattr(consumer_module, "_FIRST_PAUSE_S", 0.05)
    monkeypatch.setattr(consumer_module, "_MOST_PAUSE_S", 0.2)


@pytest.fixture
async def postgres_proxy(installation: Installation) -> AsyncIterator[Proxy]:
    async with Proxy(installation.bus_dsn) as proxy:
        yield proxy


@pytest.fixture
async def rabbit_proxy(rabbit_url: str) -> AsyncIterator[Proxy]:
    async with Proxy(rabbit_url) as proxy:
        yield proxy


def seeds(*often: int, rarely: Sequence[int]) -> list[Any]:
    """Those of every run, and those of ``make test-faults``."""
    return [*often, *(pytest.param(seed, marks=pytest.mark.long) for seed in rarely)]


@pytest.mark.parametrize("seed", seeds(1, 2, rarely=(3, 4, 5, 6)))
async def test_over_postgresql(
    seed: int, installation: Installation, postgres_proxy: Proxy
) -> None:
    await World(seed, installation, postgres_proxy).run(
        lambda url: PostgresBus(url, topology=TOPOLOGY)
    )


@pytest.mark.parametrize("seed", seeds(11, 12, rarely=(13, 14)))
async def test_over_rabbitmq(seed: int, installation: Installation, rabbit_proxy: Proxy) -> None:
    await World(seed, installation, rabbit_proxy).run(
        lambda url: RabbitBus(url, declare=True, topology=TOPOLOGY)
    )
