"""RabbitMQ is killed during imports: nothing is lost, nothing happens twice, nobody restarts."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from services import SERVICES
from shared.bus.topology import TOPOLOGY
from shared.testing.local_rabbit import LocalRabbit
from shared.testing.postgres import FreshDatabase, PostgresServer
from shared.testing.shared_run import SharedRun
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import SeparatePlatform, separate_platform
from tests.system.conftest import SAMPLE

pytestmark = pytest.mark.system

IMPORTS = 4


@pytest.fixture
def database(postgres: PostgresServer, shared_run: SharedRun) -> Iterator[FreshDatabase]:
    """A database with all schemas."""
    with postgres.held_platform_database(shared_run, SERVICES) as database:
        yield database


@pytest.fixture
def platform(
    database: FreshDatabase, own_rabbit: LocalRabbit, tmp_path: Path
) -> Iterator[SeparatePlatform]:
    """Six processes on a broker that may be killed."""
    with separate_platform(database, own_rabbit.server.url, tmp_path) as platform:
        yield platform


def test_nothing_is_lost_when_the_broker_is_killed_during_imports(
    platform: SeparatePlatform, own_rabbit: LocalRabbit, database: FreshDatabase
) -> None:
    client = platform.client()
    pids = {name: process.pid for name, process in platform.processes.items()}
    own_rabbit.settle(*(subscription.queue for subscription in TOPOLOGY.subscriptions))
    projects = [client.new_project(f"Import {number}") for number in range(IMPORTS)]

    accepted = [upload(client, project) for project in projects[: IMPORTS // 2]]
    own_rabbit.kill()
    accepted += [upload(client, project) for project in projects[IMPORTS // 2 :]]
    for location in accepted:
        assert client.ended(location)["state"] == "succeeded"
    own_rabbit.restart()

    for project, location in zip(projects, accepted, strict=True):
        inventory_id = client.get(location)["subject"].rpartition("/")[2]
        client.assessed(project, inventory_id)
        client.planned(project, inventory_id)
    assert asyncio.run(effects(database)) == {
        "inventories": IMPORTS,
        "facts": IMPORTS,
        "assessments": IMPORTS,
        "assessed facts": IMPORTS,
        "unpublished": 0,
    }
    assert pids == {name: process.pid for name, process in platform.processes.items()}
    assert all(process.is_running() for process in platform.processes.values())


def upload(client: PlatformClient, project: str) -> str:
    """The operation of an accepted upload: the API goes on while the broker is away."""
    reply = client.upload(project, SAMPLE)
    assert reply.status_code == 202, reply.text
    return reply.headers["Location"]


async def effects(database: FreshDatabase) -> dict[str, int]:
    """What all the imports have left behind."""
    connection = await asyncpg.connect(database.admin_dsn)
    try:
        queries = {
            "inventories": "SELECT count(*) FROM ingest.inventories WHERE imported_at IS NOT NULL",
            "facts": "SELECT count(*) FROM ingest.outbox",
            "assessments": "SELECT count(*) FROM assessment.assessments",
            "assessed facts": "SELECT count(*) FROM assessment.outbox",
            "unpublished": "SELECT (SELECT count(*) FROM ingest.outbox WHERE published_at IS NULL)"
            " + (SELECT count(*) FROM assessment.outbox WHERE published_at IS NULL)",
        }
        return {name: int(await connection.fetchval(query)) for name, query in queries.items()}
    finally:
        await connection.close()
