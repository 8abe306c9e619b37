"""The whole platform as real processes: embedded, or each service for itself over RabbitMQ."""

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
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
from shared.testing.service_process import ServiceProcess
from shared.testing.waiting import wait_until
from tests.support.platform_client import PlatformClient

PASSWORD = "a password of some length"
LEASE_S = "3"
START_S = 90


class EmbeddedPlatform:
    """``python -m services embedded --demo`` on a data folder: one person may approve."""

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        data_dir.mkdir(parents=True, exist_ok=True)
        self.process: ServiceProcess | None = None

    def start(self, *, failpoint: str | None = None) -> PlatformClient | None:
        """Start it; a client once it serves requests, or None when it died at ``failpoint``
        while it started."""
        env = {"MIGPLAN_FAILPOINT": failpoint} if failpoint else {}
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
        address = self._address()
        if not process.is_running():
            assert failpoint, process.log_tail()
            return None
        assert address is not None
        password = (self.data_dir / "admin-password").read_text().strip()
        return PlatformClient(address, password=password)

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
        processes: Mapping[str, ServiceProcess],
        addresses: Mapping[str, str],
        gateway_key: str,
    ) -> None:
        self.processes = processes
        self.address = addresses["gateway"]
        self._addresses = addresses
        self._signer = TokenSigner("gateway", gateway_key)

    def client(self) -> PlatformClient:
        """A signed-in client."""
        return PlatformClient(self.address, password=PASSWORD)

    def direct(self, service: str) -> httpx.Client:
        """A client of one service that goes around the gateway; see :meth:`vouched`."""
        return httpx.Client(base_url=self._addresses[service], timeout=60, trust_env=False)

    def vouched(self, service: str) -> str:
        """The header by which ``service`` takes the caller for an administrator, for a minute."""
        person = Principal("user", str(uuid4()), "admin", ROLE_PERMISSIONS[Role.ADMIN])
        return f"Bearer {self._signer.sign(person, service)}"


@contextmanager
def separate_platform(
    database: FreshDatabase, amqp_url: str, folder: Path, *, lease_s: str = LEASE_S
) -> Iterator[SeparatePlatform]:
    """The platform over RabbitMQ; gone at the end."""
    environments = _environments(database, amqp_url, lease_s)
    processes = {
        name: ServiceProcess(name, folder=folder, env=env) for name, env in environments.items()
    }
    with ExitStack() as stack:
        for process in processes.values():
            process.start()
            stack.callback(_end, process)
        addresses = {
            name: f"http://127.0.0.1:{told[f'MIGPLAN_{name.upper()}_PORT']}"
            for name, told in environments.items()
        }
        for name, process in processes.items():
            asyncio.run(process.ready(f"{addresses[name]}/readyz", within_s=START_S))
        gateway_key = environments["gateway"]["MIGPLAN_GATEWAY_SIGNING_KEY"]
        yield SeparatePlatform(processes, addresses, gateway_key)


def _end(process: ServiceProcess) -> None:
    if process.is_running():
        process.kill()


def _environments(
    database: FreshDatabase, amqp_url: str, lease_s: str
) -> dict[str, dict[str, str]]:
    ports = dict(zip(SERVICES, free_ports(len(SERVICES)), strict=True))
    keys = {name: generate_keypair() for name in SERVICES}
    public = {name: pair[1] for name, pair in keys.items()}
    upstreams = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}

    def told(name: str) -> dict[str, Any]:
        return {
            "database_dsn": database.dsn(name),
            "bus_url": amqp_url,
            "port": str(ports[name]),
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
