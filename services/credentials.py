"""Every secret of a new installation, made at once and handed out need by need.

:func:`make` draws them; :func:`env_files` cuts them into one file for each container of the compose
file, :func:`secrets` into one Kubernetes Secret for each workload. No service gets the key, the
database password or the broker login of another.
"""

import base64
import hashlib
import json
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from services import SERVICES
from shared.auth.keys import generate_keypair
from shared.bus.rights import Rights, service_rights, topology_rights
from shared.bus.topology import EXCHANGE
from shared.db.bootstrap import ROLE_PREFIX
from shared.runtime.errors import StartError
from shared.runtime.settings import PREFIX

DATABASE: Final = "migplan"
ADMINISTRATOR: Final = "postgres"
TOPOLOGY: Final = "topology"
AUTOSCALER: Final = "autoscaler"
"""A broker login that may do nothing: enough to ask how long a queue is."""
BROKER_LOGINS: Final = (*SERVICES, TOPOLOGY, AUTOSCALER)
DEFINITIONS: Final = "rabbitmq.json"
SERVICES_NAMESPACE: Final = "migplan"
DATA_NAMESPACE: Final = "migplan-data"
COMPOSE_HOSTS: Final = ("postgres", "rabbitmq")
KUBERNETES_HOSTS: Final = (f"postgres-rw.{DATA_NAMESPACE}", f"rabbitmq.{DATA_NAMESPACE}")
_PASSWORD_BYTES: Final = 32

Variables = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """One installation's secrets; the database and the broker are reached at these hosts."""

    database_host: str
    broker_host: str
    keys: Mapping[str, tuple[str, str]]
    """Private and public key of each service, PEM."""
    database_passwords: Mapping[str, str]
    """By service, and of the administrator."""
    broker_passwords: Mapping[str, str]
    first_password: str
    """Of the first person who signs in."""

    def dsn(self, role: str) -> str:
        """The libpq URL of a service, or of the administrator."""
        login = role if role == ADMINISTRATOR else ROLE_PREFIX + role
        password = self.database_passwords[role]
        return f"postgresql://{login}:{password}@{self.database_host}:5432/{DATABASE}"

    def broker_url(self, login: str) -> str:
        """The AMQP URL of a service or of another login."""
        return f"amqp://{login}:{self.broker_passwords[login]}@{self.broker_host}:5672/"

    def of_service(self, service: str) -> dict[str, str]:
        """The settings of one service that are secret, and the public keys."""
        public = {name: pair[1] for name, pair in self.keys.items()}
        prefix = f"{PREFIX}{service.upper()}_"
        told = {
            f"{prefix}DATABASE_DSN": self.dsn(service),
            f"{prefix}BUS_URL": self.broker_url(service),
            f"{prefix}SIGNING_KEY": self.keys[service][0],
            f"{prefix}PUBLIC_KEYS": json.dumps(public),
        }
        if service == "gateway":
            told[f"{prefix}FIRST_PASSWORD"] = self.first_password
        return told

    def of_jobs(self) -> dict[str, dict[str, str]]:
        """What the jobs before a release read, by job."""
        dsns = {
            f"{PREFIX}{service.upper()}_DATABASE_DSN": self.dsn(service) for service in SERVICES
        }
        return {
            "bootstrap": {f"{PREFIX}ADMIN_DSN": self.dsn(ADMINISTRATOR), **dsns},
            "migrate": dsns,
            "topology": {f"{PREFIX}TOPOLOGY_BUS_URL": self.broker_url(TOPOLOGY)},
        }


def make(*, database_host: str, broker_host: str) -> Credentials:
    """New secrets."""
    return Credentials(
        database_host=database_host,
        broker_host=broker_host,
        keys={service: generate_keypair() for service in SERVICES},
        database_passwords={name: _password() for name in (*SERVICES, ADMINISTRATOR)},
        broker_passwords={name: _password() for name in BROKER_LOGINS},
        first_password=_password(),
    )


def _password() -> str:
    return random.token_urlsafe(_PASSWORD_BYTES)  # needs no quoting in a URL


def env_lines(variables: Variables) -> str:
    """Settings, one a line, JSON-quoted: what Docker Compose reads back unchanged."""
    return "".join(f"{name}={json.dumps(value)}\n" for name, value in variables.items())


