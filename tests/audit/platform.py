"""All services on one database, without workers: requests go to the owner of a route."""

import importlib
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from typing import Any, Final
from uuid import UUID, uuid4

import asyncpg
import httpx

from services import SERVICES
from shared.auth.internal_token import GATEWAY, TokenSigner
from shared.auth.keys import generate_keypair
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.bootstrap import BUS
from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.runtime.clock import SystemClock
from shared.runtime.ids import Uuid7Ids
from shared.runtime.service import Service
from shared.testing.postgres import FreshDatabase
from tests.services.planner.builders import an_id

ALL: Final = frozenset(Permission)
ADMIN: Final = "admin"
PASSWORD: Final = "a password of some length"
_ID: Final = re.compile("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PRIVATE, _PUBLIC = generate_keypair()


def person(name: str, permissions: frozenset[Permission] = ALL) -> Principal:
    """Somebody who sees all projects."""
    return Principal("user", str(an_id(name)), name, permissions)


DANA: Final = person("dana")


@dataclass(frozen=True)
class Ask:
    """One request. ``token`` is a session's, for the gateway; elsewhere ``by`` is vouched for."""

    service: str
    method: str
    path: str
    by: Principal = DANA
    token: str | None = None
    json: Mapping[str, Any] | None = None
    content: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def refused(self) -> list["Ask"]:
        """The same request, spoilt in every way that applies to it."""
        spoilt = [replace(self, by=person("nobody", frozenset()), token="mp_none")]
        if self.json:
            spoilt.append(replace(self, json={"nonsense": 1}))
        if self.content:
            spoilt.append(replace(self, content=b"no workbook at all"))
        if "If-Match" in self.headers:
            spoilt.append(replace(self, headers={"If-Match": '"99"'}))
        if _ID.search(self.path):
            nobodys = replace(self.by, projects=frozenset())
            unknown = self.path if self.token is None else _ID.sub(str(uuid4()), self.path)
            spoilt.append(replace(self, by=nobodys, path=unknown))
        if self.path == "/v1/sessions":  # for anybody: only the password counts
            spoilt[0] = replace(self, json={"username": ADMIN, "password": "not this one"})
        return spoilt


@dataclass(frozen=True)
class Entry:
    """What a test wants to know of an audit entry."""

    id: UUID
    service: str
    action: str
    actor: str
    subject: str


class Platform:
    """What the sweep asks, and what it finds in the trails."""

    def __init__(self, database: FreshDatabase) -> None:
        self._database = database
        self._closing = AsyncExitStack()
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def __aenter__(self) -> "Platform":
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._closing.aclose()

    async def client(self, name: str) -> httpx.AsyncClient:
        """A client of a service, which is composed when it is first asked for."""
        if name not in self._clients:
            service = self._service(name)
            for close in service.on_close:
                self._closing.push_async_callback(close)
            if name == GATEWAY:
                for start in service.on_start[1:]:  # the first login; the bus is not needed
                    await start()
            transport = httpx.ASGITransport(service.app)
            client = httpx.AsyncClient(transport=transport, base_url=f"http://{name}")
            self._clients[name] = await self._closing.enter_async_context(client)
        return self._clients[name]

    def _service(self, name: str) -> Service:
        told: dict[str, Any] = {
            "database_dsn": self._database.dsn(name),
            "bus_url": self._database.dsn(BUS),
            "signing_key": _PRIVATE,
            "public_keys": dict.fromkeys(SERVICES, _PUBLIC),
            "upstreams": dict.fromkeys(SERVICES, "unix:/nowhere.sock"),
        }
        if name == GATEWAY:
            told["first_password"] = PASSWORD
            told["password_memory_mib"] = 19  # the least, for speed
        settings = importlib.import_module(f"services.{name}.settings")
        kind = getattr(settings, f"{name.capitalize()}Settings")
        service: Service = importlib.import_module(f"services.{name}.app").build(kind(**told))
        return service

    def database(self, service: str) -> Database:
        """The database of a service, open until the platform closes."""
        engine = make_engine(self._database.dsn(service), schema=service)
        database = Database(engine, service=service, ids=Uuid7Ids(), clock=SystemClock())
        self._closing.push_async_callback(database.close)
        return database

    async def send(self, ask: Ask) -> httpx.Response:
        """The reply to a request."""
        token = ask.token or TokenSigner(GATEWAY, _PRIVATE).sign(ask.by, ask.service)
        client = await self.client(ask.service)
        return await client.request(
            ask.method,
            ask.path,
            json=ask.json,
            content=ask.content,
            headers={"Authorization": f"Bearer {token}", **ask.headers},
        )

    async def done(self, ask: Ask) -> httpx.Response:
        """The reply to a request that has to succeed."""
        reply = await self.send(ask)
        assert reply.is_success, reply.text
        return reply

    async def entries(self) -> list[Entry]:
        """All audit entries of all services."""
        connection = await asyncpg.connect(self._database.admin_dsn)
        found = [
            Entry(row["id"], service, row["action"], row["actor"], row["subject"])
            for service in SERVICES
            for row in await connection.fetch(
                f"SELECT id, action, actor, subject FROM {service}.audit_entries ORDER BY at, id"
            )
        ]
        await connection.close()
        return found


def keyed() -> dict[str, str]:
    """A new Idempotency-Key."""
    return {"Idempotency-Key": str(uuid4())}
