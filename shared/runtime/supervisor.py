"""Runs services: one in its process, or several in one loop, and stops them in good order.

SIGTERM or SIGINT::

    readiness fails → background tasks finish or give back their work (at most ``drain_s``)
    → relays publish what is left → servers answer what they have begun → pools and clients close

and the exit code is 0. A second signal ends the process at once. Servers close last but one,
because in one process a finishing job of one service may still pull pages from another.

A background task that crashes is started again; one that keeps crashing stops the whole process
with exit code 1, in the same good order: in Kubernetes, that restarts the pod. Services may start
before what they need: a start hook that finds it away is tried again.
"""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Coroutine, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, Final, NoReturn

import structlog
import uvicorn
from starlette.types import ASGIApp

from shared.http.admin import admin_app
from shared.kernel.errors import Unavailable
from shared.observability import tracing
from shared.observability.logging import bind_service
from shared.runtime.errors import StartError
from shared.runtime.listening import Listening
from shared.runtime.restarting import CrashLoop, RestartPolicy, keep_running, pause
from shared.runtime.service import Background, Hook, Service

DRAIN_S: Final = 20.0
RELAY_DRAIN_S: Final = 5.0
SERVER_DRAIN_S: Final = 5
HOOK_TIMEOUT_S: Final = 5.0
READY_POLL_S: Final = 0.1
START_RETRY_S: Final = 1.0
KEEP_ALIVE_S: Final = 75
"""Longer than clients keep idle connections (30 s), so that they close first and none is cut."""

OnReady = Callable[[Mapping[str, str]], None]

_log = structlog.stdlib.get_logger(__name__)


def run(main: Coroutine[Any, Any, int]) -> NoReturn:
    """Runs ``main`` to its end and exits with its code; why it cannot start goes to stderr."""
    try:
        code = asyncio.run(_to_the_end(main))
    except StartError as error:
        sys.exit(f"{error}")
    except KeyboardInterrupt:  # before serve() has taken over the signals
        sys.exit(128 + signal.SIGINT)
    sys.exit(code)


async def _to_the_end(main: Coroutine[Any, Any, int]) -> int:
    """Waits for ``main`` and for nothing else.

    Everything of ours is closed by then. What still runs belongs to a driver, such as a connection
    that closes while its broker dies; waiting for that may take for ever.
    """
    code = await main
    await asyncio.to_thread(tracing.close)
    left = asyncio.all_tasks() - {asyncio.current_task()}
    if left:
        _log.warning("left behind", tasks=sorted(task.get_name() for task in left))
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


async def serve(
    listenings: Sequence[Listening],
    *,
    on_ready: OnReady | None = None,
    drain_s: float = DRAIN_S,
    restarts: RestartPolicy | None = None,
) -> int:
    """Runs the services until a signal or a crash loop; returns the exit code.

    ``on_ready`` is called once, with the address of each service by name, when all listen and
    pass their readiness checks. Operators' port of a service, if it has one, is there as
    :func:`admin_of` its name.

    Raises:
        StartError: an address is taken.
    """
    with ExitStack() as addresses, _Signals() as signals:
        services = []
        for listening in listenings:
            sock, address = listening.bind()
            addresses.callback(listening.release, sock)
            services.append(_Running(listening.service, sock, address, restarts or RestartPolicy()))
            admin = listening.bind_admin()
            if admin is not None:
                addresses.callback(admin[0].close)
                services[-1].open_to_operators(*admin)
        return await _Supervision(services, signals.stop, drain_s).run(on_ready)


def admin_of(service: str) -> str:
    """The name under which ``on_ready`` is told the address of operators' port."""
    return f"{service} admin"


