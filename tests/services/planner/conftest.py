"""Each test that asks for it has a database with the planner's migrated schema."""

from collections.abc import AsyncIterator

import pytest

from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.runtime.ids import Uuid7Ids
from shared.testing.postgres import FreshDatabase
from tests.services.planner.workbench import FixedClock, Workbench


@pytest.fixture
def dsn(platform_database: FreshDatabase) -> str:
    """The libpq URL of the planner's role."""
    return platform_database.dsn("planner")


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    db = Database(
        make_engine(dsn, schema="planner"), service="planner", ids=Uuid7Ids(), clock=FixedClock()
    )
    yield db
    await db.close()


@pytest.fixture
def bench(db: Database) -> Workbench:
    return Workbench(db)
