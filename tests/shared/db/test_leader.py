"""One active process per name."""

import asyncio

import asyncpg
import pytest

from shared.db.engine import make_engine
from shared.db.leader import Leader
from shared.db.uow import Database
from shared.kernel.errors import Unavailable
from shared.testing.waiting import eventually
from tests.shared.db.workshop import end_sessions


async def test_one_of_two_leads_until_it_lets_go(db: Database) -> None:
    first, second = Leader(db, "workshop.relay"), Leader(db, "workshop.relay")
    assert [await first.leads(), await second.leads(), await first.leads()] == [True, False, True]

    await first.close()
    await first.close()
    await eventually(second.leads)
    assert not await first.leads()
    await asyncio.gather(first.close(), second.close())


async def test_different_names_do_not_meet(db: Database) -> None:
    relay, sweeper = Leader(db, "workshop.relay"), Leader(db, "workshop.sweeper")

    assert [await relay.leads(), await sweeper.leads()] == [True, True]
    await asyncio.gather(relay.close(), sweeper.close())


async def test_a_leader_that_loses_its_connection_is_followed_by_another(
    db: Database,
) -> None:
    prepared: list[asyncpg.Connection] = []

    async def prepare(connection: asyncpg.Connection) -> None:
        prepared.append(connection)

    leader = Leader(db, "workshop.relay", on_connect=prepare)
    await leader.leads()
    await end_sessions(db, which="pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')")
    successor = Leader(db, "workshop.relay")
    await eventually(successor.leads)
    await eventually(prepared[0].is_closed)

    assert not await leader.leads()
    assert len(prepared) == 2
    await asyncio.gather(leader.close(), successor.close())


async def test_nobody_leads_while_the_database_is_away(db: Database) -> None:
    away = make_engine("postgresql://nobody@/nowhere?host=/nonexistent", schema="workshop")
    leader = Leader(
        Database(away, service="workshop", ids=db.ids, clock=db.clock), "workshop.relay"
    )

    with pytest.raises(Unavailable):
        await leader.leads()
    await leader.close()
