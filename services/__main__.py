"""``python -m services``: run a service, all of them in one process, or prepare the database.

    python -m services embedded [--data-dir DIR] [--port N] [--demo]  all services in one process
    python -m services ingest                                         one service
    python -m services bootstrap                                      roles and schemas
    python -m services migrate [SERVICE …]                            schemas to the newest revision
    python -m services topology                                       exchanges and queues
    python -m services keys [--into DIR | --kubernetes]               the secrets of an installation
    python -m services openapi [--check]                              the public API's document
    python -m services dead-letters list|show|replay                  facts that were given up on
    python -m services asyncapi [--check]                             the events' documents

A service reads its settings from MIGPLAN_<SERVICE>_… variables; ``python -m services ingest
--help`` lists them.
"""

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from fastapi import FastAPI

from services import SERVICES, credentials, dead_letters
from shared.auth.keys import generate_keypair
from shared.bus.rabbit import declare_topology
from shared.db.bootstrap import BUS, bootstrap
from shared.db.migrate import migrate
from shared.kernel.errors import Unavailable
from shared.observability.logging import configure_logging
from shared.runtime.errors import StartError
from shared.runtime.listening import Listening
from shared.runtime.settings import PREFIX, CommonSettings, load
from shared.runtime.supervisor import run, serve
from shared.runtime.trace_export import start_tracing

DEFAULT_PORT: Final = 8080


def main(arguments: Sequence[str] | None = None) -> None:
    """Does what the command line says."""
    chosen = _parser().parse_args(arguments)
    match chosen.command:
        case "embedded":
            configure_logging("embedded", level=os.environ.get("MIGPLAN_LOG_LEVEL", "INFO"))
            _traced("embedded")
            embedded = importlib.import_module("services.embedded")
            run(
                embedded.run(
                    chosen.data_dir,
                    host=chosen.host,
                    port=chosen.port,
                    admin_port=chosen.admin_port,
                    allow_single_approver=chosen.demo,
                )
            )
        case "bootstrap":
            run(_bootstrap())
        case "migrate":
            run(_migrate(chosen.services or SERVICES))
        case "topology":
            run(_topology())
        case "keys":
            sys.exit(_keys(chosen))
        case "openapi":
            sys.exit(_openapi(check=chosen.check))
        case "dead-letters":
            configure_logging("dead-letters", level="WARNING")
            run(dead_letters.run(chosen))
        case "asyncapi":
            sys.exit(_asyncapi(check=chosen.check))
        case service:
            settings = _settings(service)
            configure_logging(service, level=settings.log_level)
            _traced(service)
            built = importlib.import_module(f"services.{service}.app").build(settings)
            run(serve([Listening.of(built, settings)], drain_s=settings.drain_s))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m services",
        description="Run the services of Migration Planner, or prepare what they need.",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    embedded = commands.add_parser("embedded", help="all services in one process")
    embedded.add_argument("serve", nargs="?", choices=["serve"], help="the default")
    embedded.add_argument(
        "--data-dir",
        type=Path,
        default=Path(os.environ.get("MIGPLAN_DATA_DIR", ".data")),
        help="folder that keeps everything (MIGPLAN_DATA_DIR, default .data)",
    )
    embedded.add_argument("--host", default="127.0.0.1", help="address to listen on")
    embedded.add_argument(
        "--port", type=int, default=DEFAULT_PORT, help="TCP port; 0 takes a free one (8080)"
    )
    embedded.add_argument(
        "--admin-port",
        type=int,
        default=0,
        help="TCP port of this machine for metrics; 0 takes a free one (0)",
    )
    embedded.add_argument(
        "--demo",
        action="store_true",
        help="projects that say nothing else let one person request and approve a plan",
    )
    for service in SERVICES:
        one = commands.add_parser(
            service,
            help=f"the {service} service",
            description=_settings_help(service) if _is_asked(service) else None,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        one.add_argument("serve", nargs="?", choices=["serve"], help="the default")
    commands.add_parser("bootstrap", help="make roles and schemas; reads MIGPLAN_ADMIN_DSN")
    migrating = commands.add_parser("migrate", help="bring schemas to their newest revision")
    migrating.add_argument(
        "services", nargs="*", type=_service, metavar="SERVICE", help="default: all of them"
    )
    commands.add_parser(
        "topology", help="make exchanges and queues on RabbitMQ; reads MIGPLAN_TOPOLOGY_BUS_URL"
    )
    _add_keys(commands.add_parser("keys", help="print new signing keys, or all new secrets"))
    document = commands.add_parser("openapi", help="write the public API's document")
    document.add_argument("--check", action="store_true", help="only say whether it is current")
    letters = commands.add_parser("dead-letters", help="look at what was given up on, or replay it")
    dead_letters.add_arguments(letters)
    events = commands.add_parser("asyncapi", help="write the documents about events")
    events.add_argument("--check", action="store_true", help="only say whether they are current")
    return parser


def _add_keys(keys: argparse.ArgumentParser) -> None:
    form = keys.add_mutually_exclusive_group()
    form.add_argument(
        "--into",
        type=Path,
        metavar="DIR",
        help="write the env files of docker-compose.yml, with passwords too, to this new folder",
    )
    form.add_argument(
        "--kubernetes", action="store_true", help="print the Secrets of deploy/k8s, for kubectl"
    )
    keys.add_argument("--database-host", help="where PostgreSQL is, if not where they put it")
    keys.add_argument("--broker-host", help="where RabbitMQ is, if not where they put it")


def _service(name: str) -> str:
    if name not in SERVICES:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(SERVICES)}")
    return name