def env_files(credentials: Credentials) -> dict[str, str]:
    """File names and contents for ``docker-compose.yml``."""
    told: dict[str, Variables] = {
        **{service: credentials.of_service(service) for service in SERVICES},
        **credentials.of_jobs(),
        "postgres": {"POSTGRES_PASSWORD": credentials.database_passwords[ADMINISTRATOR]},
    }
    files = {f"{name}.env": env_lines(variables) for name, variables in told.items()}
    return files | {DEFINITIONS: json.dumps(definitions(credentials.broker_passwords), indent=1)}


def write_env_files(credentials: Credentials, folder: Path) -> list[Path]:
    """Writes :func:`env_files` to ``folder``, for its owner's eyes only.

    Raises:
        StartError: the folder holds secrets already, or cannot be written to.
    """
    try:
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
        elif folder.stat().st_mode & 0o077:
            raise StartError(
                f"{folder} may be entered by others. Name a new folder, or close it first: "
                f"chmod 700 {folder}"
            )
        paths = {folder / name: text for name, text in env_files(credentials).items()}
        if present := sorted(path.name for path in paths if path.exists()):
            raise StartError(
                f"{folder} holds {', '.join(present)} already. Other secrets would lock the "
                "services out of their data; name another folder, or remove the files first."
            )
        for path, text in paths.items():
            path.touch(mode=0o600)
            path.write_text(text, encoding="utf-8")
        # Read by the broker's own user; it holds salted hashes, and the folder is closed.
        (folder / DEFINITIONS).chmod(0o644)
    except OSError as error:
        raise StartError(f"{folder} cannot be written to: {error.strerror}.") from error
    return list(paths)


def rights_of(login: str) -> Rights:
    """What a login may do on the broker."""
    match login:
        case "topology":
            return topology_rights()
        case "autoscaler":
            return Rights()
        case service:
            return service_rights(service)


def definitions(passwords: Mapping[str, str], *, vhost: str = "/") -> dict[str, Any]:
    """RabbitMQ's definitions: the logins and their rights, and nothing else."""
    rights = {login: rights_of(login) for login in passwords}
    return {
        "vhosts": [{"name": vhost}],
        "users": [
            {
                "name": login,
                "password_hash": _hash(password),
                "hashing_algorithm": "rabbit_password_hashing_sha256",
                "tags": [],
            }
            for login, password in passwords.items()
        ],
        "permissions": [
            {
                "user": login,
                "vhost": vhost,
                "configure": granted.configure,
                "write": granted.write,
                "read": granted.read,
            }
            for login, granted in rights.items()
        ],
        "topic_permissions": [
            {
                "user": login,
                "vhost": vhost,
                "exchange": EXCHANGE,
                "write": granted.publish,
                "read": granted.publish,
            }
            for login, granted in rights.items()
            if login != TOPOLOGY  # it binds every key
        ],
    }


def _hash(password: str) -> str:
    """What RabbitMQ stores: base64 of a salt of 4 bytes and SHA-256 of salt and password."""
    salt = random.token_bytes(4)
    return base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()


def secrets(credentials: Credentials) -> dict[str, Any]:
    """The Secrets of ``deploy/k8s``, as a List for ``kubectl apply -f -``."""
    told = {service: credentials.of_service(service) for service in SERVICES}
    items = [
        _secret(f"migplan-{name}", SERVICES_NAMESPACE, variables)
        for name, variables in (told | credentials.of_jobs()).items()
    ]
    items.append(
        _secret(
            f"migplan-{AUTOSCALER}",
            SERVICES_NAMESPACE,
            {"host": credentials.broker_url(AUTOSCALER)},
        )
    )
    items += [
        _secret(
            f"rabbitmq-{login}",
            DATA_NAMESPACE,
            {"username": login, "password": credentials.broker_passwords[login]},
        )
        for login in BROKER_LOGINS
    ]
    superuser = {
        "username": ADMINISTRATOR,
        "password": credentials.database_passwords[ADMINISTRATOR],
    }
    items.append(
        _secret("postgres-superuser", DATA_NAMESPACE, superuser, kind="kubernetes.io/basic-auth")
    )
    return {"apiVersion": "v1", "kind": "List", "items": items}


def _secret(name: str, namespace: str, data: Variables, *, kind: str = "Opaque") -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": name, "namespace": namespace},
        "type": kind,
        "stringData": dict(data),
    }
