"""The broker with the logins of an installation."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from fastapi.routing import iter_route_contexts

from services.__main__ import applications
from services.credentials import BROKER_LOGINS, definitions
from shared.bus.rabbit import declare_topology
from shared.testing.rabbit_server import RabbitServer


@dataclass(frozen=True, slots=True)
class Broker:
    """A virtual host on which every login has just the rights that we hand out."""

    urls: dict[str, str]
    """AMQP URLs by login, such as ``ingest`` or ``topology``."""


@contextmanager
def _broker(rabbitmq: RabbitServer) -> Iterator[Broker]:
    """Made by importing a definitions file, as a new RabbitMQ does at its first start.

    Logins belong to the server, which other tests use too: each gets an ending of its own.
    """
    ending = f"-{uuid4().hex[:8]}"
    passwords = {login: uuid4().hex for login in BROKER_LOGINS}
    with rabbitmq.vhost() as url:
        address = urlsplit(url)
        document = definitions(passwords, vhost=address.path.lstrip("/"))
        for user in document["users"]:
            user["name"] += ending
        for permission in (*document["permissions"], *document["topic_permissions"]):
            permission["user"] += ending
        rabbitmq.call("POST", "/api/definitions", document).raise_for_status()
        place = address.netloc.rpartition("@")[2]
        yield Broker(
            {
                login: f"amqp://{login}{ending}:{password}@{place}{address.path}"
                for login, password in passwords.items()
            }
        )
    for login in passwords:
        rabbitmq.call("DELETE", f"/api/users/{login}{ending}").raise_for_status()


@pytest.fixture
def broker(rabbitmq: RabbitServer) -> Iterator[Broker]:
    """A broker on which nothing is declared yet."""
    with _broker(rabbitmq) as made:
        yield made


@pytest.fixture(scope="module")
def declared(rabbitmq: RabbitServer) -> Iterator[Broker]:
    """A broker on which the topology's login has declared everything; one for a module."""
    with _broker(rabbitmq) as made:
        asyncio.run(declare_topology(made.urls["topology"]))
        yield made


@pytest.fixture(scope="session")
def probe_paths() -> dict[str, set[str]]:
    """What each service answers without credentials or version: its probes."""
    return {
        service: {str(context.path_format) for context in iter_route_contexts(app.routes)}
        & {"/livez", "/readyz"}
        for service, app in applications().items()
    }
