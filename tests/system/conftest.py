"""Whole platforms, one of each kind for a module."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from services import SERVICES
from shared.runtime.local_postgres import LocalPostgres
from shared.testing.postgres import PostgresServer
from shared.testing.rabbit_server import RabbitServer
from shared.testing.shared_run import SharedRun
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import (
    EmbeddedPlatform,
    SeparatePlatform,
    separate_platform,
)

SAMPLE = Path(__file__).resolve().parents[2] / "examples" / "acme-cloud-324-vms.xlsx"
WORKBOOKS = Path(__file__).resolve().parents[1] / "data" / "rvtools"


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPlatform]:
    """A running embedded platform."""
    data_dir = tmp_path_factory.mktemp("embedded")
    platform = EmbeddedPlatform(data_dir)
    platform.start()
    yield platform
    platform.discard()
    asyncio.run(LocalPostgres(data_dir / "postgres").stop())


@pytest.fixture(scope="module")
def separate(
    postgres: PostgresServer,
    shared_run: SharedRun,
    rabbitmq: RabbitServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[SeparatePlatform]:
    """Six running processes on RabbitMQ and a database of their own."""
    with (
        postgres.held_platform_database(shared_run, SERVICES) as database,
        rabbitmq.vhost() as amqp_url,
        separate_platform(database, amqp_url, tmp_path_factory.mktemp("separate")) as platform,
    ):
        yield platform


@pytest.fixture(params=["embedded", "separate"])
def platform(request: pytest.FixtureRequest) -> PlatformClient:
    """A client of a running platform, in one process and in six."""
    running = request.getfixturevalue(request.param)
    if isinstance(running, SeparatePlatform):
        return running.client()
    return client_of(running)


def client_of(embedded: EmbeddedPlatform) -> PlatformClient:
    """A signed-in client of an embedded platform."""
    password = (embedded.data_dir / "admin-password").read_text().strip()
    address = embedded.address
    return PlatformClient(address, password=password)


@pytest.fixture
def client(embedded: EmbeddedPlatform) -> PlatformClient:
    """A signed-in client of the embedded platform."""
    return client_of(embedded)
