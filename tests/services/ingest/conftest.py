"""One database for all tests of the ingest, empty at the beginning of each."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services import SERVICES
from shared.db.engine import close_raw, raw_connection
from shared.db.uow import Database
from shared.testing.postgres import FreshDatabase, PostgresServer
from shared.testing.shared_run import SharedRun
from tests.services.ingest.worker.workbench import NOW, Workbench
from tests.support.job_bench import opened_database

EMPTY = "DELETE FROM projects; DELETE FROM jobs; DELETE FROM outbox; DELETE FROM idempotency"


@pytest.fixture(scope="session")
def ingest_database(postgres: PostgresServer, shared_run: SharedRun) -> Iterator[FreshDatabase]:
    """The database; what is in it belongs to one test at a time."""
    with postgres.held_platform_database(shared_run, SERVICES) as database:
        yield database


@pytest.fixture
async def dsn(ingest_database: FreshDatabase) -> str:
    """The libpq URL of the ingest's role, whose tables are empty."""
    dsn = ingest_database.dsn("ingest")
    connection = await raw_connection(dsn, schema="ingest")
    await connection.execute(EMPTY)
    await close_raw(connection)
    return dsn


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    async with opened_database(dsn, "ingest", at=NOW) as db:
        yield db


@pytest.fixture
def bench(db: Database, tmp_path: Path) -> Workbench:
    return Workbench(db, tmp_path)
