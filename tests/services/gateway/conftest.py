"""A gateway on a real database, and a service behind it that tells what reached it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from services.gateway.app import build
from services.gateway.domain.routes import ROUTES
from services.gateway.settings import GatewaySettings
from shared.auth.keys import generate_keypair
from shared.db.bootstrap import BUS
from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.runtime.clock import SystemClock
from shared.runtime.ids import Uuid7Ids
from shared.runtime.service import Service
from shared.testing.postgres import FreshDatabase
from tests.services.gateway.echo import EchoUpstream, running_echo

PASSWORD = "a password of some length"
SERVICES_BEHIND = sorted({route.service for route in ROUTES})


def new_key() -> dict[str, str]:
    """The header of a request that creates something."""
    return {"Idempotency-Key": str(uuid4())}


@dataclass(frozen=True)
class Gateway:
    """A running gateway as clients and as the service behind it see it."""

    client: httpx.AsyncClient
    upstream: EchoUpstream
    service: Service

    async def log_in(self, username: str = "admin", password: str = PASSWORD) -> dict[str, str]:
        """Headers of a signed-in user."""
        body = {"username": username, "password": password}
        reply = await self.client.post("/v1/sessions", json=body)
        assert reply.status_code == 201, reply.text
        return {"Authorization": f"Bearer {reply.json()['token']}"}

    async def user(self, role: str, **limits: object) -> dict[str, str]:
        """Headers of a new user with ``role``."""
        body = {"username": role, "password": PASSWORD, "role": role, **limits}
        headers = await self.log_in() | new_key()
        reply = await self.client.post("/v1/users", json=body, headers=headers)
        assert reply.status_code == 201, reply.text
        return await self.log_in(str(body["username"]))


def settings_for(
    database: FreshDatabase, keys: tuple[str, str], upstreams: Mapping[str, str]
) -> dict[str, object]:
    """What a gateway on ``database`` is told."""
    private_key, public_key = keys
    return {
        "database_dsn": database.dsn("gateway"),
        "bus_url": database.dsn(BUS),
        "signing_key": private_key,
        "public_keys": {"gateway": public_key},
        "upstreams": dict(upstreams),
        "first_password": PASSWORD,
        "password_memory_mib": 19,  # the least, for speed
    }


@pytest.fixture
def gateway_database(platform_database: FreshDatabase) -> FreshDatabase:
    """A database with the gateway's schema and the bus's."""
    return platform_database


@pytest.fixture
async def db(gateway_database: FreshDatabase) -> AsyncIterator[Database]:
    """The gateway's own database, as its handlers have it."""
    engine = make_engine(gateway_database.dsn("gateway"), schema="gateway", pool_size=10)
    yield (database := Database(engine, service="gateway", ids=Uuid7Ids(), clock=SystemClock()))
    await database.close()


@pytest.fixture
def keys() -> tuple[str, str]:
    """The gateway's key pair."""
    return generate_keypair()


@pytest.fixture
async def echo(tmp_path: Path, keys: tuple[str, str]) -> AsyncIterator[EchoUpstream]:
    """A service that answers every path with what it was asked."""
    async with running_echo(tmp_path / "echo.sock", public_keys={"gateway": keys[1]}) as upstream:
        yield upstream


@asynccontextmanager
async def running_gateway(
    database: FreshDatabase, keys: tuple[str, str], echo: EchoUpstream, **more: object
) -> AsyncIterator[Gateway]:
    """A gateway in this process; every service behind it is the echo. ``more`` are settings."""
    told = settings_for(database, keys, dict.fromkeys(SERVICES_BEHIND, echo.url)) | more
    service = build(GatewaySettings(**told))  # type: ignore[arg-type]
    for hook in service.on_start:
        await hook()
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield Gateway(client, echo, service)
    for hook in reversed(service.on_close):
        await hook()


@pytest.fixture
async def gateway(
    gateway_database: FreshDatabase, keys: tuple[str, str], echo: EchoUpstream
) -> AsyncIterator[Gateway]:
    """A gateway with its default settings."""
    async with running_gateway(gateway_database, keys, echo) as running:
        yield running
