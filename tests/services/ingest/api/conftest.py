"""The ingest's application as its composition root builds it, on the tests' database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from services.ingest.app import build
from services.ingest.settings import IngestSettings
from shared.auth.permissions import Role
from shared.runtime.service import Service
from tests.services.ingest.api.callers import Caller, settings_for


@asynccontextmanager
async def running(dsn: str, **settings: Any) -> AsyncIterator[Service]:
    """The service, without its background work."""
    service = build(IngestSettings.model_validate(settings_for(dsn) | settings))
    yield service
    for close in reversed(service.on_close):
        await close()


@pytest.fixture
async def service(dsn: str) -> AsyncIterator[Service]:
    async with running(dsn) as service:
        yield service


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
        yield client


@pytest.fixture
def dana(client: httpx.AsyncClient) -> Caller:
    """May write, in all projects."""
    return Caller(client, "dana", Role.TECHNICAL)


@pytest.fixture
def kim(client: httpx.AsyncClient) -> Caller:
    """May write, in all projects."""
    return Caller(client, "kim", Role.TECHNICAL)


@pytest.fixture
def viewer(client: httpx.AsyncClient) -> Caller:
    """May read, in all projects."""
    return Caller(client, "vera", Role.VIEWER)
