"""From the bus to the handlers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from shared.bus import consumer as consumer_module
from shared.bus.consumer import EventHandler, consume_events
from shared.bus.ports import Bus, Message
from shared.bus.topology import Subscription, Topology
from shared.contracts.envelope import Envelope, EventData
from shared.db import outbox
from shared.db.uow import Database, Transaction
from shared.kernel.errors import Invalid, Unavailable
from shared.observability import correlation
from shared.observability.metrics import Metrics
from shared.testing.bus_probes import published
from shared.testing.proxy import Proxy
from shared.testing.waiting import eventually
from tests.shared.bus.conftest import Installation, a_database
from tests.shared.bus.processes import KILLED, run_until_killed
from tests.shared.bus.writer_and_reader import (
    EVENT,
    QUEUE,
    TOPOLOGY,
    Ledger,
    an_import,
    enter,
    ledger,
)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("reader")


@pytest.fixture
def quick_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow one another at once."""
    monkeypatch.setattr(consumer_module, "_FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(consumer_module, "_MOST_PAUSE_S", 0.05)


@asynccontextmanager
async def reading(
    bus: Bus, db: Database, handler: EventHandler[Ledger] = enter, **options: Any
) -> AsyncIterator[asyncio.Event]:
    """The reader at work inside the block; the event stops it earlier."""
    stop = asyncio.Event()
    running = asyncio.create_task(
        consume_events(
            bus, db, Ledger, {EVENT: handler}, service="reader", stop=stop, topology=TOPOLOGY,
            **options,
        )
    )  # fmt: skip
    try:
        yield stop
    finally:
        stop.set()
        await running


def a_message(event: EventData | None = None, **attributes: Any) -> Message:
    """A fact in its envelope, as the writer's relay publishes it."""
    message_id = uuid4()
    fact = event or an_import()
    envelope = {
        "id": message_id,
        "source": "/services/writer",
        "type": EVENT,
        "subject": fact.subject,
        "time": "2026-03-01T12:00:00Z",
        "dataschema": "urn:migration-planner:inventory.imported:v1",
        "aggregateversion": 1,
        "data": fact.model_dump(mode="json"),
    } | attributes
    return Message(message_id, EVENT, Envelope.model_validate(envelope).encode())


async def has_entered(db: Database, *inventories: UUID) -> None:
    async def is_entered() -> bool:
        return set(inventories) <= set(await ledger(db))

    await eventually(is_entered, within_s=30)


async def is_acknowledged(dsn: str) -> None:
    """Wait until the bus has no message left."""

    async def is_empty() -> bool:
        return await in_queue(dsn) == []

    await eventually(is_empty, within_s=30)


async def in_queue(dsn: str) -> list[int]:
    """How often each message on the bus has been delivered."""
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT deliveries FROM bus.messages ORDER BY seq")
        return [row["deliveries"] for row in rows]
    finally:
        await connection.close()


async def dies(bus: Bus) -> Message:
    """The first dead letter."""

    letters = await eventually(lambda: bus.dead_letters(QUEUE), within_s=30)
    return letters[0].message


async def test_a_fact_has_its_effect_and_is_acknowledged(
    installation: Installation, reader: Database, postgres_bus: Bus
) -> None:
    event = an_import()
    async with reading(postgres_bus, reader):
        await published(postgres_bus, a_message(event))
        await has_entered(reader, event.inventory_id)
        await is_acknowledged(installation.bus_dsn)


async def test_the_same_message_twice_has_one_effect(
    installation: Installation, reader: Database, postgres_bus: Bus, metrics: Metrics
) -> None:
    message = a_message()
    await published(postgres_bus, message)
    await published(postgres_bus, message, message)

    async with reading(postgres_bus, reader, metrics=metrics):
        await is_acknowledged(installation.bus_dsn)

    assert len(await ledger(reader)) == 1
    assert metrics.registry.get_sample_value("inbox_duplicates_total") == 2
    assert metrics.registry.get_sample_value(
        "event_end_to_end_seconds_count", {"type": EVENT}
    ) == 1  # fmt: skip


async def test_a_failed_handler_leaves_nothing_and_its_repetition_everything_once(
    installation: Installation, reader: Database, postgres_bus: Bus, metrics: Metrics
) -> None:
    calls = 0

    async def enter_and_fail_twice(
        event: EventData, envelope: Envelope, tx: Transaction[Ledger]
    ) -> None:
        nonlocal calls
        calls += 1
        await enter(event, envelope, tx)
        if calls < 3:
            raise RuntimeError("half-way")

    await published(postgres_bus, a_message())
    async with reading(postgres_bus, reader, enter_and_fail_twice, metrics=metrics):
        await is_acknowledged(installation.bus_dsn)

    assert (calls, len(await ledger(reader))) == (3, 1)
    assert metrics.registry.get_sample_value(
        "consumer_redeliveries_total", {"queue": QUEUE}
    ) == 2  # fmt: skip


@pytest.mark.parametrize(
    ("failpoint", "effects_after_the_crash"),
    [("consumer.before_commit", 0), ("consumer.committed_not_acknowledged", 1)],
)
async def test_a_consumer_killed_around_its_commit_has_one_effect_in_the_end(
    installation: Installation,
    reader: Database,
    postgres_bus: Bus,
    failpoint: str,
    effects_after_the_crash: int,
) -> None:
    await published(postgres_bus, a_message())

    assert await run_until_killed("consumer", installation, failpoint) == KILLED
    assert len(await ledger(reader)) == effects_after_the_crash

    async with reading(postgres_bus, reader):
        await is_acknowledged(installation.bus_dsn)
    assert len(await ledger(reader)) == 1


@pytest.mark.parametrize(
    "message",
    [
        Message(uuid4(), EVENT, b"\xff\xfe not even text"),
        Message(uuid4(), EVENT, b'{"specversion": "0.3"}'),
        a_message(type="inventory.forgotten"),
        a_message(type="plan.approved"),
        a_message(data={"project_id": "not a uuid"}),
    ],
    ids=["not text", "not an envelope", "unknown type", "another queue's type", "other data"],
)
async def test_what_is_no_fact_of_this_queue_is_a_dead_letter_at_once(
    installation: Installation, reader: Database, postgres_bus: Bus, message: Message
) -> None:
    good = an_import()
    async with reading(postgres_bus, reader):
        await published(postgres_bus, message, a_message(good))

        assert await dies(postgres_bus) == message
        await has_entered(reader, good.inventory_id)

    assert await deliveries_of_the_dead(installation.bus_dsn) == [1]


async def deliveries_of_the_dead(dsn: str) -> list[int]:
    connection = await asyncpg.connect(dsn)
    try:
        rows = await connection.fetch("SELECT deliveries FROM bus.dead_letters ORDER BY id")
        return [row["deliveries"] for row in rows]
    finally:
        await connection.close()


async def test_a_handler_may_call_a_fact_invalid(
    installation: Installation, reader: Database, postgres_bus: Bus
) -> None:
    async def refuse(_: EventData, __: Envelope, tx: Transaction[Ledger]) -> None:
        await tx.store.enter(uuid4(), 1)
        raise Invalid("No such inventory will ever be.")

    await published(postgres_bus, a_message())
    async with reading(postgres_bus, reader, refuse):
        await dies(postgres_bus)

    assert await deliveries_of_the_dead(installation.bus_dsn) == [1]
    assert await ledger(reader) == []


async def test_what_a_handler_announces_names_its_cause(
    reader: Database, postgres_bus: Bus, installation: Installation
) -> None:
    async def announce(event: EventData, _: Envelope, tx: Transaction[Ledger]) -> None:
        await tx.publish(event, aggregate_version=1)

    message = a_message(correlationid="request-7")
    await published(postgres_bus, message)
    async with reading(postgres_bus, reader, announce):
        await is_acknowledged(installation.bus_dsn)

    async with reader.read() as connection:
        [row] = await outbox.unpublished(connection)
    assert (row.envelope.correlationid, row.envelope.causationid) == ("request-7", str(message.id))


async def test_a_fact_without_a_correlation_is_given_one(
    reader: Database, postgres_bus: Bus, installation: Installation
) -> None:
    seen: list[str | None] = []

    async def look(_: EventData, __: Envelope, ___: Transaction[Ledger]) -> None:
        seen.append(correlation.current())

    await published(postgres_bus, a_message())
    async with reading(postgres_bus, reader, look):
        await is_acknowledged(installation.bus_dsn)

    assert seen[0]


@pytest.mark.usefixtures("quick_pauses")
async def test_an_outage_of_the_database_costs_no_deliveries(
    installation: Installation, reader: Database, postgres_bus: Bus
) -> None:
    events = [an_import() for _ in range(3)]
    async with Proxy(installation.reader_dsn) as proxy:
        db = a_database(proxy.url, "reader")
        async with reading(postgres_bus, db):
            proxy.refuse()
            await published(postgres_bus, *(a_message(event) for event in events))
            await eventually(lambda: proxy.refused_count > 10 * len(events))
            assert await in_queue(installation.bus_dsn) == [1, 1, 1]

            proxy.accept()
            await has_entered(reader, *(event.inventory_id for event in events))
            await is_acknowledged(installation.bus_dsn)
        await db.close()
    assert len(await ledger(reader)) == 3


@pytest.mark.usefixtures("quick_pauses")
async def test_in_a_long_outage_everything_is_given_back_until_the_database_answers(
    installation: Installation, reader: Database, postgres_bus: Bus
) -> None:
    event = an_import()
    async with Proxy(installation.reader_dsn) as proxy:
        db = a_database(proxy.url, "reader")
        async with reading(postgres_bus, db, hold_s=0.1):
            proxy.refuse()
            await published(postgres_bus, a_message(event))
            await eventually(lambda: nobody_holds_anything(installation.bus_dsn, deliveries=1))

            proxy.accept()
            await has_entered(reader, event.inventory_id)
            await is_acknowledged(installation.bus_dsn)
        await db.close()


async def nobody_holds_anything(dsn: str, *, deliveries: int) -> bool:
    connection = await asyncpg.connect(dsn)
    try:
        return bool(
            await connection.fetchval(
                "SELECT bool_and(consumer IS NULL AND deliveries = $1) FROM bus.messages",
                deliveries,
            )
        )
    finally:
        await connection.close()


@pytest.mark.usefixtures("quick_pauses")
async def test_a_fact_that_alone_finds_something_away_dies_in_the_end_and_the_others_flow(
    installation: Installation, reader: Database, postgres_bus: Bus
) -> None:
    poison, good = an_import(number=7), an_import()
    calls = 0

    async def lack(event: EventData, envelope: Envelope, tx: Transaction[Ledger]) -> None:
        nonlocal calls
        if envelope.data["inventory_number"] == 7:
            calls += 1
            raise Unavailable("Its upstream is away.")
        await enter(event, envelope, tx)

    await published(postgres_bus, a_message(poison), a_message(good))
    async with reading(postgres_bus, reader, lack):
        await has_entered(reader, good.inventory_id)
        await dies(postgres_bus)

    assert await deliveries_of_the_dead(installation.bus_dsn) == [6]
    assert calls == 18


async def test_a_stopping_consumer_lets_its_handler_end(
    installation: Installation, reader: Database, postgres_bus: Bus
) -> None:
    begun, gate = asyncio.Event(), asyncio.Event()

    async def wait_and_enter(event: EventData, envelope: Envelope, tx: Transaction[Ledger]) -> None:
        begun.set()
        await gate.wait()
        await enter(event, envelope, tx)

    await published(postgres_bus, a_message())
    async with reading(postgres_bus, reader, wait_and_enter) as stop:
        await begun.wait()
        stop.set()
        gate.set()

    assert len(await ledger(reader)) == 1
    assert await in_queue(installation.bus_dsn) == []


@pytest.mark.usefixtures("quick_pauses")
async def test_a_consumer_stops_while_the_database_is_away(
    installation: Installation, postgres_bus: Bus
) -> None:
    async with Proxy(installation.reader_dsn) as proxy:
        db = a_database(proxy.url, "reader")
        proxy.refuse()
        await published(postgres_bus, a_message())
        async with asyncio.timeout(20), reading(postgres_bus, db):
            await eventually(lambda: somebody_holds(installation.bus_dsn))
        await db.close()
    assert len(await in_queue(installation.bus_dsn)) == 1


async def somebody_holds(dsn: str) -> bool:
    return not await nobody_holds_anything(dsn, deliveries=0)


async def test_a_subscription_that_the_topology_lacks_is_refused_at_the_start(
    reader: Database, postgres_bus: Bus
) -> None:
    with pytest.raises(LookupError, match="reader has no subscription"):
        await consume_events(
            postgres_bus,
            reader,
            Ledger,
            {EVENT: enter},
            service="reader",
            stop=asyncio.Event(),
            topology=Topology((Subscription("other", EVENT),)),
        )


async def test_the_effect_and_the_inbox_row_are_one_transaction(
    installation: Installation, reader: Database, postgres_bus: Bus
) -> None:
    await published(postgres_bus, a_message())
    async with reading(postgres_bus, reader):
        await is_acknowledged(installation.bus_dsn)

    async with reader.read() as connection:
        writers = await connection.scalar(
            text(
                "SELECT count(*) FROM"
                " (SELECT xmin::text FROM ledger UNION SELECT xmin::text FROM inbox) AS writers"
            )
        )
    assert writers == 1
