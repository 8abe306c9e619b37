"""Each test that asks for it has a database with the planner's migrated schema."""

from collections.abc import AsyncIterator

import pytest

from shared.db.uow import Database
from shared.testing.postgres import FreshDatabase
from tests.services.planner.workbench import NOW, Workbench
from tests.support.job_bench import opened_database


@pytest.fixture
def dsn(platform_database: FreshDatabase) -> str:
    """The libpq URL of the planner's role."""
    return platform_database.dsn("planner")


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    async with opened_database(dsn, "planner", at=NOW) as db:
        yield db


@pytest.fixture
def bench(db: Database) -> Workbench:
    return Workbench(db)
