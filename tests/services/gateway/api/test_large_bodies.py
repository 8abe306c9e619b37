"""512 MiB pass the gateway in both directions without growing it."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from shared.testing.ports import free_ports
from shared.testing.postgres import FreshDatabase
from shared.testing.service_process import ServiceProcess
from tests.services.gateway.conftest import PASSWORD, SERVICES_BEHIND, settings_for
from tests.services.gateway.echo import CHUNK, EchoUpstream

MIB = 512
MAY_GROW_MIB = 48
PROJECT = "0193a1b2-0000-7000-8000-000000000001"


@pytest.fixture
async def process(
    gateway_database: FreshDatabase, keys: tuple[str, str], echo: EchoUpstream, tmp_path: Path
) -> AsyncIterator[tuple[ServiceProcess, str]]:
    """A gateway in a process of its own, and its address."""
    told = settings_for(gateway_database, keys, dict.fromkeys(SERVICES_BEHIND, echo.url))
    told |= {"port": free_ports(1)[0], "log_level": "WARNING"}
    env = {
        f"MIGPLAN_GATEWAY_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in told.items()
    }
    async with ServiceProcess("gateway", folder=tmp_path, env=env) as running:
        address = f"http://127.0.0.1:{told['port']}"
        await running.ready(f"{address}/readyz")
        yield running, address


def peak_mib(pid: int) -> int:
    """The most memory that the process has had at once."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


async def body() -> AsyncIterator[bytes]:
    for _ in range(MIB):
        yield CHUNK
        await asyncio.sleep(0)


async def test_large_bodies_pass_with_flat_memory(process: tuple[ServiceProcess, str]) -> None:
    running, address = process
    async with httpx.AsyncClient(base_url=address, timeout=60, trust_env=False) as client:
        login = {"username": "admin", "password": PASSWORD}
        token = (await client.post("/v1/sessions", json=login)).json()["token"]
        client.headers["Authorization"] = f"Bearer {token}"
        await client.get("/v1/projects")
        before_mib = peak_mib(running.pid)

        sent = await client.post(f"/v1/projects/{PROJECT}/inventories", content=body())
        received = 0
        async with client.stream("GET", "/v1/projects", params={"mib": MIB}) as reply:
            async for chunk in reply.aiter_raw():
                received += len(chunk)

        assert sent.json()["size"] == MIB * len(CHUNK)
        assert received == MIB * len(CHUNK)
        assert peak_mib(running.pid) - before_mib < MAY_GROW_MIB
