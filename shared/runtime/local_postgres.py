"""An embedded PostgreSQL: our own launcher around PostgreSQL's programs.

The server is a daemon that outlives us: after a SIGKILL of our process the next start adopts it.
It listens on a Unix socket in a private folder, and asks for passwords even there.
"""

import asyncio
import contextlib
import fcntl
import os
import shlex
import shutil
import signal
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import asyncpg

from shared.runtime.data_dir import private_folder
from shared.runtime.errors import StartError
from shared.runtime.postgres_binaries import PostgresBinaries, find_binaries
from shared.runtime.postgres_cluster import SUPERUSER, Cluster, Postmaster

PORT: Final = "5432"
"""Only a part of the socket's file name: nothing listens on TCP, unless ``settings`` say so."""

_POLL_S: Final = 0.05
_STOP_TIMEOUT_S: Final = 60
_QUICK: Final = {"fsync": "off", "full_page_writes": "off"}
"""Commits still reach the kernel, so they survive a SIGKILL, just no power cut."""


class LocalPostgres:
    """PostgreSQL in a folder, as an async context manager: started or adopted, then stopped."""

    def __init__(
        self,
        folder: Path,
        *,
        database: str = "migplan",
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        start_timeout_s: float = 60,
    ) -> None:
        """A server that does not run yet.

        Args:
            folder: made if it is missing; nothing else may be kept in it.
            database: made if it is missing; the one that the DSNs name.
            durable: False loses data in a power cut and is quicker: for tests.
            settings: server settings on top of ours, such as ``max_connections``.
            start_timeout_s: how long a start, crash recovery included, may take.
        """
        self.folder = folder.absolute()
        self.adopted = False
        """Whether the server already ran when we came."""
        self._cluster = Cluster(self.folder)
        self._database = database
        self._durable = durable
        self._start_timeout_s = start_timeout_s
        self._settings = {
            "listen_addresses": "",
            "port": PORT,
            "max_connections": "200",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **({} if durable else _QUICK),
            **(settings or {}),
        }
        self._sockets: Path | None = None
        self._password = ""

    @property
    def admin_dsn(self) -> str:
        """The superuser's DSN of the database."""
        return self.dsn(SUPERUSER, self._password)

    def dsn(self, role: str, password: str, *, database: str | None = None) -> str:
        """The libpq URL with which ``role`` reaches the database over the Unix socket."""
        if self._sockets is None:
            raise RuntimeError("The server was not started.")
        login = f"{quote(role, safe='')}:{quote(password, safe='')}"
        name = quote(database or self._database, safe="")
        return f"postgresql://{login}@/{name}?host={self._sockets}&port={self._settings['port']}"

    @property
    def pid(self) -> int | None:
        """The process id of the server; None when it does not run."""
        postmaster = self._cluster.postmaster()
        return postmaster.pid if postmaster and postmaster.is_alive() else None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Adopts the server that runs in this folder, or starts one; makes the cluster if needed.

        Safe to repeat, and safe when two processes do it at once: the second adopts.

        Raises:
            StartError: it does not start; says why and what to do, with the end of its log.
        """
        try:
            private_folder(self.folder)
            async with self._one_at_a_time():
                binaries = await asyncio.to_thread(find_binaries, self._cluster.account())
                await asyncio.to_thread(self._cluster.ensure_made, binaries, durable=self._durable)
                self._password = self._cluster.password()
                self.adopted = await self._adopt()
                if not self.adopted and not await self._launch(binaries):
                    # A start that a killed process of ours had begun may have been quicker.
                    self.adopted = await self._adopt()
                    if not self.adopted:
                        raise StartError(
                            f"PostgreSQL does not start in {self.folder}.\n"
                            f"{self._cluster.log_tail()}"
                        )
                await self._ensure_database()
        except OSError as error:
            raise StartError(f"PostgreSQL cannot use {self.folder}: {error}.") from error

    async def stop(self) -> None:
        """Ends the server: open transactions are rolled back, everything committed is kept.

        Raises:
            StartError: it does not end; says how it can be ended.
        """
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        postmaster = self._cluster.postmaster()
        if postmaster is None:
            return
        if postmaster.is_alive():
            os.kill(postmaster.pid, signal.SIGINT)  # PostgreSQL's "fast shutdown"
        while self.pid == postmaster.pid:
            if time.monotonic() > deadline:
                raise StartError(
                    f"PostgreSQL (process {postmaster.pid}) in {self.folder} does not stop. `kill "
                    f"-QUIT {postmaster.pid}` ends it without losing committed data.\n"
                    f"{self._cluster.log_tail()}"
                )
            await asyncio.sleep(_POLL_S)
        shutil.rmtree(postmaster.sockets, ignore_errors=True)
        self._sockets = None

    @contextlib.asynccontextmanager
    async def _one_at_a_time(self) -> AsyncIterator[None]:
        deadline = time.monotonic() + 2 * self._start_timeout_s
        descriptor = os.open(self.folder / "start.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            while True:
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if time.monotonic() > deadline:
                        raise StartError(
                            f"Another process is starting PostgreSQL in {self.folder}, "
                            "and does not finish."
                        ) from error
                await asyncio.sleep(_POLL_S)
            yield
        finally:
            os.close(descriptor)

    async def _adopt(self) -> bool:
        """Whether a server of this data folder runs and answers; waits while it is starting."""
        deadline = time.monotonic() + self._start_timeout_s
        while (postmaster := self._cluster.postmaster()) and postmaster.is_alive():
            self._sockets = postmaster.sockets
            if await self._answers():
                return True
            if time.monotonic() > deadline:
                raise StartError(
                    f"PostgreSQL (process {postmaster.pid}) runs in {self.folder} and does not "
                    f"answer. End it with `kill -QUIT {postmaster.pid}` and start again.\n"
                    f"{self._cluster.log_tail()}"
                )
            await asyncio.sleep(_POLL_S)
        if postmaster is not None:
            await self._bury(postmaster)
        return False

    async def _bury(self, postmaster: Postmaster) -> None:
        """Takes away what a killed server left: its busy children, its socket, its pid file.

        The children notice its death only when they wait for something, and until then keep a new
        server from starting.
        """
        deadline = time.monotonic() + self._start_timeout_s
        while orphans := self._cluster.processes():
            final = time.monotonic() > deadline
            for pid in orphans:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL if final else signal.SIGQUIT)
            await asyncio.sleep(_POLL_S)
        shutil.rmtree(postmaster.sockets, ignore_errors=True)
        self._cluster.remove_postmaster_file()

    async def _launch(self, binaries: PostgresBinaries) -> bool:
        """Whether a new server runs and answers."""
        self._cluster.begin_log()
        self._sockets = self._cluster.new_socket_folder()
        settings = {**self._settings, "unix_socket_directories": str(self._sockets)}
        options = " ".join(f"-c {shlex.quote(f'{key}={value}')}" for key, value in settings.items())
        command = [
            "pg_ctl",
            "start",
            "--wait",
            f"--timeout={self._start_timeout_s:.0f}",
            f"--options={options}",
        ]
        code = await asyncio.to_thread(self._cluster.run, binaries, command)
        if code == 0 and await self._answers():
            return True
        shutil.rmtree(self._sockets, ignore_errors=True)
        return False

    async def _ensure_database(self) -> None:
        connection = await asyncpg.connect(self._maintenance_dsn(), timeout=10)
        try:
            known = await connection.fetchval(
                "SELECT true FROM pg_database WHERE datname = $1", self._database
            )
            if not known:
                await connection.execute(
                    await connection.fetchval(
                        "SELECT format('CREATE DATABASE %I', $1::text)", self._database
                    )
                )
        finally:
            await connection.close()

    async def _answers(self) -> bool:
        """Whether the superuser can log in.

        Raises:
            StartError: somebody answers who does not know our password.
        """
        try:
            connection = await asyncpg.connect(self._maintenance_dsn(), timeout=5)
        except asyncpg.InvalidPasswordError as error:
            raise StartError(
                f"The PostgreSQL that runs in {self.folder} refuses the password kept there."
            ) from error
        except (OSError, TimeoutError, asyncpg.PostgresError):
            return False
        await connection.close()
        return True

    def _maintenance_dsn(self) -> str:
        return self.dsn(SUPERUSER, self._password, database="postgres")
