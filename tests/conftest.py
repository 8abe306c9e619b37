"""Real infrastructure for every test that asks for it: PostgreSQL, RabbitMQ, whole processes.

Servers start when the first test needs them, and serve all worker processes of the run.
"""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from services import SERVICES
from shared.observability.logging import configure_logging
from shared.runtime.local_postgres import LocalPostgres
from shared.testing.local_rabbit import LocalRabbit
from shared.testing.postgres import FreshDatabase, PostgresServer, end_postgres, shared_postgres
from shared.testing.rabbit import end_rabbit, shared_rabbit
from shared.testing.rabbit_server import RabbitServer
from shared.testing.shared_run import SharedRun

_RUN = pytest.StashKey[SharedRun]()

# The machine is shared: how long an example takes says nothing.
settings.register_profile("tests", deadline=None, print_blob=True)
settings.load_profile("tests")
# Not configured, structlog renders every exception with the locals of its frames: seconds each.
configure_logging("tests")


def _end(run: SharedRun) -> None:
    end_rabbit(run)
    end_postgres(run)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # only the process that controls the run
        config.stash[_RUN] = SharedRun.begin(_end)


def pytest_unconfigure(config: pytest.Config) -> None:
    run = config.stash.get(_RUN, None)
    if run is not None:
        run.finish(_end)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The modules that take minutes go first, so that no worker begins one when the others end."""
    long = {"faults": 0, "system": 1}
    items.sort(key=lambda item: long.get(item.path.relative_to(item.config.rootpath).parts[1], 2))


@pytest.fixture(scope="session")
def shared_run() -> SharedRun:
    """The test run that this worker belongs to."""
    return SharedRun.current()


@pytest.fixture(scope="session")
def postgres(shared_run: SharedRun) -> PostgresServer:
    """The run's PostgreSQL."""
    return shared_postgres(shared_run)


@pytest.fixture
async def database(postgres: PostgresServer) -> AsyncIterator[FreshDatabase]:
    """An empty database."""
    async with postgres.fresh_database() as database:
        yield database


@pytest.fixture
def admin_dsn(database: FreshDatabase) -> str:
    """A superuser's libpq URL of an empty database."""
    return database.admin_dsn


@pytest.fixture
async def platform_database(
    postgres: PostgresServer, shared_run: SharedRun
) -> AsyncIterator[FreshDatabase]:
    """A database with the roles, schemas and tables of all services."""
    async with postgres.platform_database(shared_run, SERVICES) as database:
        yield database


@pytest.fixture(scope="session")
def rabbitmq(shared_run: SharedRun) -> RabbitServer:
    """The run's RabbitMQ. Tests use ``rabbit_url``: names on the bus are fixed, hosts are not."""
    return shared_rabbit(shared_run)


@pytest.fixture
def rabbit_url(rabbitmq: RabbitServer) -> Iterator[str]:
    """The AMQP URL of an empty virtual host."""
    with rabbitmq.vhost() as url:
        yield url


@pytest.fixture
def own_rabbit(tmp_path: Path) -> Iterator[LocalRabbit]:
    """A RabbitMQ that the test may kill and restart. Takes some 6 s to start."""
    rabbit = LocalRabbit(tmp_path / "rabbitmq")
    try:
        rabbit.start()
        yield rabbit
    finally:
        rabbit.stop()


@pytest.fixture
async def data_dir(tmp_path: Path) -> AsyncIterator[Path]:
    """The data folder of an embedded platform, whose PostgreSQL may survive the test."""
    path = tmp_path / "data"
    yield path
    await LocalPostgres(path / "postgres").stop()
