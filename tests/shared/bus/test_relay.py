"""From the outbox to the bus."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
import pytest
from sqlalchemy import text

from shared.bus import relay as relay_module
from shared.bus.ports import Bus
from shared.bus.postgres import PostgresBus
from shared.bus.relay import Relay
from shared.bus.topology import Subscription, Topology
from shared.contracts.envelope import Envelope
from shared.contracts.plan import PlanApproved
from shared.contracts.snapshots import SnapshotRef
from shared.db import outbox
from shared.db.uow import Database
from shared.testing.bus_probes import Recorder, consuming, started
from shared.testing.proxy import Proxy
from shared.testing.waiting import eventually
from tests.shared.bus.conftest import Installation, a_database
from tests.shared.bus.processes import KILLED, run_until_killed
from tests.shared.bus.writer_and_reader import (
    QUEUE,
    TOPOLOGY,
    Ledger,
    an_import,
    state,
    unpublished_count,
)


@asynccontextmanager
async def relaying(relay: Relay) -> AsyncIterator[asyncio.Event]:
    """A relay at work inside the block; the event stops it earlier."""
    stop = asyncio.Event()
    running = asyncio.create_task(relay.run(stop))
    try:
        yield stop
    finally:
        stop.set()
        await running


async def everything_published(db: Database) -> None:
    async def is_empty() -> bool:
        return await unpublished_count(db) == 0

    await eventually(is_empty, within_s=30, what="an empty outbox")


async def queued(bus: Bus, count: int) -> list[UUID]:
    """The inventories in the queue's first ``count`` messages, in order."""
    recorder = Recorder()
    async with consuming(bus, QUEUE, recorder, prefetch=1):
        await eventually(lambda: len(recorder.deliveries) >= count, within_s=30)
    bodies = [Envelope.decode(delivery.message.body) for delivery in recorder.deliveries]
    return [UUID(body.data["inventory_id"]) for body in bodies]


def an_approval(project_id: UUID) -> PlanApproved:
    """A fact that nobody has subscribed to here."""
    return PlanApproved(
        project_id=project_id,
        approval_id=uuid4(),
        approval_number=1,
        inventory_id=uuid4(),
        snapshot=SnapshotRef(id=uuid4(), record_count=1, page_count=1, digest="0" * 64, path="/x"),
        tenant_count=1,
        vm_count=1,
        approved_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
        approved_by=uuid4(),
    )


async def test_a_committed_fact_is_published_and_a_rolled_back_one_never(
    writer: Database, postgres_bus: Bus
) -> None:
    committed, withdrawn = an_import(), an_import()
    with suppress(LookupError):
        async with writer.transactions(Ledger)() as tx:
            await tx.publish(withdrawn, aggregate_version=1)
            raise LookupError

    async with relaying(Relay(writer, postgres_bus)):
        await state(writer, committed)
        await everything_published(writer)

    assert await queued(postgres_bus, 1) == [committed.inventory_id]


async def test_the_message_is_the_envelope_under_its_own_id(
    writer: Database, postgres_bus: Bus
) -> None:
    await state(writer, an_import())
    async with writer.read() as connection:
        [row] = await outbox.unpublished(connection)

    recorder = Recorder()
    async with relaying(Relay(writer, postgres_bus)), consuming(postgres_bus, QUEUE, recorder):
        await eventually(lambda: recorder.deliveries)

    message = recorder.deliveries[0].message
    assert (message.id, message.type) == (row.id, "inventory.imported")
    assert Envelope.decode(message.body) == row.envelope


