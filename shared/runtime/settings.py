"""Settings of a service: one frozen class each, read from the environment once, at the start.

::

    class IngestSettings(CommonSettings):
        model_config = settings_of("ingest")          # MIGPLAN_INGEST_…
        upload_max_bytes: int = Field(512 * 1024 * 1024, gt=0, description="Bytes, …")

    settings = load(IngestSettings)

Every field says what it is and its unit. What is missing, wrong or misspelt is told in one list,
and the process does not start.
"""

import os
from pathlib import Path
from typing import Final, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from shared.runtime.errors import StartError

PREFIX: Final = "MIGPLAN_"
BUS_SCHEMES: Final = frozenset({"amqp", "amqps", "postgresql"})
UPSTREAM_SCHEMES: Final = frozenset({"http", "https", "unix"})


def settings_of(service: str) -> SettingsConfigDict:
    """The configuration of a settings class whose variables begin with MIGPLAN_<SERVICE>_."""
    return SettingsConfigDict(
        env_prefix=f"{PREFIX}{service.upper()}_",
        frozen=True,
        extra="forbid",
        validate_default=True,
        hide_input_in_errors=True,
    )


class CommonSettings(BaseSettings):
    """What every service is told."""

    model_config = settings_of("service")

    database_dsn: SecretStr = Field(
        description="libpq URL with the service's own role: postgresql://role:password@host/db, "
        "or with a socket folder postgresql://role:password@/db?host=/folder"
    )
    database_pool_size: int = Field(5, ge=1, le=50, description="Connections of the pool, at most")
    bus_url: SecretStr = Field(
        description="amqp(s)://… for RabbitMQ, postgresql://… for the bus inside PostgreSQL"
    )
    bus_declares_topology: bool = Field(
        True, description="Declare exchanges and queues at the start; false where a job does it"
    )
    host: str = Field("127.0.0.1", description="Address to listen on, unless uds is set")
    port: int = Field(8080, ge=0, le=65535, description="TCP port to listen on; 0 takes a free one")
    uds: Path | None = Field(None, description="Unix socket to listen on, instead of host and port")
    admin_host: str = Field("127.0.0.1", description="Address that admin_port is opened on")
    admin_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="TCP port for /metrics, /readyz with reasons, /livez: for operators, never "
        "public; 0 takes a free one, unset opens none",
    )
    signing_key: SecretStr = Field(
        description="Ed25519 private key, PEM: signs this service's internal tokens"
    )
    public_keys: dict[str, str] = Field(
        description='Ed25519 public keys, PEM, by issuer, as JSON: {"gateway": "-----BEGIN …"}'
    )
    upstreams: dict[str, str] = Field(
        default_factory=dict,
        description="Services this one pulls from, as JSON: "
        '{"ingest": "http://host:port" or "unix:/path.sock"}',
    )
    lease_s: float = Field(
        60, gt=0, le=3600, description="Seconds a silent worker keeps a job; heartbeat at a third"
    )
    job_concurrency: int = Field(1, ge=1, le=16, description="Jobs worked on at a time")
    max_body_bytes: int = Field(
        1024 * 1024, ge=1024, description="Largest JSON request body, in bytes"
    )
    body_timeout_s: float = Field(
        30, gt=0, description="Seconds in which a JSON request body has to arrive"
    )
    drain_s: float = Field(
        20, ge=0, le=300, description="Seconds that running work gets to finish when stopping"
    )
    invariants_every_s: float = Field(
        60, gt=0, description="Seconds between two looks for rows that contradict one another"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Least severe log level that is written"
    )

    @field_validator("bus_url")
    @classmethod
    def _bus_is_known(cls, value: SecretStr) -> SecretStr:
        if urlsplit(value.get_secret_value()).scheme not in BUS_SCHEMES:
            raise ValueError("begins with amqp://, amqps:// or postgresql://")
        return value

    @field_validator("database_dsn")
    @classmethod
    def _database_is_postgresql(cls, value: SecretStr) -> SecretStr:
        if urlsplit(value.get_secret_value()).scheme != "postgresql":
            raise ValueError("begins with postgresql://")
        return value

    @field_validator("upstreams")
    @classmethod
    def _upstreams_are_addresses(cls, value: dict[str, str]) -> dict[str, str]:
        for name, url in value.items():
            if urlsplit(url).scheme not in UPSTREAM_SCHEMES:
                raise ValueError(f"{name} is neither http://host:port nor unix:/path.sock")
        return value

    def upstream(self, service: str) -> str:
        """The address of an upstream.

        Raises:
            StartError: it is not set.
        """
        try:
            return self.upstreams[service]
        except KeyError:
            name = f"{self.model_config.get('env_prefix', PREFIX)}UPSTREAMS"
            raise StartError(f"{name} does not say where {service} is.") from None


Settings = TypeVar("Settings", bound=BaseSettings)


def load(kind: type[Settings]) -> Settings:
    """The settings in the environment.

    Raises:
        StartError: some are missing, wrong or unknown; the message lists all of them.
    """
    unknown = [f"  {name}: there is no such setting" for name in _unknown_variables(kind)]
    try:
        settings = kind()
    except ValidationError as error:
        faults = [_fault(kind, item["loc"], item["type"], item["msg"]) for item in error.errors()]
    except UnreadableSetting as error:  # a JSON value that is not JSON
        faults = [f"  {error}"]
    else:
        if not unknown:
            return settings
        faults = []
    raise StartError("\n".join(["The settings are not complete:", *faults, *unknown]))


def _fault(kind: type[BaseSettings], place: tuple[int | str, ...], error: str, text: str) -> str:
    field, *inside = [str(part) for part in place]
    variable = f"{_prefix(kind)}{field.upper()}"
    info = kind.model_fields.get(field)
    if error == "missing":
        meaning = f" ({info.description})" if info is not None and info.description else ""
        return f"  {variable}: is not set{meaning}"
    at = f" at {'.'.join(inside)}" if inside else ""
    return f"  {variable}{at}: {text.removeprefix('Value error, ')}"


def _unknown_variables(kind: type[BaseSettings]) -> list[str]:
    prefix = _prefix(kind)
    known = {f"{prefix}{name.upper()}" for name in kind.model_fields}
    return sorted(
        name for name in os.environ if name.startswith(prefix) and name.upper() not in known
    )


def _prefix(kind: type[BaseSettings]) -> str:
    return kind.model_config.get("env_prefix", PREFIX)
