"""Roles and schemas: what each service may do, and what it may not."""

import asyncio
from contextlib import AsyncExitStack

import asyncpg
import pytest

from shared.db.bootstrap import bootstrap
from shared.kernel.errors import Invalid
from shared.testing.postgres import PostgresServer
from tests.shared.db.workshop import as_role

PASSWORDS = {"ingest": "pw-ingest", "planner": "pw-planner", "bus": "pw-bus"}


@pytest.fixture
async def installed(admin_dsn: str, role_prefix: str) -> str:
    """A database with three schemas; gives its admin DSN."""
    await bootstrap(admin_dsn, PASSWORDS, role_prefix=role_prefix)
    return admin_dsn


async def connect(admin_dsn: str, role: str, password: str) -> asyncpg.Connection:
    return await asyncpg.connect(as_role(admin_dsn, role, password))


async def test_a_service_works_in_its_own_schema_without_naming_it(
    installed: str, role_prefix: str
) -> None:
    ingest = await connect(installed, f"{role_prefix}ingest", "pw-ingest")
    await ingest.execute("CREATE TABLE hosts (name text)")

    schema = await ingest.fetchval("SELECT schemaname FROM pg_tables WHERE tablename = 'hosts'")
    assert schema == "ingest"
    await ingest.close()


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM planner.plans",
        "INSERT INTO planner.plans VALUES (1)",
        "SELECT * FROM own JOIN planner.plans USING (n)",
        "CREATE TABLE planner.intruder (n integer)",
        "CREATE TABLE public.intruder (n integer)",
        "CREATE TEMPORARY TABLE intruder (n integer)",
        "CREATE SCHEMA intruder",
        "CREATE ROLE intruder",
        "CREATE DATABASE intruder",
        "DROP SCHEMA planner CASCADE",
        "GRANT ALL ON SCHEMA planner TO CURRENT_USER",
        "SELECT * FROM bus.messages",
    ],
)
async def test_a_service_can_reach_nothing_else(
    installed: str, role_prefix: str, statement: str
) -> None:
    for schema, table in (("planner", "plans"), ("bus", "messages")):
        owner = await connect(installed, role_prefix + schema, PASSWORDS[schema])
        await owner.execute(f"CREATE TABLE {table} (n integer)")
        await owner.close()
    ingest = await connect(installed, f"{role_prefix}ingest", "pw-ingest")
    await ingest.execute("CREATE TABLE own (n integer)")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await ingest.execute(statement)
    await ingest.close()


async def test_a_role_without_a_schema_here_cannot_even_connect(
    installed: str, role_prefix: str, admin: asyncpg.Connection
) -> None:
    stranger = f"{role_prefix}stranger"
    await admin.execute(f"CREATE ROLE {stranger} LOGIN PASSWORD 'pw'")

    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await connect(installed, stranger, "pw")


async def test_running_it_again_keeps_the_contents(installed: str, role_prefix: str) -> None:
    ingest = await connect(installed, f"{role_prefix}ingest", "pw-ingest")
    await ingest.execute("CREATE TABLE hosts AS SELECT 'esx-1' AS name")
    await bootstrap(installed, PASSWORDS | {"exporter": "pw"}, role_prefix=role_prefix)

    assert await ingest.fetchval("SELECT name FROM hosts") == "esx-1"
    exporter = await connect(installed, f"{role_prefix}exporter", "pw")
    assert await exporter.fetchval("SELECT current_schema()") == "exporter"
    await ingest.close()
    await exporter.close()


async def test_processes_that_run_it_at_once_take_turns(admin_dsn: str, role_prefix: str) -> None:
    await asyncio.gather(
        *(bootstrap(admin_dsn, PASSWORDS, role_prefix=role_prefix) for _ in range(3))
    )

    ingest = await connect(admin_dsn, f"{role_prefix}ingest", "pw-ingest")
    assert await ingest.fetchval("SELECT current_schema()") == "ingest"
    await ingest.close()


@pytest.mark.parametrize("password", ["pw-planner", ""])
async def test_another_password_is_refused(installed: str, role_prefix: str, password: str) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(installed, f"{role_prefix}ingest", password)


async def test_the_names_are_quoted_by_the_server(admin_dsn: str, role_prefix: str) -> None:
    await bootstrap(admin_dsn, {'odd "name': "it's"}, role_prefix=role_prefix)

    odd = await connect(admin_dsn, f'{role_prefix}odd "name', "it's")
    assert await odd.fetchval("SELECT current_schema()") == 'odd "name'
    await odd.close()


@pytest.mark.parametrize("password", ["", "pässword"])
async def test_a_password_that_cannot_be_used_is_refused(admin_dsn: str, password: str) -> None:
    with pytest.raises(Invalid):
        await bootstrap(admin_dsn, {"ingest": password})


async def test_an_owner_of_the_database_with_createrole_suffices(
    admin_dsn: str, role_prefix: str, admin: asyncpg.Connection
) -> None:
    owner = f"{role_prefix}owner"
    database = await admin.fetchval("SELECT current_database()")
    await admin.execute(f"CREATE ROLE {owner} LOGIN CREATEROLE PASSWORD 'pw'")
    await admin.execute(f"GRANT {owner} TO CURRENT_USER")
    await admin.execute(f"ALTER DATABASE {database} OWNER TO {owner}")
    owner_dsn = as_role(admin_dsn, owner, "pw")
    for _ in range(2):
        await bootstrap(owner_dsn, PASSWORDS, role_prefix=role_prefix)

    ingest = await connect(admin_dsn, f"{role_prefix}ingest", "pw-ingest")
    await ingest.execute("CREATE TABLE hosts (name text)")
    await ingest.close()


async def test_databases_of_one_cluster_may_be_bootstrapped_at_once(
    postgres: PostgresServer, role_prefix: str
) -> None:
    async with AsyncExitStack() as stack:
        databases = [await stack.enter_async_context(postgres.fresh_database()) for _ in range(4)]
        await asyncio.gather(
            *(bootstrap(each.admin_dsn, PASSWORDS, role_prefix=role_prefix) for each in databases)
        )
        for each in databases:
            connection = await connect(each.admin_dsn, f"{role_prefix}ingest", "pw-ingest")
            await connection.execute("CREATE TABLE hosts (name text)")
            await connection.close()
