"""The planner's application as its composition root builds it, on the test's database."""

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import httpx
import pytest

from services.planner.app import build
from services.planner.settings import PlannerSettings
from shared.auth.internal_token import TokenSigner
from shared.auth.keys import generate_keypair
from shared.auth.permissions import ROLE_PERMISSIONS, Role
from shared.auth.principal import Principal
from tests.services.planner.builders import an_id

PRIVATE, PUBLIC = generate_keypair()

Headers = dict[str, str]


class Caller:
    """A person with a role, and what the planner answers them."""

    def __init__(self, client: httpx.AsyncClient, name: str, role: Role, *projects: UUID) -> None:
        self._client = client
        person = Principal(
            "user", str(an_id(name)), name, ROLE_PERMISSIONS[role], frozenset(projects) or None
        )
        token = TokenSigner("gateway", PRIVATE).sign(person, "planner")
        self.headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **query: str | int) -> httpx.Response:
        return await self._client.get(path, headers=self.headers, params=query)

    async def post(
        self, path: str, body: dict[str, object] | None = None, *, key: str | None = None
    ) -> httpx.Response:
        headers = self.headers | {"Idempotency-Key": key or str(uuid4())}
        return await self._client.post(path, headers=headers, json=body)

    async def patch(
        self, path: str, body: dict[str, object], *, if_match: str | None = None
    ) -> httpx.Response:
        headers = self.headers | ({"If-Match": if_match} if if_match else {})
        return await self._client.patch(path, headers=headers, json=body)


@pytest.fixture
async def client(dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = PlannerSettings.model_validate(
        {
            "database_dsn": dsn,
            "bus_url": dsn,
            "signing_key": PRIVATE,
            "public_keys": dict.fromkeys(
                ("gateway", "exporter", "provisioner", "assessment"), PUBLIC
            ),
            "upstreams": {"assessment": "unix:/nowhere.sock"},
        }
    )
    service = build(settings)
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://planner") as client:
        yield client
    for close in reversed(service.on_close):
        await close()


@pytest.fixture
def viewer(client: httpx.AsyncClient) -> Caller:
    return Caller(client, "vera", Role.VIEWER)


@pytest.fixture
def dana(client: httpx.AsyncClient) -> Caller:
    """May write."""
    return Caller(client, "dana", Role.TECHNICAL)


@pytest.fixture
def kim(client: httpx.AsyncClient) -> Caller:
    """May write and approve."""
    return Caller(client, "kim", Role.ADMIN)


@pytest.fixture
def lee(client: httpx.AsyncClient) -> Caller:
    """May write and approve."""
    return Caller(client, "lee", Role.ADMIN)
