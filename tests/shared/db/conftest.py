"""Each test has a database of its own; most have the workshop's migrated schema in it."""

from collections.abc import AsyncIterator
from itertools import count
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from shared.db.bootstrap import bootstrap
from shared.db.engine import make_engine
from shared.db.migrate import migrate
from shared.db.uow import Database, Transactions
from shared.runtime.ids import Uuid7Ids
from shared.testing.postgres import PostgresServer
from tests.shared.db.workshop import PASSWORD, SCRIPTS, SERVICE, NoonClock, Widgets, as_role

_numbers = count(1)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def session_roles(postgres: PostgresServer) -> AsyncIterator[str]:
    """The prefix of all roles that this process makes on the server; they are dropped at the end.

    Roles belong to the server, so each process has its own.
    """
    prefix = f"t{uuid4().hex[:8]}_"
    yield prefix
    admin = await asyncpg.connect(postgres.admin_dsn)
    drops = await admin.fetch(
        "SELECT format('DROP ROLE %I', rolname) AS sql FROM pg_roles"
        " WHERE starts_with(rolname, $1) ORDER BY oid DESC",  # owners after what they made
        prefix,
    )
    for drop in drops:
        await admin.execute(drop["sql"])
    await admin.close()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def workshop_template(postgres: PostgresServer, session_roles: str) -> AsyncIterator[str]:
    """The name of a database with the workshop's schema in it, to be copied."""
    async with postgres.fresh_database() as database:
        await bootstrap(database.admin_dsn, {SERVICE: PASSWORD}, role_prefix=session_roles)
        dsn = as_role(database.admin_dsn, session_roles + SERVICE, PASSWORD)
        await migrate(SERVICE, dsn, scripts=SCRIPTS)
        yield make_url(dsn).database or ""


@pytest.fixture
async def dsn(
    postgres: PostgresServer, session_roles: str, workshop_template: str
) -> AsyncIterator[str]:
    """The workshop's own role in a new database, with its schema migrated."""
    async with postgres.fresh_database(template=workshop_template) as database:
        await bootstrap(database.admin_dsn, {SERVICE: PASSWORD}, role_prefix=session_roles)
        yield as_role(database.admin_dsn, session_roles + SERVICE, PASSWORD)


@pytest.fixture
async def db(dsn: str) -> AsyncIterator[Database]:
    database = Database(
        make_engine(dsn, schema=SERVICE), service=SERVICE, ids=Uuid7Ids(), clock=NoonClock()
    )
    yield database
    await database.close()


@pytest.fixture
def transactions(db: Database) -> Transactions[Widgets]:
    return db.transactions(Widgets)


@pytest.fixture
def role_prefix(session_roles: str) -> str:
    """A prefix for the roles of one test."""
    return f"{session_roles}{next(_numbers)}_"


@pytest.fixture
async def admin(admin_dsn: str) -> AsyncIterator[asyncpg.Connection]:
    """An administrator's connection to an empty database."""
    connection = await asyncpg.connect(admin_dsn)
    yield connection
    await connection.close()