async def test_the_facts_of_one_aggregate_keep_their_order(
    writer: Database, postgres_bus: Bus
) -> None:
    projects = [uuid4() for _ in range(4)]
    facts = [an_import(projects[n % 4], number=1 + n // 4) for n in range(24)]
    for fact in facts[:12]:
        await state(writer, fact)
    await state(writer, *facts[12:])

    async with relaying(Relay(writer, postgres_bus)):
        await everything_published(writer)

    seen = await queued(postgres_bus, len(facts))
    for project in projects:
        expected = [fact.inventory_id for fact in facts if fact.project_id == project]
        assert [one for one in seen if one in expected] == expected


async def test_more_facts_than_a_batch_are_published_without_waiting_for_a_poll(
    writer: Database, postgres_bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "BATCH", 5)
    monkeypatch.setattr(relay_module, "POLL_S", 3600)
    facts = [an_import() for _ in range(17)]
    await state(writer, *facts)

    async with relaying(Relay(writer, postgres_bus)):
        await everything_published(writer)


async def test_a_commit_wakes_the_relay(
    writer: Database, postgres_bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "POLL_S", 3600)
    async with relaying(Relay(writer, postgres_bus)):
        for _ in range(3):
            await state(writer, an_import())
            await everything_published(writer)


async def test_a_fact_whose_notification_was_lost_is_found_by_the_poll(
    writer: Database, postgres_bus: Bus
) -> None:
    async with relaying(Relay(writer, postgres_bus)):
        await state(writer, an_import())
        await everything_published(writer)
        async with writer.write() as connection:
            await connection.execute(text("DROP TRIGGER outbox_notify ON outbox"))
        await state(writer, an_import())
        await everything_published(writer)


async def test_of_two_relays_one_publishes_and_the_other_takes_over(
    installation: Installation, writer: Database, postgres_bus: Bus
) -> None:
    recorder = Recorder()
    other = a_database(installation.writer_dsn, "writer")
    first, second = Relay(writer, postgres_bus), Relay(other, postgres_bus)
    async with consuming(postgres_bus, QUEUE, recorder):
        async with relaying(second):
            async with relaying(first):
                await state(writer, *(an_import() for _ in range(20)))
                await everything_published(writer)
            # Whichever led, the second is alone now.
            await state(writer, *(an_import() for _ in range(20)))
            await everything_published(writer)
        await eventually(lambda: len(recorder.deliveries) >= 40)
    await other.close()

    assert len(set(recorder.ids)) == len(recorder.ids) == 40


async def test_a_leader_that_lost_its_connection_leads_again(
    admin_dsn: str, writer: Database, postgres_bus: Bus
) -> None:
    async with relaying(Relay(writer, postgres_bus)):
        await state(writer, an_import())
        await everything_published(writer)
        admin = await asyncpg.connect(admin_dsn)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        await admin.close()
        await eventually(lambda: _can_state(writer), within_s=30)
        await everything_published(writer)


async def _can_state(db: Database) -> bool:
    try:
        await state(db, an_import())
    except Exception as error:
        assert type(error).__name__ == "Unavailable", error  # noqa: PT017
        return False
    return True


async def test_a_fact_that_cannot_be_routed_stops_its_aggregate_alone_until_it_can(
    installation: Installation, writer: Database, postgres_bus: Bus
) -> None:
    stuck, other = uuid4(), uuid4()
    behind, free = an_import(stuck, number=2), an_import(other)
    async with writer.transactions(Ledger)() as tx:
        await tx.publish(an_approval(stuck), aggregate_version=1)
    await state(writer, behind, free)

    relay = Relay(writer, postgres_bus, first_rest_s=0.001, blocked_rest_s=0.1)
    recorder = Recorder()
    async with relaying(relay), consuming(postgres_bus, QUEUE, recorder):
        await eventually(lambda: recorder.deliveries)

        async def is_blocked() -> bool:
            async with writer.read() as connection:
                return await outbox.blocked_aggregates(connection) == 1

        await eventually(is_blocked, within_s=30)
        async with writer.read() as connection:
            reason = await connection.scalar(
                text("SELECT last_error FROM outbox WHERE attempts >= 10")
            )
        assert reason == "No queue is bound to plan.approved."
        assert await unpublished_count(writer) == 2
        assert len(recorder.deliveries) == 1

        wider = Topology((*TOPOLOGY.subscriptions, Subscription("reader", PlanApproved.TYPE)))
        async with started(PostgresBus(installation.bus_dsn, topology=wider)):
            await everything_published(writer)
            await eventually(lambda: len(recorder.deliveries) == 2)

    delivered = [Envelope.decode(d.message.body).data["inventory_id"] for d in recorder.deliveries]
    assert delivered == [str(free.inventory_id), str(behind.inventory_id)]


async def test_facts_wait_out_a_broker_that_is_away_and_then_drain_in_order(
    installation: Installation, writer: Database
) -> None:
    project = uuid4()
    facts = [an_import(project, number=n) for n in range(1, 9)]
    async with (
        Proxy(installation.bus_dsn) as proxy,
        started(PostgresBus(proxy.url, topology=TOPOLOGY)) as bus,
    ):
        async with relaying(Relay(writer, bus)):
            await state(writer, facts[0])
            await everything_published(writer)
            proxy.refuse()
            for fact in facts[1:]:
                await state(writer, fact)
            await eventually(lambda: _is_down(bus))
            assert await unpublished_count(writer) == len(facts) - 1
            proxy.accept()
            await everything_published(writer)

        assert await queued(bus, len(facts)) == [fact.inventory_id for fact in facts]
    async with writer.read() as connection:
        failures = await connection.scalar(text("SELECT sum(attempts) FROM outbox"))
    assert failures == 0


async def _is_down(bus: Bus) -> bool:
    return not await bus.healthy()


async def test_the_relay_survives_the_loss_of_its_database(
    installation: Installation, postgres_bus: Bus
) -> None:
    async with Proxy(installation.writer_dsn) as proxy:
        db = a_database(proxy.url, "writer")
        recorder = Recorder()
        async with relaying(Relay(db, postgres_bus)), consuming(postgres_bus, QUEUE, recorder):
            await state(db, an_import())
            await everything_published(db)
            proxy.refuse()
            await eventually(lambda: _cannot_state(db))
            proxy.accept()
            await eventually(lambda: _can_state(db), within_s=30)
            await everything_published(db)
            await eventually(lambda: len(recorder.deliveries) >= 2)
        await db.close()


async def _cannot_state(db: Database) -> bool:
    return not await _can_state(db)


async def test_a_stopping_relay_publishes_what_was_committed_before(
    writer: Database, postgres_bus: Bus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_module, "POLL_S", 3600)
    async with relaying(Relay(writer, postgres_bus)) as stop:
        await state(writer, an_import())
        await everything_published(writer)
        async with writer.write() as connection:
            await connection.execute(text("DROP TRIGGER outbox_notify ON outbox"))
        await state(writer, an_import())
        stop.set()

    assert await unpublished_count(writer) == 0


async def test_facts_published_long_ago_are_pruned(writer: Database, postgres_bus: Bus) -> None:
    await state(writer, an_import(), an_import())
    async with writer.write() as connection:
        await connection.execute(
            text("UPDATE outbox SET published_at = now() - interval '8 days' WHERE seq = 1")
        )

    async with relaying(Relay(writer, postgres_bus)):
        await everything_published(writer)

    async with writer.read() as connection:
        assert await connection.scalar(text("SELECT count(*) FROM outbox")) == 1


@pytest.mark.parametrize(
    ("failpoint", "copies"), [("relay.before_publish", 1), ("relay.published_not_marked", 2)]
)
async def test_a_relay_killed_around_publishing_loses_nothing(
    installation: Installation, writer: Database, postgres_bus: Bus, failpoint: str, copies: int
) -> None:
    fact = an_import()
    await state(writer, fact)

    assert await run_until_killed("relay", installation, failpoint) == KILLED
    assert await unpublished_count(writer) == 1

    async with relaying(Relay(writer, postgres_bus)):
        await everything_published(writer)
    recorder = Recorder()
    async with consuming(postgres_bus, QUEUE, recorder):
        await eventually(lambda: len(recorder.deliveries) == copies)
    assert len(set(recorder.ids)) == 1
