"""Each test that asks for it has a database with the exporter's migrated schema."""

from collections.abc import AsyncIterator

import pytest

from shared.db.uow import Database
from shared.testing.postgres import FreshDatabase
from tests.services.exporter.upstream import FakePlanner
from tests.services.exporter.workbench import NOW, Workbench
from tests.support.job_bench import opened_database

SERVICE = "exporter"


@pytest.fixture
def dsn(platform_database: FreshDatabase) -> str:
    return platform_database.dsn(SERVICE)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    async with opened_database(dsn, SERVICE, at=NOW) as db:
        yield db


@pytest.fixture
def planner() -> FakePlanner:
    return FakePlanner()


@pytest.fixture
def bench(db: Database, planner: FakePlanner) -> Workbench:
    return Workbench(db, planner)
