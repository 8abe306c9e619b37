"""The assessment's application as its composition root builds it, on the test's database."""

from collections.abc import AsyncIterator, Callable
from uuid import UUID

import httpx
import pytest

from services.assessment.app import build
from services.assessment.settings import AssessmentSettings
from shared.auth.internal_token import TokenSigner
from shared.auth.keys import generate_keypair
from shared.auth.permissions import Permission, Role
from shared.auth.principal import Principal
from tests.services.assessment.api.caller import Caller

PRIVATE, PUBLIC = generate_keypair()

Headers = dict[str, str]


@pytest.fixture
async def client(dsn: str) -> AsyncIterator[httpx.AsyncClient]:
    settings = AssessmentSettings.model_validate(
        {
            "database_dsn": dsn,
            "bus_url": dsn,
            "signing_key": PRIVATE,
            "public_keys": {"gateway": PUBLIC, "planner": PUBLIC, "exporter": PUBLIC},
            "upstreams": {"ingest": "unix:/nowhere.sock"},
        }
    )
    service = build(settings)
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://assessment") as client:
        yield client
    for close in reversed(service.on_close):
        await close()


@pytest.fixture
def as_person() -> Callable[..., Headers]:
    """The header by which the gateway vouches for a reader, of all projects or some."""

    def headers(*projects: UUID, permission: Permission = Permission.READ) -> Headers:
        scope = frozenset(projects) or None
        person = Principal("user", str(UUID(int=1)), "Anna", frozenset({permission}), scope)
        token = TokenSigner("gateway", PRIVATE).sign(person, "assessment")
        return {"Authorization": f"Bearer {token}"}

    return headers


@pytest.fixture
def as_service() -> Callable[[str], Headers]:
    """The header by which a service speaks for itself."""

    def headers(name: str) -> Headers:
        token = TokenSigner(name, PRIVATE).sign_as_service("assessment")
        return {"Authorization": f"Bearer {token}"}

    return headers


@pytest.fixture
def dana(client: httpx.AsyncClient) -> Caller:
    """May write."""
    return Caller(client, PRIVATE, "dana", Role.TECHNICAL)


@pytest.fixture
def kim(client: httpx.AsyncClient) -> Caller:
    """May write too."""
    return Caller(client, PRIVATE, "kim", Role.TECHNICAL)


@pytest.fixture
def vera(client: httpx.AsyncClient) -> Caller:
    """May only read."""
    return Caller(client, PRIVATE, "vera", Role.VIEWER)
