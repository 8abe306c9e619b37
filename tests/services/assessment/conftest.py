"""Each test that asks for it has a database with the assessment's migrated schema."""

from collections.abc import AsyncIterator

import pytest

from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.runtime.ids import Uuid7Ids
from shared.testing.postgres import FreshDatabase
from tests.services.assessment.upstream import FakeIngest
from tests.services.assessment.workbench import FixedClock, Workbench


@pytest.fixture
def dsn(platform_database: FreshDatabase) -> str:
    """The libpq URL of the assessment's role."""
    return platform_database.dsn("assessment")


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    db = Database(
        make_engine(dsn, schema="assessment"),
        service="assessment",
        ids=Uuid7Ids(),
        clock=FixedClock(),
    )
    yield db
    await db.close()


@pytest.fixture
def bench(db: Database) -> Workbench:
    return Workbench(db, FakeIngest())
