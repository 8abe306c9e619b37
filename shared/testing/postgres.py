"""A real PostgreSQL for tests, one for the whole run.

Found in this order: ``TEST_DATABASE_URL`` (a libpq URL of a role with CREATEDB and CREATEROLE); a
container, where a Docker engine answers; PostgreSQL's programs on this machine, in a temporary
folder. Every test has a database of its own in it.
"""

import asyncio
import hashlib
import hmac
import os
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, quote, urlsplit
from uuid import uuid4

import asyncpg

from shared.db.bootstrap import BUS, ROLE_PREFIX, bootstrap
from shared.runtime.errors import StartError
from shared.runtime.local_postgres import LocalPostgres
from shared.testing.docker_engine import remove_container, start_container
from shared.testing.ports import free_ports
from shared.testing.shared_run import SharedRun

IMAGE: Final = "postgres:18"
TCP_HOST: Final = "127.0.0.1"
_NAME: Final = "postgres"
_TEMPLATE: Final = "template-of-"
_READY_WITHIN_S: Final = 60
_SETTINGS: Final = {"fsync": "off", "full_page_writes": "off", "max_connections": "300"}


@dataclass(frozen=True, slots=True)
class FreshDatabase:
    """A database that belongs to one test."""

    admin_dsn: str
    """The libpq URL of somebody who may do everything in it."""

    def dsn(self, schema: str) -> str:
        """The libpq URL of the role that owns ``schema`` (a service's name, or ``bus``)."""
        return _as_role(self.admin_dsn, ROLE_PREFIX + schema, self.passwords([schema])[schema])

    def passwords(self, schemas: Sequence[str]) -> Mapping[str, str]:
        """Passwords by schema, as :func:`shared.db.bootstrap.bootstrap` takes them.

        Roles belong to the server: every process and every run that uses it has to give them the
        same passwords, so they are derived from the server's URL.
        """
        url = urlsplit(self.admin_dsn)
        server = f"{url.netloc}?{url.query}".encode()
        return {
            schema: hmac.new(server, schema.encode(), hashlib.sha256).hexdigest()
            for schema in schemas
        }


@dataclass(frozen=True, slots=True)
class PostgresServer:
    """The server of this run; ``admin_dsn`` names its database for administration."""

    admin_dsn: str

    @asynccontextmanager
    async def fresh_database(self, *, template: str = "template1") -> AsyncIterator[FreshDatabase]:
        """A new database, a copy of ``template``, that is dropped at the end."""
        name = f"test_{uuid4().hex}"
        await self._execute("CREATE DATABASE %I TEMPLATE %I", name, template)
        try:
            yield self.database(name)
        finally:
            await self._execute("DROP DATABASE %I WITH (FORCE)", name)

    @asynccontextmanager
    async def platform_database(
        self, run: SharedRun, services: Sequence[str]
    ) -> AsyncIterator[FreshDatabase]:
        """A new database in which ``services`` have their roles, schemas and tables, and the bus
        has its role and schema.

        They are made once in a run, and copied. Rights on a database itself are no part of a copy:
        everybody may connect, and connections choose their schema themselves, as services do.
        """

        def make() -> dict[str, str]:
            return {"database": asyncio.run(self._make_platform_database(services))}

        template = await asyncio.to_thread(run.once, _TEMPLATE + "-".join(services), make)
        async with self.fresh_database(template=template["database"]) as database:
            yield database

    @contextmanager
    def held_platform_database(
        self, run: SharedRun, services: Sequence[str]
    ) -> Iterator[FreshDatabase]:
        """As :meth:`platform_database`, for fixtures that are not asynchronous."""
        with asyncio.Runner() as runner:
            opened = self.platform_database(run, services)
            database = runner.run(opened.__aenter__())
            try:
                yield database
            finally:
                runner.run(opened.__aexit__(None, None, None))

    def database(self, name: str) -> FreshDatabase:
        """The database ``name`` on this server."""
        return FreshDatabase(urlsplit(self.admin_dsn)._replace(path=f"/{name}").geturl())

    async def drop(self, name: str) -> None:
        """Drops the database ``name``, if it is there."""
        await self._execute("DROP DATABASE IF EXISTS %I WITH (FORCE)", name)

    def new_platform_database(self, services: Sequence[str]) -> FreshDatabase:
        """As :meth:`platform_database`, made without a template and never dropped: for a server
        that ends with its test. Blocks."""
        return self.database(asyncio.run(self._make_platform_database(services)))

    async def _make_platform_database(self, services: Sequence[str]) -> str:
        from shared.db.migrate import migrate  # takes long to import, and few tests need it

        name = f"template_{uuid4().hex}"
        await self._execute("CREATE DATABASE %I", name)
        database = self.database(name)
        await self._bootstrap(database, [*services, BUS])
        for service in services:
            await migrate(service, database.dsn(service))
        return name

    async def _bootstrap(self, database: FreshDatabase, schemas: Sequence[str]) -> None:
        """Bootstraps, one process at a time: the roles are the same in every database."""
        connection = await asyncpg.connect(self.admin_dsn, timeout=10)
        try:
            await connection.execute("SELECT pg_advisory_lock(hashtext('bootstrap'))", timeout=60)
            await bootstrap(database.admin_dsn, database.passwords(schemas))
        finally:
            await connection.close()

    async def _execute(self, template: str, *names: str) -> None:
        """Runs a statement whose names the server itself has quoted: they cannot be parameters."""
        connection = await asyncpg.connect(self.admin_dsn, timeout=10)
        try:
            statement = await connection.fetchval(
                "SELECT format($1, VARIADIC $2::text[])", template, list(names)
            )
            await connection.execute(statement, timeout=60)
        finally:
            await connection.close()