class _Signals:
    """SIGTERM and SIGINT set ``stop``; the second one ends the process where it stands."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def __enter__(self) -> "_Signals":
        for signum in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(signum, self._received, signum)
        return self

    def __exit__(self, *_: object) -> None:
        for signum in (signal.SIGTERM, signal.SIGINT):
            self._loop.remove_signal_handler(signum)

    def _received(self, signum: signal.Signals) -> None:
        if self.stop.is_set():
            _log.warning("stopping at once", signal=signum.name)
            os._exit(128 + signum)
        _log.info("stopping", signal=signum.name)
        self.stop.set()


class _Supervision:
    """The phases of a process, over all its services."""

    def __init__(self, services: Sequence["_Running"], stop: asyncio.Event, drain_s: float) -> None:
        self._services = services
        self._stop = stop
        self._drain_s = drain_s
        self._is_failed = False

    async def run(self, on_ready: OnReady | None) -> int:
        """All phases; returns the exit code."""
        try:
            await self._start()
            async with asyncio.TaskGroup() as root:
                for service in self._services:
                    root.create_task(service.run(self._fail), name=service.name)
                root.create_task(self._announce(on_ready), name="announce")
                await self._stop.wait()
                await self._drain()
        finally:
            await asyncio.gather(*(service.close() for service in self._services))
        return 1 if self._is_failed else 0

    def _fail(self, reason: str) -> None:
        _log.critical("giving up", reason=reason)
        self._is_failed = True
        self._stop.set()

    async def _start(self) -> None:
        for service in self._services:
            await service.start(self._stop)

    async def _announce(self, on_ready: OnReady | None) -> None:
        while not all([await service.is_ready() for service in self._services]):
            await pause(self._stop, READY_POLL_S)
            if self._stop.is_set():
                return
        _log.info("ready", services=[service.name for service in self._services])
        if on_ready is not None:
            on_ready(
                {name: address for s in self._services for name, address in s.addresses.items()}
            )

    async def _drain(self) -> None:
        for service in self._services:
            service.service.health.is_draining = True
        await _stop_all((s.background for s in self._services), self._drain_s)
        await _stop_all((s.relays for s in self._services), RELAY_DRAIN_S)
        for service in self._services:
            service.stop_servers()


class _Tasks:
    """Some background tasks of one service that stop together."""

    def __init__(self, runs: Mapping[str, Background]) -> None:
        self._runs = runs
        self.stop = asyncio.Event()
        self.running: list[asyncio.Task[None]] = []

    def start(
        self,
        group: asyncio.TaskGroup,
        keep: Callable[[str, Background, asyncio.Event], Coroutine[Any, Any, None]],
    ) -> None:
        """Starts each in ``group`` under ``keep``."""
        self.running = [
            group.create_task(keep(name, run, self.stop), name=name)
            for name, run in self._runs.items()
        ]


async def _stop_all(sets: Iterable[_Tasks], patience_s: float) -> None:
    """Asks the tasks to end, waits, and cancels those that did not."""
    stopping = list(sets)
    for tasks in stopping:
        tasks.stop.set()
    running = [task for tasks in stopping for task in tasks.running]
    if not running:
        return
    _, late = await asyncio.wait(running, timeout=patience_s)
    for task in late:
        _log.warning("background task cut off", task=task.get_name(), after_s=patience_s)
        task.cancel()
    if late:
        await asyncio.wait(late, timeout=HOOK_TIMEOUT_S)


class _Running:
    """One service while it runs: its server and its background tasks, in a group of their own."""

    def __init__(
        self, service: Service, sock: socket.socket, address: str, restarts: RestartPolicy
    ) -> None:
        self.service = service
        self.name = service.name
        self.addresses = {service.name: address}
        self.background = _Tasks(service.background)
        self.relays = _Tasks(service.relays)
        self._restarts = restarts
        self._servers = [(_server(service.app), sock)]

    def open_to_operators(self, sock: socket.socket, address: str) -> None:
        """Answers operators, too: they may ask while the service drains."""
        app = admin_app(self.service.health, self.service.metrics)
        self._servers.append((_server(app), sock))
        self.addresses[admin_of(self.name)] = address

    def stop_servers(self) -> None:
        """Lets the servers answer what they have begun, and end."""
        for server, _ in self._servers:
            server.should_exit = True

    async def start(self, stop: asyncio.Event) -> None:
        """Runs the service's start hooks. What one needs may be away: it is tried again."""
        with bind_service(self.name):
            for hook in self.service.on_start:
                while not stop.is_set():
                    try:
                        await hook()
                    except Unavailable as error:
                        _log.warning("cannot start yet", reason=error.detail)
                        await pause(stop, START_RETRY_S)
                    else:
                        break

    async def is_ready(self) -> bool:
        """Whether it listens and can take work."""
        is_listening = all(server.started for server, _ in self._servers)
        return is_listening and not await self.service.health.failing()

    async def run(self, fail: Callable[[str], None]) -> None:
        """Serves and works until told to stop."""

        async def keep(name: str, task: Background, stop: asyncio.Event) -> None:
            try:
                await keep_running(
                    name, task, stop, metrics=self.service.metrics, policy=self._restarts
                )
            except CrashLoop as error:
                fail(f"{self.name}: {error}")

        with bind_service(self.name):
            async with asyncio.TaskGroup() as group:
                for (server, sock), address in zip(
                    self._servers, self.addresses.values(), strict=True
                ):
                    _log.info("listening", address=address)
                    group.create_task(self._serve(server, sock, fail), name=f"{self.name}-server")
                self.background.start(group, keep)
                self.relays.start(group, keep)

    async def _serve(
        self, server: "_Server", sock: socket.socket, fail: Callable[[str], None]
    ) -> None:
        await server.serve(sockets=[sock])
        if not server.should_exit:
            fail(f"{self.name}: the server ended by itself")

    async def close(self) -> None:
        """Runs the closing hooks, last first; one that fails does not keep the others."""
        with bind_service(self.name):
            for hook in reversed(self.service.on_close):
                await _close(hook)


async def _close(hook: Hook) -> None:
    try:
        async with asyncio.timeout(HOOK_TIMEOUT_S):
            await hook()
    except Exception:
        _log.exception("could not close cleanly", hook=getattr(hook, "__qualname__", repr(hook)))


def _server(app: ASGIApp) -> "_Server":
    return _Server(
        uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            log_config=None,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_S,
            timeout_graceful_shutdown=SERVER_DRAIN_S,
        )
    )


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: signals stop all services together."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Leaves signals alone."""
        yield
