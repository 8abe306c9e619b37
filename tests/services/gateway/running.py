"""A gateway behind a real server, with its background work, as several clients see it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from services.gateway.app import build
from services.gateway.domain.routes import ROUTES
from services.gateway.persistence.streams import PostgresStreamStore
from services.gateway.settings import GatewaySettings
from shared.db.uow import Database
from shared.http.client import make_client
from shared.runtime.service import Service
from shared.testing.postgres import FreshDatabase
from tests.services.gateway.conftest import PASSWORD, settings_for
from tests.shared.http.bench import listening


@dataclass
class RunningGateway:
    """One process's worth of gateway."""

    client: httpx.AsyncClient
    service: Service
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def log_in(self, username: str = "admin") -> dict[str, str]:
        """Headers of a signed-in user."""
        body = {"username": username, "password": PASSWORD}
        reply = await self.client.post("/v1/sessions", json=body)
        assert reply.status_code == 201, reply.text
        return {"Authorization": f"Bearer {reply.json()['token']}"}

    async def add_user(self, username: str, **limits: object) -> dict[str, object]:
        """A new viewer."""
        body = {"username": username, "password": PASSWORD, "role": "viewer", **limits}
        headers = await self.log_in() | {"Idempotency-Key": str(uuid4())}
        reply = await self.client.post("/v1/users", json=body, headers=headers)
        assert reply.status_code == 201, reply.text
        user: dict[str, object] = reply.json()
        return user


@asynccontextmanager
async def running_gateway(
    database: FreshDatabase, keys: tuple[str, str], socket: Path, **settings: object
) -> AsyncIterator[RunningGateway]:
    """A gateway on ``socket``; nothing is behind it."""
    behind = dict.fromkeys(sorted({route.service for route in ROUTES}), "http://127.0.0.1:1")
    told = settings_for(database, keys, behind) | settings
    service = build(GatewaySettings(**told))  # type: ignore[arg-type]
    for hook in service.on_start:
        await hook()
    async with listening(service.app, socket) as address, make_client(address) as client:
        gateway = RunningGateway(client, service)
        tasks = [asyncio.create_task(run(gateway.stop)) for run in service.background.values()]
        try:
            yield gateway
        finally:
            gateway.stop.set()
            await asyncio.gather(*tasks)
    for hook in reversed(service.on_close):
        await hook()


async def append(
    database: Database, project_id: UUID, version: int, *, event_id: UUID | None = None
) -> UUID:
    """A fact of ``project_id``, stored as a handler does; its event's id."""
    event_id = event_id or uuid4()
    async with database.transactions(PostgresStreamStore)() as tx:
        await tx.store.append(
            project_id,
            event_id,
            kind="plan.approved",
            subject=f"projects/{project_id}",
            version=version,
        )
    return event_id
