"""The unit of work on a real PostgreSQL."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.contracts.envelope import Envelope
from shared.db.uow import Database, Transactions, copy_file, copy_records
from shared.observability import correlation
from tests.shared.db.workshop import NOON, WidgetMade, Widgets, row_count, widget_names


class Failed(Exception):
    """What the tests let go wrong."""


async def test_leaving_the_block_commits(db: Database, transactions: Transactions[Widgets]) -> None:
    async with transactions() as tx:
        await tx.store.add("cog")

    assert await widget_names(db) == ["cog"]


async def test_an_exception_rolls_back_rows_facts_and_jobs_together(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def attempt() -> None:
        async with transactions() as tx:
            await tx.store.add("cog")
            await tx.publish(WidgetMade(name="cog"), aggregate_version=1)
            await tx.enqueue("polish", subject="widgets/cog", payload={})
            raise Failed

    with pytest.raises(Failed):
        await attempt()

    assert [await row_count(db, table) for table in ("widgets", "outbox", "jobs")] == [0, 0, 0]


async def test_an_outbox_row_carries_the_complete_envelope(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    with correlation.bind("request-7", causation_id="event-3"):
        async with transactions() as tx:
            await tx.publish(WidgetMade(name="cog"), aggregate_version=4)

    async with db.read() as connection:
        row = (await connection.execute(text("SELECT * FROM outbox"))).one()
    assert Envelope.model_validate(row.envelope) == Envelope(
        id=row.id,
        source="/services/workshop",
        type="widget.made",
        subject="widgets/cog",
        time=NOON,
        dataschema="urn:migration-planner:widget.made:v1",
        aggregateversion=4,
        correlationid="request-7",
        causationid="event-3",
        data={"name": "cog"},
    )
    assert (row.aggregate_type, row.aggregate_id, row.aggregate_version) == ("widgets", "cog", 4)
    assert row.published_at is None


async def test_the_relay_and_the_workers_are_notified_at_commit_and_not_before(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    heard: asyncio.Queue[str] = asyncio.Queue()
    listener = await db.connect()
    for channel in ("workshop_outbox", "workshop_jobs"):
        await listener.add_listener(channel, lambda _c, _p, channel, _x: heard.put_nowait(channel))

    async with transactions() as tx:
        await tx.publish(WidgetMade(name="cog"), aggregate_version=1)
        await tx.enqueue("polish", subject="widgets/cog", payload={})
        await listener.fetchval("SELECT 1")
        assert heard.empty()

    async with asyncio.timeout(5):
        assert {"workshop_outbox", "workshop_jobs"} == {await heard.get(), await heard.get()}
    await listener.close()


async def test_a_read_may_not_write(db: Database) -> None:
    async def attempt() -> None:
        async with db.read() as connection:
            await Widgets(connection).add("cog")

    with pytest.raises(DBAPIError, match="read-only transaction"):
        await attempt()


async def test_a_write_works_on_the_connection_that_a_read_has_used(db: Database) -> None:
    await widget_names(db)
    async with db.write() as connection:
        await Widgets(connection).add("cog")

    assert await widget_names(db) == ["cog"]


async def test_copied_records_are_rolled_back_even_when_copy_is_the_first_statement(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def attempt() -> None:
        async with transactions() as tx:
            copied = await copy_records(
                tx.connection, "widgets", ["name", "weight_g"], [("cog", 1), ("cam", 2)]
            )
            assert copied == 2
            raise Failed

    with pytest.raises(Failed):
        await attempt()

    assert await widget_names(db) == []


async def test_a_copied_file_is_rolled_back_even_when_copy_is_the_first_statement(
    db: Database, transactions: Transactions[Widgets], tmp_path: Path
) -> None:
    path = tmp_path / "widgets.tsv"
    path.write_text("cog\t1\ncam\t2\n")

    async def attempt() -> None:
        async with transactions() as tx:
            assert await copy_file(tx.connection, "widgets", ["name", "weight_g"], path) == 2
            raise Failed

    with pytest.raises(Failed):
        await attempt()

    assert await widget_names(db) == []


async def test_copied_rows_and_their_fact_commit_as_one_transaction(
    db: Database, transactions: Transactions[Widgets], tmp_path: Path
) -> None:
    path = tmp_path / "widgets.tsv"
    path.write_text("cog\t1\ncam \\\\ shaft\t2\n")
    async with transactions() as tx:
        await copy_file(tx.connection, "widgets", ["name", "weight_g"], path)
        await copy_records(tx.connection, "widgets", ["name", "weight_g"], [("axle", 3)])
        await tx.publish(WidgetMade(name="cog"), aggregate_version=1)

    assert await widget_names(db) == ["axle", "cam \\ shaft", "cog"]
    async with db.read() as connection:
        transaction_ids = await connection.scalar(
            text(
                "SELECT count(DISTINCT x) FROM"
                " (SELECT xmin::text FROM widgets UNION SELECT xmin::text FROM outbox) AS t (x)"
            )
        )
    assert transaction_ids == 1
