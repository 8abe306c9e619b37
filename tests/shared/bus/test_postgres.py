"""What only the bus inside PostgreSQL does."""

import asyncio
from uuid import uuid4

import asyncpg
import pytest

from shared.bus import postgres_schema
from shared.bus.ports import MAX_DELIVERIES, Message
from shared.bus.postgres import PostgresBus
from shared.bus.topology import TOPOLOGY as PLATFORM
from shared.testing.bus_probes import Recorder, consuming, published, started
from shared.testing.proxy import Proxy
from shared.testing.waiting import eventually
from tests.shared.bus.writer_and_reader import EVENT, QUEUE, TOPOLOGY


def a_message() -> Message:
    return Message(uuid4(), EVENT, b"{}")


async def forever(_: object) -> None:
    await asyncio.Event().wait()


async def test_many_may_start_at_once_on_an_empty_schema(bus_dsn: str) -> None:
    buses = [PostgresBus(bus_dsn, topology=PLATFORM) for _ in range(6)]
    await asyncio.gather(*(bus.start() for bus in buses))
    try:
        assert all([await bus.healthy() for bus in buses])
    finally:
        for bus in buses:
            await bus.close()


async def test_a_later_step_is_applied_to_a_schema_in_use(
    bus_dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(PostgresBus(bus_dsn, topology=TOPOLOGY)) as bus:
        await published(bus, a_message())
    steps = postgres_schema._STEPS
    monkeypatch.setattr(
        postgres_schema,
        "_STEPS",
        (*steps, "ALTER TABLE messages ADD COLUMN priority integer NOT NULL DEFAULT 0"),
    )

    for _ in range(2):
        recorder = Recorder()
        async with started(PostgresBus(bus_dsn, topology=TOPOLOGY)) as bus:
            await published(bus, a_message())
            async with consuming(bus, QUEUE, recorder):
                await eventually(lambda seen=recorder.deliveries: seen)

    connection = await asyncpg.connect(bus_dsn)
    assert await connection.fetchval("SELECT max(step) FROM bus.schema_steps") == len(steps) + 1
    await connection.close()


async def test_a_role_that_may_not_make_tables_cannot_start_a_bus(
    admin_dsn: str, bus_dsn: str
) -> None:
    admin = await asyncpg.connect(admin_dsn)
    await admin.execute("ALTER SCHEMA bus OWNER TO CURRENT_USER")
    await admin.close()

    bus = PostgresBus(bus_dsn, topology=TOPOLOGY)
    with pytest.raises(asyncpg.PostgresError):
        await bus.start()
    await bus.close()


async def test_a_message_that_kills_its_consumers_is_a_dead_letter_in_the_end(
    bus_dsn: str,
) -> None:
    message = a_message()
    async with started(PostgresBus(bus_dsn, topology=TOPOLOGY)) as watching:
        await published(watching, message)
        for _ in range(MAX_DELIVERIES):
            await deliver_and_die(bus_dsn)

        recorder = Recorder()
        async with consuming(watching, QUEUE, recorder):

            async def is_dead() -> bool:
                return await watching.dead_letter_count(QUEUE) == 1

            await eventually(is_dead)

        assert recorder.deliveries == []
        assert [letter.message for letter in await watching.dead_letters(QUEUE)] == [message]


async def deliver_and_die(dsn: str) -> None:
    """A consumer that vanishes with the message in hand."""
    async with Proxy(dsn) as proxy:
        recorder = Recorder(forever)
        bus = PostgresBus(proxy.url, topology=TOPOLOGY, drain_s=0)
        await bus.start()
        async with consuming(bus, QUEUE, recorder):
            await eventually(lambda: recorder.deliveries)
            proxy.refuse()
        await bus.close()


async def test_what_a_consumer_gives_back_is_not_counted_as_delivered(bus_dsn: str) -> None:
    message = a_message()
    async with started(PostgresBus(bus_dsn, topology=TOPOLOGY, drain_s=0)) as bus:
        await published(bus, message)
        for _ in range(2):
            recorder = Recorder(forever)
            async with consuming(bus, QUEUE, recorder):
                await recorder.has_seen([message])
            assert [delivery.delivery_count for delivery in recorder.deliveries] == [1]
