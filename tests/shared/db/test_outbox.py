"""Facts waiting to be published."""

from collections.abc import Sequence

from sqlalchemy import text

from shared.db import outbox
from shared.db.uow import Database, Transactions
from tests.shared.db.workshop import WidgetMade, Widgets


async def publish(transactions: Transactions[Widgets], *names: str) -> None:
    async with transactions() as tx:
        for name in names:
            await tx.publish(WidgetMade(name=name), aggregate_version=1)


async def waiting(db: Database, *, limit: int = 200) -> Sequence[outbox.OutboxRow]:
    async with db.read() as connection:
        return await outbox.unpublished(connection, limit=limit)


async def fail(db: Database, row: outbox.OutboxRow, *, times: int) -> None:
    for _ in range(times):
        async with db.write() as connection:
            await outbox.mark_failed(connection, {row.id: "no route"})


async def test_rows_wait_in_the_order_of_their_insertion(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await publish(transactions, "cog", "cam", "axle")

    assert [row.envelope.data["name"] for row in await waiting(db, limit=2)] == ["cog", "cam"]


async def test_a_published_row_waits_no_more(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await publish(transactions, "cog", "cam")
    async with db.write() as connection:
        await outbox.mark_published(connection, [(await waiting(db))[0].id])

    assert [row.envelope.data["name"] for row in await waiting(db)] == ["cam"]


async def test_a_row_that_committed_late_is_not_skipped(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async with transactions() as late:
        await late.publish(WidgetMade(name="late"), aggregate_version=1)
        await publish(transactions, "early")
        early = await waiting(db)
        async with db.write() as connection:
            await outbox.mark_published(connection, [row.id for row in early])

    assert [row.envelope.data["name"] for row in early] == ["early"]
    assert [row.envelope.data["name"] for row in await waiting(db)] == ["late"]


async def test_ten_failures_stop_the_aggregate_and_no_other(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await publish(transactions, "cog", "cam", "cog")
    first = (await waiting(db))[0]

    await fail(db, first, times=outbox.MAX_ATTEMPTS - 1)
    assert [row.envelope.data["name"] for row in await waiting(db)] == ["cog", "cam", "cog"]

    await fail(db, first, times=1)
    assert [row.envelope.data["name"] for row in await waiting(db)] == ["cam"]
    async with db.read() as connection:
        assert await outbox.blocked_aggregates(connection) == 1
        reason = await connection.scalar(text("SELECT last_error FROM outbox WHERE attempts = 10"))
    assert reason == "no route"


async def test_rows_before_the_blocked_one_still_flow(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await publish(transactions, "cog", "cog")
    await fail(db, (await waiting(db))[1], times=outbox.MAX_ATTEMPTS)

    assert len(await waiting(db)) == 1


async def test_rows_of_a_blocked_aggregate_are_given_to_who_asks_for_them(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await publish(transactions, "cog", "cam", "cog")
    await fail(db, (await waiting(db))[0], times=outbox.MAX_ATTEMPTS)

    async with db.read() as connection:
        rows = await outbox.unpublished(connection, with_blocked=True)
    assert [row.envelope.data["name"] for row in rows] == ["cog", "cam", "cog"]


async def test_rows_of_aggregates_that_rest_are_left_out(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await publish(transactions, "cog", "cam", "axle", "cog")

    async with db.read() as connection:
        rows = await outbox.unpublished(
            connection, without=[("widgets", "cog"), ("widgets", "axle")]
        )
    assert [row.envelope.data["name"] for row in rows] == ["cam"]


async def test_the_age_is_that_of_the_oldest_row_not_yet_published(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async with db.read() as connection:
        assert await outbox.oldest_unpublished_s(connection) == 0
    await publish(transactions, "cog", "cam")
    async with db.write() as connection:
        await connection.execute(
            text("UPDATE outbox SET created_at = created_at - interval '90 s' WHERE seq = 1")
        )

    async with db.read() as connection:
        age_s = await outbox.oldest_unpublished_s(connection)
    assert 90 <= age_s < 120


async def test_only_rows_published_a_week_ago_are_pruned(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await publish(transactions, "old", "fresh", "waiting")
    async with db.write() as connection:
        await connection.execute(
            text(
                "UPDATE outbox SET published_at = now() - CASE seq WHEN 1 THEN interval '8 days'"
                " ELSE interval '6 days' END WHERE seq < 3"
            )
        )
        await connection.execute(
            text("UPDATE outbox SET created_at = now() - interval '9 days' WHERE seq = 3")
        )

        assert await outbox.prune(connection) == 1
        left = await connection.execute(text("SELECT envelope -> 'data' ->> 'name' FROM outbox"))
        assert set(left.scalars()) == {"fresh", "waiting"}
