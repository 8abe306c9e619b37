"""A service's Alembic history, run from code."""

import asyncio
import sys
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import MetaData, Table, inspect
from sqlalchemy.engine import Connection

from shared.db.bootstrap import bootstrap
from shared.db.engine import raw_connection
from shared.db.migrate import migrate
from shared.db.tables import mechanism_tables
from shared.db.uow import Database
from tests.shared.db.workshop import PASSWORD, SCRIPTS, SERVICE, as_role

Columns = dict[str, tuple[str, bool]]
"""Type and nullability, by name."""

MIGRATE = """
import asyncio, sys
from shared.db.engine import raw_connection
from shared.db.migrate import migrate
asyncio.run(migrate("workshop", sys.argv[1], scripts=sys.argv[2]))
"""


@pytest.fixture
async def empty_dsn(admin_dsn: str, role_prefix: str) -> str:
    """The workshop's role and schema, without a table in it."""
    await bootstrap(admin_dsn, {SERVICE: PASSWORD}, role_prefix=role_prefix)
    return as_role(admin_dsn, role_prefix + SERVICE, PASSWORD)


async def revision(dsn: str) -> str:
    connection = await raw_connection(dsn, schema=SERVICE)
    number: str = await connection.fetchval("SELECT version_num FROM alembic_version")
    await connection.close()
    return number


async def tables(admin: asyncpg.Connection) -> set[tuple[str, str]]:
    rows = await admin.fetch(
        "SELECT schemaname, tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    return {(row["schemaname"], row["tablename"]) for row in rows}


async def test_everything_lands_in_the_services_own_schema(
    empty_dsn: str, admin: asyncpg.Connection
) -> None:
    await migrate(SERVICE, empty_dsn, scripts=SCRIPTS)

    names = {
        "alembic_version",
        "widgets",
        "outbox",
        "inbox",
        "idempotency",
        "jobs",
        "audit_entries",
    }
    assert await tables(admin) == {("workshop", name) for name in names}
    assert await revision(empty_dsn) == "0004"


async def test_migrating_again_changes_nothing(empty_dsn: str, admin: asyncpg.Connection) -> None:
    await migrate(SERVICE, empty_dsn, scripts=SCRIPTS)
    before = await tables(admin)
    await migrate(SERVICE, empty_dsn, scripts=SCRIPTS)

    assert before == await tables(admin)


async def test_two_services_of_one_process_migrate_at_once(
    admin_dsn: str, role_prefix: str, admin: asyncpg.Connection
) -> None:
    services = ["workshop", "annex"]
    await bootstrap(admin_dsn, dict.fromkeys(services, PASSWORD), role_prefix=role_prefix)
    dsns = {name: as_role(admin_dsn, role_prefix + name, PASSWORD) for name in services}
    await asyncio.gather(*(migrate(name, dsns[name], scripts=SCRIPTS) for name in services))

    assert {("workshop", "jobs"), ("annex", "jobs")} <= await tables(admin)


async def test_processes_that_migrate_one_service_at_once_take_turns(empty_dsn: str) -> None:
    processes = [
        await asyncio.create_subprocess_exec(sys.executable, "-c", MIGRATE, empty_dsn, SCRIPTS)
        for _ in range(3)
    ]
    async with asyncio.timeout(60):
        assert [await process.wait() for process in processes] == [0, 0, 0]
    assert await revision(empty_dsn) == "0004"


async def test_the_callers_loop_goes_on_meanwhile(empty_dsn: str) -> None:
    migrating = asyncio.create_task(migrate(SERVICE, empty_dsn, scripts=SCRIPTS))
    turns = 0
    while not migrating.done():
        await asyncio.sleep(0)
        turns += 1

    await migrating
    assert turns > 10


async def test_a_failed_revision_leaves_the_one_before(
    empty_dsn: str, admin: asyncpg.Connection, tmp_path: Path
) -> None:
    versions = tmp_path / "versions"
    versions.mkdir()
    (tmp_path / "env.py").write_text((Path(SCRIPTS) / "env.py").read_text())
    for number, statement in (("1", "CREATE TABLE first (n integer)"), ("2", "SELECT 1 / 0")):
        (versions / f"{number}.py").write_text(
            f"from alembic import op\nrevision = {number!r}\n"
            f"down_revision = {None if number == '1' else '1'!r}\n"
            f"def upgrade():\n    op.execute('CREATE TABLE t{number} (n integer)')\n"
            f"    op.execute({statement!r})\n"
        )

    with pytest.raises(Exception, match="division by zero"):
        await migrate(SERVICE, empty_dsn, scripts=str(tmp_path))
    names = {("workshop", "alembic_version"), ("workshop", "t1"), ("workshop", "first")}
    assert await tables(admin) == names


async def test_the_tables_in_code_are_the_tables_in_the_database(db: Database) -> None:
    metadata = MetaData()
    mechanism_tables(metadata)

    def described(connection: Connection) -> dict[str, Columns]:
        inspector = inspect(connection)
        return {
            name: {
                column["name"]: (column["type"].compile(connection.dialect), column["nullable"])
                for column in inspector.get_columns(name)
            }
            for name in metadata.tables
        }

    async with db.read() as connection:
        actual = await connection.run_sync(described)

    def declared(table: Table) -> Columns:
        return {
            column.name: (column.type.compile(db.engine.dialect), bool(column.nullable))
            for column in table.columns
        }

    assert actual == {name: declared(table) for name, table in metadata.tables.items()}
