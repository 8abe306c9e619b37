import asyncio
from pathlib import Path

import asyncpg

from shared.testing.killable_postgres import KillablePostgres


async def test_what_was_committed_survives_a_kill_at_the_same_address(tmp_path: Path) -> None:
    postgres = KillablePostgres(tmp_path / "postgres")
    server = await asyncio.to_thread(postgres.start)
    try:
        connection = await asyncpg.connect(server.admin_dsn)
        await connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
        await asyncio.to_thread(postgres.kill)

        assert await asyncio.to_thread(postgres.start) == server

        again = await asyncpg.connect(server.admin_dsn)
        assert await again.fetchval("SELECT number FROM kept") == 7
        await again.close()
        connection.terminate()
    finally:
        await asyncio.to_thread(postgres.stop)
