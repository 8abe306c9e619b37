"""Each test that asks for it has a database with the exporter's migrated schema."""

from collections.abc import AsyncIterator

import pytest

from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.runtime.ids import Uuid7Ids
from shared.testing.postgres import FreshDatabase
from tests.services.exporter.upstream import FakePlanner
from tests.services.exporter.workbench import FixedClock, Workbench

SERVICE = "exporter"


@pytest.fixture
def dsn(platform_database: FreshDatabase) -> str:
    return platform_database.dsn(SERVICE)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    db = Database(
        make_engine(dsn, schema=SERVICE), service=SERVICE, ids=Uuid7Ids(), clock=FixedClock()
    )
    yield db
    await db.close()


@pytest.fixture
def planner() -> FakePlanner:
    return FakePlanner()


@pytest.fixture
def bench(db: Database, planner: FakePlanner) -> Workbench:
    return Workbench(db, planner)