def _is_asked(service: str) -> bool:
    return service in sys.argv[1:2]


def _settings_class(service: str) -> type[CommonSettings]:
    module = importlib.import_module(f"services.{service}.settings")
    kind: type[CommonSettings] = getattr(module, f"{service.capitalize()}Settings")
    return kind


def _settings(service: str) -> CommonSettings:
    try:
        return load(_settings_class(service))
    except StartError as error:
        sys.exit(str(error))


def _traced(process: str) -> None:
    try:
        start_tracing(process)
    except StartError as error:
        sys.exit(str(error))


def _settings_help(service: str) -> str:
    lines = ["Settings, from the environment:"]
    for name, field in _settings_class(service).model_fields.items():
        value = field.get_default(call_default_factory=True)
        default = "required" if field.is_required() else f"default {value}"
        lines.append(f"  {PREFIX}{service.upper()}_{name.upper()} ({default})")
        lines.append(f"      {field.description}")
    return "\n".join(lines)


async def _bootstrap() -> int:
    """Roles with the passwords that the services' own DSNs hold."""
    configure_logging("bootstrap")
    admin_dsn = os.environ.get(f"{PREFIX}ADMIN_DSN")
    if not admin_dsn:
        raise StartError(
            f"{PREFIX}ADMIN_DSN is not set: the libpq URL of a role that may create roles."
        )
    passwords = {service: _password_of(f"{service.upper()}_DATABASE_DSN") for service in SERVICES}
    if os.environ.get(f"{PREFIX}BUS_DSN"):
        passwords[BUS] = _password_of("BUS_DSN")
    await bootstrap(admin_dsn, passwords)
    return 0


def _password_of(variable: str) -> str:
    dsn = os.environ.get(PREFIX + variable)
    password = urlsplit(dsn).password if dsn else None
    if not password:
        raise StartError(f"{PREFIX}{variable} is not set, or names no password.")
    return unquote(password)


async def _migrate(chosen: Sequence[str]) -> int:
    configure_logging("migrate")
    for service in chosen:
        variable = f"{PREFIX}{service.upper()}_DATABASE_DSN"
        dsn = os.environ.get(variable)
        if not dsn:
            raise StartError(f"{variable} is not set: the libpq URL of the service's own role.")
        await migrate(service, dsn)
    return 0


async def _topology() -> int:
    configure_logging("topology")
    variable = f"{PREFIX}TOPOLOGY_BUS_URL"
    url = os.environ.get(variable, "")
    if urlsplit(url).scheme not in {"amqp", "amqps"}:
        raise StartError(
            f"{variable} is not set, or is not amqp(s)://…: the URL of a RabbitMQ login that may "
            "configure the platform's exchanges and queues."
        )
    try:
        await declare_topology(url)
    except Unavailable as error:
        raise StartError(
            f"{error.detail} Is RabbitMQ up, and may the login of {variable} configure it? A queue "
            "that exists with other arguments has to be emptied and deleted first."
        ) from error
    return 0


def _keys(chosen: argparse.Namespace) -> int:
    """New secrets in the form that was asked for; by default the signing keys as settings."""
    kubernetes = chosen.kubernetes
    hosts = credentials.KUBERNETES_HOSTS if kubernetes else credentials.COMPOSE_HOSTS
    made = credentials.make(
        database_host=chosen.database_host or hosts[0],
        broker_host=chosen.broker_host or hosts[1],
    )
    if chosen.into is not None:
        try:
            written = credentials.write_env_files(made, chosen.into)
        except StartError as error:
            sys.exit(str(error))
        sys.stdout.write("".join(f"{path}\n" for path in written))
    elif kubernetes:
        sys.stdout.write(json.dumps(credentials.secrets(made), indent=1) + "\n")
    else:
        for service in SERVICES:
            told = made.of_service(service)
            keys = {name: told[name] for name in told if name.endswith("_KEY")}
            keys |= {name: told[name] for name in told if name.endswith("_PUBLIC_KEYS")}
            sys.stdout.write(credentials.env_lines(keys))
    return 0


def _openapi(*, check: bool) -> int:
    from services import openapi

    root = Path(__file__).resolve().parent.parent
    document = openapi.merge(applications())
    if not check:
        for path in openapi.publish(document, root):
            sys.stdout.write(f"{path.relative_to(root)}\n")
        return 0
    stale = [p for p in openapi.PUBLISHED if _text(root / p) != openapi.as_text(document)]
    for path in stale:
        sys.stdout.write(f"{path} is not current; write it with: python -m services openapi\n")
    return 1 if stale else 0


def _asyncapi(*, check: bool) -> int:
    from services import asyncapi

    root = Path(__file__).resolve().parent.parent
    if not check:
        for path in asyncapi.publish(root):
            sys.stdout.write(f"{path}\n")
        return 0
    stale = asyncapi.stale(root)
    for path in stale:
        sys.stdout.write(f"{path} is not current; write it with: python -m services asyncapi\n")
    return 1 if stale else 0


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def applications() -> dict[str, FastAPI]:
    """The services' applications, composed but not started: nothing connects."""
    private, public = generate_keypair()
    told: dict[str, Any] = {
        "database_dsn": "postgresql://nobody:nothing@localhost/nowhere",
        "bus_url": "amqp://localhost",
        "signing_key": private,
        "public_keys": dict.fromkeys(SERVICES, public),
        "upstreams": dict.fromkeys(SERVICES, "http://localhost:1"),
    }
    return {
        service: importlib.import_module(f"services.{service}.app")
        .build(_settings_class(service)(**told))
        .app
        for service in SERVICES
    }


if __name__ == "__main__":
    main()
