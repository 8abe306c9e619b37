"""The whole platform as real processes: embedded, or each service for itself over RabbitMQ."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from services import SERVICES
from shared.auth.internal_token import TokenSigner
from shared.auth.keys import generate_keypair
from shared.auth.permissions import ROLE_PERMISSIONS, Role
from shared.auth.principal import Principal
from shared.testing.ports import free_ports
from shared.testing.postgres import FreshDatabase
from shared.testing.service_process import PROGRAM, ServiceProcess
from shared.testing.waiting import wait_until
from tests.support.platform_client import PlatformClient

PASSWORD = "a password of some length"
LEASE_S = "3"
START_S = 90


class EmbeddedPlatform:
    """``python -m services embedded --demo`` on a data folder: one person may approve."""

    def __init__(self, data_dir: Path, *, env: Mapping[str, str] | None = None) -> None:
        self.data_dir = data_dir
        self._env = dict(env or {})
        data_dir.mkdir(parents=True, exist_ok=True)
        self.process: ServiceProcess | None = None

    def start(self, *, failpoint: str | None = None) -> PlatformClient | None:
        """Start it; a client once it serves requests, or None when it died at ``failpoint``
        while it started."""
        env = self._env | ({"MIGPLAN_FAILPOINT": failpoint} if failpoint else {})
        process = ServiceProcess(
            "embedded",
            "--data-dir",
            str(self.data_dir),
            "--port",
            "0",
            "--demo",
            folder=self.data_dir,
            env=env,
        )
        process.start()
        self.process = process
        wait_until(
            lambda: self._address() is not None or not process.is_running(),
            within_s=START_S,
            what="the platform is ready",
        )
        if not process.is_running():
            assert failpoint, process.log_tail()
            return None
        return self.client()

    def client(self) -> PlatformClient:
        """A signed-in client of the running platform."""
        password = (self.data_dir / "admin-password").read_text().strip()
        return PlatformClient(self.address, password=password)

    def stop(self) -> int:
        """End it in good order; the exit code."""
        assert self.process is not None
        return asyncio.run(self.process.stop(within_s=60))

    def kill(self) -> None:
        """SIGKILL, to it alone."""
        assert self.process is not None
        self.process.kill()

    def has_died(self, *, within_s: float = 60) -> None:
        """Wait until it has died by itself."""
        assert self.process is not None
        code = asyncio.run(self.process.exited(within_s=within_s))
        assert code == -9, self.process.log_tail()

    def discard(self) -> None:
        """End whatever still runs."""
        if self.process is not None and self.process.is_running():
            self.process.kill()

    @property
    def address(self) -> str:
        """Where it answers."""
        address = self._address()
        assert address is not None, "it does not run"
        return address

    def _address(self) -> str | None:
        try:
            run = json.loads((self.data_dir / "run.json").read_text())
        except (OSError, ValueError):
            return None
        assert self.process is not None
        is_current = self.process.is_running() and run.get("pid") == self.process.pid
        return run.get("address") if is_current else None


class SeparatePlatform:
    """The six services as six processes, on one database and one RabbitMQ."""

    def __init__(
        self,
        environments: Mapping[str, Mapping[str, str]],
        folder: Path,
        *,
        amqp_url: str,
        program: Sequence[str] = PROGRAM,
    ) -> None:
        self._environments = environments
        self._folder = folder
        self.amqp_url = amqp_url
        self.processes = {
            name: ServiceProcess(name, folder=folder, env=env, program=program)
            for name, env in environments.items()
        }

    @property
    def address(self) -> str:
        """Where clients find it."""
        return self.address_of("gateway")

    def address_of(self, name: str) -> str:
        """Where a service listens."""
        port = self._environments[name][f"MIGPLAN_{name.upper()}_PORT"]
        return f"http://127.0.0.1:{port}"

    def metrics_of(self, name: str) -> str:
        """What Prometheus would read of a service."""
        port = self._environments[name][f"MIGPLAN_{name.upper()}_ADMIN_PORT"]
        reply = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=10, trust_env=False)
        return reply.raise_for_status().text

    def client(self) -> PlatformClient:
        """A signed-in client."""
        return PlatformClient(self.address, password=PASSWORD)

    def direct(self, service: str) -> httpx.Client:
        """A client of one service that goes around the gateway; see :meth:`vouched`."""
        return httpx.Client(base_url=self.address_of(service), timeout=60, trust_env=False)

    def vouched(self, service: str) -> str:
        """The header by which ``service`` takes the caller for an administrator, for a minute."""
        person = Principal("user", str(uuid4()), "admin", ROLE_PERMISSIONS[Role.ADMIN])
        signer = TokenSigner(
            "gateway", self._environments["gateway"]["MIGPLAN_GATEWAY_SIGNING_KEY"]
        )
        return f"Bearer {signer.sign(person, service)}"

    def start(self, *names: str) -> None:
        """Start these services and wait until they are ready."""
        for name in names:
            self.processes[name].start()
        self.until_ready(*names)

    def restart(self, name: str, **settings: str) -> None:
        """SIGKILL it if it runs, and start it with ``settings`` changed for this run."""
        self._kill(name)
        env = {f"MIGPLAN_{name.upper()}_{key.upper()}": value for key, value in settings.items()}
        self.processes[name].start(env=env)
        self.until_ready(name)

    @asynccontextmanager
    async def restarted_with(self, name: str, **settings: str) -> AsyncIterator[None]:
        """Inside, the service runs with ``settings`` changed; restarted without them at the end.

        The event loop goes on meanwhile: what the settings point to may live in it.
        """
        try:
            await asyncio.to_thread(self.restart, name, **settings)
            yield
        finally:
            await asyncio.to_thread(self.restart, name)

    @contextmanager
    def armed(self, name: str, failpoint: str) -> Iterator[ServiceProcess]:
        """The service, restarted to die or pause at ``failpoint``, which may come before it is
        ready; at the end it is restarted once more, whatever has become of it."""
        process = self.processes[name]
        try:
            self._kill(name)
            process.start(env={"MIGPLAN_FAILPOINT": failpoint})
            yield process
        finally:
            self.restart(name)

    def until_ready(self, *names: str) -> None:
        """Wait until these services, or all, take work. None may have ended."""
        for name in names or self.processes:
            ready = f"{self.address_of(name)}/readyz"
            asyncio.run(self.processes[name].ready(ready, within_s=START_S))

    @contextmanager
    def another(self, name: str) -> Iterator[ServiceProcess]:
        """One more process of a service, at an address of its own; ready, and gone at the end."""
        port, admin_port = map(str, free_ports(2))
        prefix = f"MIGPLAN_{name.upper()}_"
        ports = {f"{prefix}PORT": port, f"{prefix}ADMIN_PORT": admin_port}
        env = {**self._environments[name], **ports}
        folder = self._folder / f"another-{port}"
        folder.mkdir()
        process = ServiceProcess(name, folder=folder, env=env)
        process.start()
        try:
            asyncio.run(process.ready(f"http://127.0.0.1:{port}/readyz", within_s=START_S))
            yield process
        finally:
            if process.is_running():
                process.kill()

    def kill(self) -> None:
        """SIGKILL, to all that run."""
        for name in self.processes:
            self._kill(name)

    def _kill(self, name: str) -> None:
        if self.processes[name].is_running():
            self.processes[name].kill()


@contextmanager
def separate_platform(
    database: FreshDatabase,
    amqp_url: str,
    folder: Path,
    *,
    program: Sequence[str] = PROGRAM,
    env: Mapping[str, str] | None = None,
    lease_s: str = LEASE_S,
) -> Iterator[SeparatePlatform]:
    """The platform over RabbitMQ, whose processes are also told ``env``; gone at the end.

    As in a container, its processes can write to nothing but a folder for temporary files; a
    ``program`` of the caller's has to see to that itself.
    """
    environments = _environments(database, amqp_url, lease_s)
    writable = folder / "tmp"
    writable.mkdir()
    closed = _read_only(writable) if program is PROGRAM else {}
    platform = SeparatePlatform(
        {name: {**(env or {}), **told, **closed} for name, told in environments.items()},
        folder,
        amqp_url=amqp_url,
        program=program,
    )
    try:
        platform.start(*environments)
        yield platform
    finally:
        platform.kill()
    denied = writable / "denied"
    assert not denied.exists(), f"written outside {writable}:\n{denied.read_text()}"


def _read_only(writable: Path) -> dict[str, str]:
    return {
        "PYTHONPATH": str(Path(__file__).parent / "read_only"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "WRITABLE": str(writable),
        "TMPDIR": str(writable),
    }


def _environments(
    database: FreshDatabase, amqp_url: str, lease_s: str
) -> dict[str, dict[str, str]]:
    found = free_ports(2 * len(SERVICES))
    ports = dict(zip(SERVICES, found[: len(SERVICES)], strict=True))
    admin_ports = dict(zip(SERVICES, found[len(SERVICES) :], strict=True))
    keys = {name: generate_keypair() for name in SERVICES}
    public = {name: pair[1] for name, pair in keys.items()}
    upstreams = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}

    def told(name: str) -> dict[str, Any]:
        return {
            "database_dsn": database.dsn(name),
            "bus_url": amqp_url,
            "port": str(ports[name]),
            "admin_port": str(admin_ports[name]),
            "signing_key": keys[name][0],
            "public_keys": json.dumps(public),
            "upstreams": json.dumps(upstreams),
            "lease_s": lease_s,
        }

    environments = {
        name: {f"MIGPLAN_{name.upper()}_{key.upper()}": value for key, value in told(name).items()}
        for name in SERVICES
    }
    environments["gateway"]["MIGPLAN_GATEWAY_FIRST_PASSWORD"] = PASSWORD
    environments["planner"]["MIGPLAN_PLANNER_ALLOW_SINGLE_APPROVER"] = "true"
    return environments
