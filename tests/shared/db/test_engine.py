"""What connections allow, and which errors mean "try again later"."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import IntegrityError

from shared.db.engine import make_engine
from shared.db.uow import Database, Transactions
from shared.kernel.errors import Unavailable
from tests.shared.db.workshop import SERVICE, Widgets, end_sessions, widget_names


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("search_path", "workshop"),
        ("TimeZone", "UTC"),
        ("statement_timeout", "5s"),
        ("lock_timeout", "4s"),
        ("idle_in_transaction_session_timeout", "30s"),
        ("application_name", "migplan-workshop"),
    ],
)
async def test_every_connection_has_its_schema_and_its_limits(
    db: Database, setting: str, value: str
) -> None:
    async with db.read() as connection:
        assert value == await connection.scalar(text(f"SHOW {setting}"))
    dedicated = await db.connect()
    assert value == await dedicated.fetchval(f"SHOW {setting}")
    await dedicated.close()


@pytest.mark.parametrize(
    "dsn",
    [
        "postgresql://nobody@127.0.0.1:1/nowhere",
        "postgresql://nobody@/nowhere?host=/nonexistent",
        "postgresql://nobody@no-such-host.invalid/nowhere",
    ],
)
async def test_a_server_that_is_not_there_is_unavailable(db: Database, dsn: str) -> None:
    engine = make_engine(dsn, schema=SERVICE)
    elsewhere = Database(engine, service=SERVICE, ids=db.ids, clock=db.clock)

    with pytest.raises(Unavailable):
        await elsewhere.connect()
    with pytest.raises(Unavailable):
        async with elsewhere.write():
            pass
    with pytest.raises(Unavailable):
        async with elsewhere.read():
            pass


async def test_a_lost_connection_is_unavailable_and_the_pool_recovers_by_itself(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def attempt() -> None:
        async with transactions() as tx:
            await tx.store.add("cog")
            await end_sessions(db)
            await tx.store.names()

    with pytest.raises(Unavailable):
        await attempt()

    async with transactions() as tx:
        await tx.store.add("cam")
    assert await widget_names(db) == ["cam"]


async def test_a_connection_lost_before_the_commit_leaves_nothing(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def attempt() -> None:
        async with transactions() as tx:
            await tx.store.add("cog")
            await end_sessions(db)

    with pytest.raises(Unavailable):
        await attempt()

    assert await widget_names(db) == []


async def test_idle_connections_of_before_an_outage_cost_one_failure_at_most(
    db: Database,
) -> None:
    async with db.read(), db.read(), db.read():
        pass
    await end_sessions(db)

    failures = 0
    for _ in range(4):
        try:
            await widget_names(db)
        except Unavailable:
            failures += 1
    assert failures <= 1


async def test_a_statement_over_its_limit_is_unavailable(db: Database) -> None:
    async def attempt() -> None:
        async with db.write() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = '50ms'"))
            await connection.execute(text("SELECT pg_sleep(10)"))

    with pytest.raises(Unavailable):
        await attempt()


async def test_waiting_too_long_for_a_lock_is_unavailable(db: Database) -> None:
    async with db.write() as holder:
        await holder.execute(text("LOCK TABLE widgets"))

        async def attempt() -> None:
            async with db.write() as waiter:
                await waiter.execute(text("SET LOCAL lock_timeout = '50ms'"))
                await waiter.execute(text("LOCK TABLE widgets"))

        with pytest.raises(Unavailable):
            await attempt()


async def test_one_of_two_deadlocked_transactions_is_unavailable(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async with transactions() as tx:
        await tx.store.add("cam")
        await tx.store.add("cog")
    both_hold_one = asyncio.Barrier(2)

    async def weigh(first: str, second: str) -> None:
        async with db.write() as connection:
            for name in (first, second):
                await connection.execute(
                    text("UPDATE widgets SET weight_g = 2 WHERE name = :name"), {"name": name}
                )
                if name == first:
                    await both_hold_one.wait()

    ends = await asyncio.gather(weigh("cam", "cog"), weigh("cog", "cam"), return_exceptions=True)

    assert [Unavailable] == [type(end) for end in ends if end is not None]


async def test_a_serialization_failure_is_unavailable(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async with transactions() as tx:
        await tx.store.add("cog")

    async def attempt() -> None:
        async with db.write() as late:
            await late.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
            await late.execute(text("SELECT 1 FROM widgets"))
            async with db.write() as early:
                await early.execute(text("UPDATE widgets SET weight_g = 2"))
            await late.execute(text("UPDATE widgets SET weight_g = 3"))

    with pytest.raises(Unavailable):
        await attempt()


async def test_a_pool_with_no_connection_left_is_unavailable(
    dsn: str, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.db.engine.POOL_TIMEOUT_S", 0.1)
    engine = make_engine(dsn, schema=SERVICE, pool_size=1)
    small = Database(engine, service=SERVICE, ids=db.ids, clock=db.clock)

    async with small.read():
        with pytest.raises(Unavailable):
            await widget_names(small)
    assert await widget_names(small) == []
    await small.close()


async def test_a_schema_that_changed_under_a_prepared_statement_is_unavailable_once(
    db: Database,
) -> None:
    async def everything() -> None:
        async with db.read() as connection:
            await connection.execute(text("SELECT * FROM widgets"))

    await everything()
    migration = await db.connect()
    await migration.execute("ALTER TABLE widgets ADD COLUMN price_eur integer")
    await migration.close()

    with pytest.raises(Unavailable):
        await everything()
    await everything()


async def test_a_broken_rule_of_the_schema_passes_unchanged(
    transactions: Transactions[Widgets],
) -> None:
    async def attempt() -> None:
        async with transactions() as tx:
            await tx.store.add("cog")
            await tx.store.add("cog")

    with pytest.raises(IntegrityError):
        await attempt()


async def test_a_missing_file_of_the_caller_is_not_blamed_on_the_database(
    transactions: Transactions[Widgets], tmp_path: Path
) -> None:
    async def attempt() -> None:
        async with transactions():
            (tmp_path / "missing").read_text()

    with pytest.raises(FileNotFoundError):
        await attempt()


async def test_json_columns_take_ids_and_times(db: Database) -> None:
    async with db.write() as connection:
        sent = {"id": db.ids.new(), "at": db.clock.now()}
        got = await connection.scalar(
            text("SELECT :value").bindparams(bindparam("value", type_=JSONB)), {"value": sent}
        )

    assert got == {"id": str(sent["id"]), "at": "2026-03-01T12:00:00+00:00"}
