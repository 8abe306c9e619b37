"""What the benchmarks measure: servers and a platform, each started when first needed."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from pathlib import Path

from services import SERVICES
from shared.runtime.local_postgres import LocalPostgres
from shared.testing.ports import free_ports
from shared.testing.postgres import (
    FreshDatabase,
    PostgresServer,
    local_server,
    shared_postgres,
    tcp_dsn,
)
from shared.testing.rabbit import shared_rabbit
from shared.testing.rabbit_server import RabbitServer
from shared.testing.shared_run import SharedRun
from tests.support.platform_processes import SeparatePlatform, separate_platform

LEASE_S = "60"
"""The default of production: a lease is not what is measured."""


class Site:
    """One PostgreSQL, one RabbitMQ, one platform of six processes on them; a PostgreSQL beside."""

    def __init__(self, run: SharedRun, folder: Path, *, workbooks: Path) -> None:
        """``folder`` gets logs and scratch files, ``workbooks`` generated workbooks."""
        self.run = run
        self.folder = folder
        self.workbooks = workbooks
        self._open = ExitStack()

    @classmethod
    @contextmanager
    def opened(cls, run: SharedRun, folder: Path, *, workbooks: Path) -> Iterator["Site"]:
        """A site; what it has started is gone at the end, except the servers of ``run``."""
        site = cls(run, folder, workbooks=workbooks)
        with site._open:
            yield site

    @cached_property
    def postgres(self) -> PostgresServer:
        """The server of the run."""
        return shared_postgres(self.run)

    @property
    def postgres_pid(self) -> int | None:
        """The process of the server; None where somebody else runs it."""
        return LocalPostgres(self.run.folder / "postgres").pid

    @cached_property
    def rabbitmq(self) -> RabbitServer:
        """The broker of the run."""
        return shared_rabbit(self.run)

    @cached_property
    def database(self) -> FreshDatabase:
        """The platform's database."""
        return self._open.enter_context(self.postgres.held_platform_database(self.run, SERVICES))

    @cached_property
    def quiet_postgres(self) -> LocalPostgres:
        """A server with the settings of the run's, and nothing on it but what is measured."""
        server = local_server(self.folder / "quiet-postgres", port=free_ports(1)[0])
        self._open.callback(lambda: asyncio.run(server.stop()))
        asyncio.run(server.start())
        return server

    @cached_property
    def quiet_database(self) -> FreshDatabase:
        """A database on the quiet server, with the platform's tables, all empty."""
        return PostgresServer(tcp_dsn(self.quiet_postgres)).new_platform_database(SERVICES)

    @cached_property
    def platform(self) -> SeparatePlatform:
        """The running platform."""
        amqp_url = self._open.enter_context(self.rabbitmq.vhost())
        return self._open.enter_context(
            separate_platform(self.database, amqp_url, self.folder, lease_s=LEASE_S)
        )