def shared_postgres(run: SharedRun) -> PostgresServer:
    """The server of ``run``, started by whoever asks first.

    Raises:
        StartError: there is none and none can be started; says what to install.
    """
    return PostgresServer(run.once(_NAME, lambda: _start(run))["admin_dsn"])


def end_postgres(run: SharedRun) -> None:
    """Stops what :func:`shared_postgres` has started in ``run``."""
    known = run.known(_NAME) or {}
    if "given" in known:
        for template in run.known_like(_TEMPLATE):
            asyncio.run(PostgresServer(known["admin_dsn"]).drop(template["database"]))
    if "container" in known:
        remove_container(known["container"])
    if _folder(run).exists():
        asyncio.run(LocalPostgres(_folder(run)).stop())


def _folder(run: SharedRun) -> Path:
    return run.folder / "postgres"


def _start(run: SharedRun) -> Mapping[str, str]:
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        asyncio.run(_wait_for(given))
        return {"admin_dsn": given, "given": "yes"}
    password = uuid4().hex
    container = start_container(
        IMAGE,
        ports=[5432],
        env={
            "POSTGRES_PASSWORD": password,
            "POSTGRES_INITDB_ARGS": "--locale-provider=builtin --locale=C.UTF-8",
        },
        command=["postgres", *(f"-c{key}={value}" for key, value in _SETTINGS.items())],
    )
    if container is not None:
        place = f"{container.host}:{container.ports[5432]}"
        dsn = f"postgresql://postgres:{password}@{place}/postgres"
        asyncio.run(_wait_for(dsn))
        return {"admin_dsn": dsn, "container": container.id}
    return {"admin_dsn": asyncio.run(_start_local(_folder(run)))}


def local_server(folder: Path, *, port: int) -> LocalPostgres:
    """PostgreSQL on a TCP port of the loopback interface, as in production, not on a socket."""
    return LocalPostgres(
        folder,
        database="postgres",
        durable=False,
        settings={**_SETTINGS, "listen_addresses": TCP_HOST, "port": str(port)},
    )


async def _start_local(folder: Path) -> str:
    local = local_server(folder, port=free_ports(1)[0])
    await local.start()
    return tcp_dsn(local)


def tcp_dsn(local: LocalPostgres) -> str:
    """The superuser's URL of a started :func:`local_server`."""
    url = urlsplit(local.admin_dsn)
    port = parse_qs(url.query)["port"][0]
    return f"postgresql://{url.username}:{url.password}@{TCP_HOST}:{port}/postgres"


async def _wait_for(dsn: str) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            connection = await asyncpg.connect(dsn, timeout=5)
        except (OSError, TimeoutError, asyncpg.CannotConnectNowError) as error:
            if time.monotonic() > deadline:
                place = urlsplit(dsn).netloc.rpartition("@")[2]
                raise StartError(
                    f"PostgreSQL at {place} does not answer within {_READY_WITHIN_S} s: {error}"
                ) from error
        else:
            await connection.close()
            return
        await asyncio.sleep(0.1)


def _as_role(dsn: str, role: str, password: str) -> str:
    url = urlsplit(dsn)
    place = url.netloc.rpartition("@")[2]
    return url._replace(
        netloc=f"{quote(role, safe='')}:{quote(password, safe='')}@{place}"
    ).geturl()
