"""A database with the schemas of the writer, the reader and the bus."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from shared.bus.ports import Bus
from shared.bus.postgres import PostgresBus
from shared.db.bootstrap import bootstrap
from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.runtime.clock import SystemClock
from shared.runtime.ids import Uuid7Ids
from tests.shared.bus.writer_and_reader import TOPOLOGY, make_tables

PASSWORD = "bus-tests"


@dataclass(frozen=True)
class Installation:
    """Where the three roles connect to."""

    writer_dsn: str
    reader_dsn: str
    bus_dsn: str


@pytest.fixture
async def installation(admin_dsn: str) -> Installation:
    prefix = f"t{uuid4().hex[:8]}_"
    await bootstrap(
        admin_dsn, dict.fromkeys(("writer", "reader", "bus"), PASSWORD), role_prefix=prefix
    )

    def dsn(schema: str) -> str:
        url = urlsplit(admin_dsn)
        place = url.netloc.rpartition("@")[2]
        return url._replace(netloc=f"{prefix}{schema}:{PASSWORD}@{place}").geturl()

    for schema in ("writer", "reader"):
        await make_tables(dsn(schema), schema)
    return Installation(dsn("writer"), dsn("reader"), dsn("bus"))


@pytest.fixture
def bus_dsn(installation: Installation) -> str:
    return installation.bus_dsn


def a_database(dsn: str, service: str) -> Database:
    """A service's database as its composition root makes it."""
    return Database(
        make_engine(dsn, schema=service), service=service, ids=Uuid7Ids(), clock=SystemClock()
    )


@pytest.fixture
async def writer(installation: Installation) -> AsyncIterator[Database]:
    database = a_database(installation.writer_dsn, "writer")
    yield database
    await database.close()


@pytest.fixture
async def reader(installation: Installation) -> AsyncIterator[Database]:
    database = a_database(installation.reader_dsn, "reader")
    yield database
    await database.close()


@pytest.fixture
async def postgres_bus(installation: Installation) -> AsyncIterator[Bus]:
    bus = PostgresBus(installation.bus_dsn, topology=TOPOLOGY)
    await bus.start()
    yield bus
    await bus.close()
