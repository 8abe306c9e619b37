"""All six services in one process: one event loop, one TCP port, one PostgreSQL, no RabbitMQ.

Every border of the separate processes stays: a role and a schema for each service, internal tokens
between them, bytes on the bus. Services listen on Unix sockets in a private folder; only the
gateway has a port. The data folder is locked, so jobs of a process that was killed are certainly
nobody's and become claimable at once.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import services.assessment.app
import services.exporter.app
import services.gateway.app
import services.ingest.app
import services.planner.app
import services.provisioner.app
from services import SERVICES
from services.assessment.settings import AssessmentSettings
from services.exporter.settings import ExporterSettings
from services.gateway.settings import GatewaySettings
from services.ingest.settings import IngestSettings
from services.planner.settings import PlannerSettings
from services.provisioner.settings import ProvisionerSettings
from shared.db import jobs
from shared.db.bootstrap import BUS, ROLE_PREFIX, bootstrap
from shared.db.engine import make_engine
from shared.db.migrate import migrate
from shared.runtime.data_dir import DataDir
from shared.runtime.listening import Listening
from shared.runtime.local_postgres import LocalPostgres
from shared.runtime.service import Service
from shared.runtime.supervisor import admin_of, serve

FIRST_LOGIN: Final = "admin"


@dataclass(frozen=True, slots=True)
class _Installation:
    """What the services of one data folder are told."""

    folder: DataDir
    postgres: LocalPostgres
    sockets: Path

    def dsn(self, schema: str) -> str:
        return self.postgres.dsn(ROLE_PREFIX + schema, self.folder.role_password(schema))

    def common(self, service: str) -> dict[str, Any]:
        private_key, _ = self.folder.keypair(service)
        return {
            "database_dsn": self.dsn(service),
            "bus_url": self.dsn(BUS),
            "signing_key": private_key,
            "public_keys": {name: self.folder.keypair(name)[1] for name in SERVICES},
            "upstreams": {name: f"unix:{self.socket(name)}" for name in SERVICES},
            "uds": self.socket(service),
        }

    def socket(self, service: str) -> Path:
        return self.sockets / f"{service}.sock"


async def run(
    data_dir: Path, *, host: str, port: int, admin_port: int, allow_single_approver: bool
) -> int:
    """Run the platform on ``data_dir`` until a signal; the exit code.

    Metrics of all services are on ``admin_port``, which only this machine reaches.

    ``allow_single_approver`` holds for projects that say nothing: see PlannerSettings.

    Raises:
        StartError: the folder is in use, PostgreSQL cannot start, or the port is taken.
    """
    with DataDir(data_dir) as folder:
        async with LocalPostgres(folder.postgres) as postgres:
            installation = _Installation(folder, postgres, folder.sockets())
            await _prepare(installation)
            password, is_new = folder.admin_password()
            built = _build(installation, password, allow_single_approver=allow_single_approver)
            gateway = built[-1]
            gateway.metrics.join(service.metrics for service in built[:-1])
            listenings = [
                *(Listening(service=s, uds=installation.socket(s.name)) for s in built[:-1]),
                Listening(service=gateway, host=host, port=port, admin_port=admin_port),
            ]

            def announce(addresses: Mapping[str, str]) -> None:
                address = addresses["gateway"]
                admin_address = addresses[admin_of("gateway")]
                folder.announce(address, admin_address=admin_address)
                _tell(address, admin_address, folder, password if is_new else None)

            return await serve(listenings, on_ready=announce)


async def _prepare(installation: _Installation) -> None:
    """Roles, schemas, migrations; and nobody holds a job."""
    names = (*SERVICES, BUS)
    passwords = {name: installation.folder.role_password(name) for name in names}
    await bootstrap(installation.postgres.admin_dsn, passwords)
    for service in SERVICES:
        dsn = installation.dsn(service)
        await migrate(service, dsn)
        engine = make_engine(dsn, schema=service, pool_size=1)
        async with engine.begin() as connection:
            await jobs.release_all(connection)
        await engine.dispose()


def _build(
    installation: _Installation, password: str, *, allow_single_approver: bool
) -> list[Service]:
    """The services, the gateway last."""
    common = installation.common
    gateway = common("gateway") | {
        "uds": None,
        "first_username": FIRST_LOGIN,
        "first_password": password,
    }
    return [
        services.ingest.app.build(IngestSettings(**common("ingest"))),
        services.assessment.app.build(AssessmentSettings(**common("assessment"))),
        services.planner.app.build(
            PlannerSettings(**common("planner"), allow_single_approver=allow_single_approver)
        ),
        services.provisioner.app.build(ProvisionerSettings(**common("provisioner"))),
        services.exporter.app.build(ExporterSettings(**common("exporter"))),
        services.gateway.app.build(GatewaySettings(**gateway)),
    ]


def _tell(address: str, admin_address: str, folder: DataDir, password: str | None) -> None:
    """Say on standard output where the platform is, and once how to log in."""
    lines = [
        f"Migration Planner is up at {address}",
        f"  API documentation  {address}/docs",
        f"  Metrics            {admin_address}/metrics (this machine only)",
    ]
    if password is not None:
        lines.append(f"  First login        {FIRST_LOGIN} / {password}")
        lines.append("  (shown once; change it with POST /v1/me/password)")
    else:
        lines.append(f"  Login              {FIRST_LOGIN}; first password in {_short(folder)}")
    lines.append("Stop with Ctrl-C. Data stays in " + str(folder.path))
    os.write(1, ("\n".join(lines) + "\n").encode())


def _short(folder: DataDir) -> str:
    path = folder.path / "admin-password"
    return os.path.relpath(path)
