"""Each test that asks for it has a database with the provisioner's migrated schema."""

from collections.abc import AsyncIterator

import pytest

from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.runtime.ids import Uuid7Ids
from shared.testing.postgres import FreshDatabase
from tests.services.provisioner.upstream import FakePlanner
from tests.services.provisioner.workbench import FixedClock, Workbench

SERVICE = "provisioner"


@pytest.fixture
def dsn(platform_database: FreshDatabase) -> str:
    """The libpq URL of the provisioner's role."""
    return platform_database.dsn(SERVICE)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    db = Database(
        make_engine(dsn, schema=SERVICE), service=SERVICE, ids=Uuid7Ids(), clock=FixedClock()
    )
    yield db
    await db.close()


@pytest.fixture
def bench(db: Database) -> Workbench:
    return Workbench(db, FakePlanner())
