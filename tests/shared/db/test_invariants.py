"""What must be true of every service's rows: kept by the mechanism, noticed when it is not."""

import pytest
from sqlalchemy import text

from shared.db.invariants import Invariant, OutboxIsPublished
from shared.db.uow import Database, Transactions
from tests.shared.db.workshop import WidgetMade, Widgets

OUTBOX = OutboxIsPublished()


async def violations(db: Database, invariant: Invariant) -> int:
    async with db.read() as connection:
        return await invariant.violations(connection)


async def change(db: Database, statement: str) -> None:
    async with db.write() as connection:
        await connection.execute(text(statement))


@pytest.fixture
async def fact(transactions: Transactions[Widgets]) -> None:
    """A fact that waits in the outbox."""
    async with transactions() as tx:
        await tx.publish(WidgetMade(name="cog"), aggregate_version=1)


@pytest.mark.usefixtures("fact")
async def test_a_fact_may_wait_for_a_minute_and_no_longer(db: Database) -> None:
    assert await violations(db, OUTBOX) == 0

    await change(db, "UPDATE outbox SET created_at = now() - interval '61 s'")

    assert await violations(db, OUTBOX) == 1


@pytest.mark.usefixtures("fact")
@pytest.mark.parametrize("because", ["published_at = now()", "attempts = 10"])
async def test_a_published_or_blocked_fact_is_no_late_one(db: Database, because: str) -> None:
    await change(db, f"UPDATE outbox SET created_at = now() - interval '1 h', {because}")

    assert await violations(db, OUTBOX) == 0


@pytest.mark.usefixtures("fact")
async def test_a_fact_behind_a_blocked_one_is_no_late_one(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await change(db, "UPDATE outbox SET attempts = 10")
    async with transactions() as tx:
        await tx.publish(WidgetMade(name="cog"), aggregate_version=2)
        await tx.publish(WidgetMade(name="bolt"), aggregate_version=1)

    await change(db, "UPDATE outbox SET created_at = now() - interval '1 h'")

    assert await violations(db, OUTBOX) == 1  # the bolt's
