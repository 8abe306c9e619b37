"""Uploads over a real connection: one that breaks, and large ones into a real process."""

import asyncio
import json
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from services.ingest.domain.limits import MIB
from services.ingest.usecases.receive_workbook import CHUNK_STORED, CHUNKS_PER_TRANSACTION
from shared.auth.permissions import Role
from shared.db.bootstrap import BUS
from shared.db.tables import TABLES
from shared.runtime.service import Service
from shared.testing.ports import free_ports
from shared.testing.postgres import FreshDatabase
from shared.testing.service_process import ServiceProcess
from shared.testing.waiting import eventually
from tests.services.ingest.api.callers import Caller, problem, settings_for
from tests.services.ingest.workbooks import workbook
from tests.services.ingest.worker.workbench import Workbench

A_WORKBOOK = workbook()
LARGE_MIB = 64
MAY_GROW_MIB = 32


class Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals are pytest's business."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals alone."""
        yield


@asynccontextmanager
async def listening(service: Service, socket: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client that reaches the service through ``socket``."""
    server = Server(uvicorn.Config(service.app, uds=str(socket), lifespan="off", log_config=None))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(server.serve())
        await eventually(lambda: server.started, what="it listens")
        transport = httpx.AsyncHTTPTransport(uds=str(socket))
        async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
            yield client
        server.should_exit = True


@pytest.fixture
async def client(service: Service, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with listening(service, tmp_path / "s") as client:
        yield client


async def zeros(mib: int) -> AsyncIterator[bytes]:
    """A file that begins like a workbook."""
    yield b"PK\x03\x04"
    for _ in range(mib):
        yield bytes(MIB)


async def test_an_upload_that_breaks_off_leaves_nothing(
    dana: Caller, bench: Workbench, client: httpx.AsyncClient, tmp_path: Path
) -> None:
    project = await bench.project()
    _, connection = await asyncio.open_unix_connection(str(tmp_path / "s"))
    head = [
        f"POST /v1/projects/{project}/inventories HTTP/1.1",
        "Host: ingest",
        "Idempotency-Key: k",
        f"Content-Length: {9 * MIB}",
        *(f"{name}: {value}" for name, value in dana.headers.items()),
    ]
    connection.write("\r\n".join([*head, "", ""]).encode() + b"PK\x03\x04" + bytes(5 * MIB))
    await eventually(lambda: bench.rows("upload_chunks"), what="some of it is stored")

    connection.close()
    await eventually(lambda: is_forgotten(bench), what="nothing is left")

    assert (await dana.upload(project, A_WORKBOOK, key="k")).status_code == 202


async def is_forgotten(bench: Workbench) -> bool:
    return not await bench.uploaded() and not await bench.rows(TABLES.idempotency)


async def test_a_refusal_reaches_a_client_that_is_still_sending(
    dana: Caller, bench: Workbench
) -> None:
    async def web_page() -> AsyncIterator[bytes]:
        yield b"<!DOCTYPE html>"
        for _ in range(64):
            yield bytes(65536)

    reply = await dana.upload(await bench.project(), web_page())

    assert problem(reply) == (415, "not-a-workbook")


@asynccontextmanager
async def ingest_process(
    database: FreshDatabase, folder: Path, *, failpoint: str = ""
) -> AsyncIterator[tuple[ServiceProcess, httpx.AsyncClient]]:
    """The ingest in a process of its own."""
    settings = settings_for(database.dsn("ingest")) | {
        "bus_url": database.dsn(BUS),
        "upload_max_bytes": 512 * MIB,
        "port": free_ports(1)[0],
        "log_level": "WARNING",
    }
    env = {
        f"MIGPLAN_INGEST_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }
    env["MIGPLAN_FAILPOINT"] = failpoint
    async with ServiceProcess("ingest", folder=folder, env=env) as process:
        address = f"http://127.0.0.1:{settings['port']}"
        await process.ready(f"{address}/readyz")
        async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
            yield process, client


def peak_mib(pid: int) -> int:
    """The most memory that the process has had at once."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


async def test_a_process_takes_large_uploads_with_flat_memory_and_may_die_in_one(
    ingest_database: FreshDatabase, bench: Workbench, dana: Caller, tmp_path: Path
) -> None:
    project = await bench.project()
    hits_of_the_large_one = LARGE_MIB // CHUNKS_PER_TRANSACTION + 1
    failpoint = f"{CHUNK_STORED}:{hits_of_the_large_one + 1}"
    async with ingest_process(ingest_database, tmp_path, failpoint=failpoint) as (process, client):
        mortal = Caller(client, "dana", Role.TECHNICAL)
        await mortal.upload(project, b"no workbook")
        before_mib = peak_mib(process.pid)
        large = await mortal.upload(project, zeros(LARGE_MIB))
        grown_mib = peak_mib(process.pid) - before_mib
        with pytest.raises(httpx.TransportError):
            await mortal.upload(project, A_WORKBOOK, key="k")
        assert await process.exited() == -signal.SIGKILL
    assert large.status_code == 202
    assert grown_mib < MAY_GROW_MIB

    too_early = await dana.upload(project, A_WORKBOOK, key="k")
    await bench.execute("UPDATE idempotency SET lease_until = now() WHERE state = 'in_progress'")
    again = await dana.upload(project, A_WORKBOOK, key="k")
    await bench.lose_the_lease()
    await bench.run_jobs()

    assert problem(too_early) == (409, "idempotency-key-in-flight")
    assert again.status_code == 202
    items = await dana.items(f"/v1/projects/{project}/inventories")
    assert [(one["number"], one["state"]) for one in items] == [(2, "ready"), (1, "failed")]
    assert (await bench.stored_rows())["vms"] == 2
