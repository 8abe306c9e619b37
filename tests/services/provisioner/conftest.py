"""Each test that asks for it has a database with the provisioner's migrated schema."""

from collections.abc import AsyncIterator

import pytest

from shared.db.uow import Database
from shared.testing.postgres import FreshDatabase
from tests.services.provisioner.upstream import FakePlanner
from tests.services.provisioner.workbench import NOW, Workbench
from tests.support.job_bench import opened_database

SERVICE = "provisioner"


@pytest.fixture
def dsn(platform_database: FreshDatabase) -> str:
    """The libpq URL of the provisioner's role."""
    return platform_database.dsn(SERVICE)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    async with opened_database(dsn, SERVICE, at=NOW) as db:
        yield db


@pytest.fixture
def bench(db: Database) -> Workbench:
    return Workbench(db, FakePlanner())
