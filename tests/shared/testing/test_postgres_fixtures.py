import asyncpg

from shared.db.bootstrap import bootstrap
from shared.testing.postgres import FreshDatabase, PostgresServer


async def test_every_database_is_empty_and_goes_with_its_test(postgres: PostgresServer) -> None:
    async with postgres.fresh_database() as first, postgres.fresh_database() as second:
        connection = await asyncpg.connect(first.admin_dsn)
        await connection.execute("CREATE TABLE mine (n int)")
        # left open: a test that forgets a connection harms nobody
        other = await asyncpg.connect(second.admin_dsn)
        assert await other.fetchval("SELECT to_regclass('mine')") is None
        await other.close()

    connection.terminate()
    admin = await asyncpg.connect(postgres.admin_dsn)
    name = first.admin_dsn.rpartition("/")[2]
    assert not await admin.fetchval("SELECT true FROM pg_database WHERE datname = $1", name)
    await admin.close()


async def test_roles_get_in_with_the_agreed_passwords(database: FreshDatabase) -> None:
    await bootstrap(database.admin_dsn, database.passwords(["ingest", "bus"]))

    for schema in ("ingest", "bus"):
        connection = await asyncpg.connect(database.dsn(schema))
        assert await connection.fetchval("SELECT current_user") == f"migplan_{schema}"
        assert await connection.fetchval("SHOW search_path") == schema
        await connection.close()
