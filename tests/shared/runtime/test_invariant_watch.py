"""What a scrape shows of the invariants."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.kernel.errors import Unavailable
from shared.observability.metrics import Metrics
from shared.runtime.clock import SystemClock
from shared.runtime.ids import Uuid7Ids
from shared.runtime.invariant_watch import InvariantWatch
from shared.testing.waiting import eventually


@pytest.fixture
async def db(admin_dsn: str) -> AsyncIterator[Database]:
    engine = make_engine(admin_dsn, schema="public")
    database = Database(engine, service="public", ids=Uuid7Ids(), clock=SystemClock())
    async with database.write() as connection:
        await connection.execute(text("CREATE TABLE dents (n integer)"))
    yield database
    await database.close()


class NoDents:
    """Nothing has a dent."""

    name = "no_dents"
    is_reachable = True

    async def violations(self, connection: AsyncConnection) -> int:
        if not self.is_reachable:
            raise Unavailable("away", code="database-unavailable")
        return await connection.scalar(text("SELECT count(*) FROM dents")) or 0


async def test_violations_come_and_go_with_the_rows_and_are_absent_when_unknown(
    db: Database,
) -> None:
    invariant, metrics, stop = NoDents(), Metrics("workshop"), asyncio.Event()
    watch = InvariantWatch(db, [invariant], metrics, every_s=0.02)

    async def shows(line: str) -> bool:
        return line in (await metrics.render()).decode()

    async def change(statement: str) -> None:
        async with db.write() as connection:
            await connection.execute(text(statement))

    series = 'invariant_violations{name="no_dents",service="workshop"}'
    running = asyncio.create_task(watch.run(stop))
    await eventually(lambda: shows(f"{series} 0.0"), what="no violation is shown")
    await change("INSERT INTO dents VALUES (1), (2)")
    await eventually(lambda: shows(f"{series} 2.0"), what="two violations are shown")
    invariant.is_reachable = False

    async def is_absent() -> bool:
        return not await shows(series)

    await eventually(is_absent, what="nothing is shown")
    invariant.is_reachable = True
    await eventually(lambda: shows(f"{series} 2.0"), what="two violations are shown again")
    await change("ALTER TABLE dents RENAME TO scratches")
    await eventually(is_absent, what="nothing is shown while the look itself is broken")
    await change("ALTER TABLE scratches RENAME TO dents")
    await change("DELETE FROM dents")
    await eventually(lambda: shows(f"{series} 0.0"), what="no violation is shown again")
    stop.set()
    await running
