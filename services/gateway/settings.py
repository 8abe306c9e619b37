"""Settings of the gateway: environment variables MIGPLAN_GATEWAY_…"""

from pydantic import Field, SecretStr

from shared.runtime.settings import CommonSettings, settings_of


class GatewaySettings(CommonSettings):
    """What every service is told, and the first login."""

    model_config = settings_of("gateway")

    body_max_bytes: int = Field(
        512 * 1024 * 1024,
        gt=0,
        description="Largest request body that is passed on, in bytes; the owner may allow less",
    )
    requests_per_minute_of_principal: int = Field(
        1200, ge=1, description="Requests a minute of one signed-in principal, in each process"
    )
    requests_per_minute_of_address: int = Field(
        3000, ge=1, description="Requests a minute from one network address, in each process"
    )
    trusted_proxies: list[str] = Field(
        default_factory=list,
        description="Addresses or networks of proxies in front, as JSON: X-Forwarded-For is "
        'believed from them only, and clients are told apart by it: ["10.0.0.0/8"]',
    )
    logins_of_name: int = Field(
        10, ge=1, description="Tries to log in as one name from one address, in 5 minutes"
    )
    logins_of_address: int = Field(
        100, ge=1, description="Tries to log in from one address, whatever the names, in 5 minutes"
    )
    upload_idle_s: float = Field(
        60, gt=0, description="Seconds without a byte after which an upload is given up"
    )
    is_behind_tls: bool = Field(
        False, description="Tell browsers to use TLS only (HSTS): where TLS ends before the gateway"
    )
    cors_origins: list[str] = Field(
        default_factory=list,
        description='Origins whose pages may call the API, as JSON: ["https://ops.example"]',
    )
    first_username: str = Field(
        "admin", description="User name of the superadmin that is made when there are no users"
    )
    first_password: SecretStr | None = Field(
        None, description="Their password; read only while there are no users"
    )
    password_memory_mib: int = Field(
        64,
        ge=19,
        le=1024,
        description="MiB that hashing a password takes; two are hashed at a time",
    )
    stream_heartbeat_s: float = Field(
        15, gt=0, le=60, description="Seconds after which a silent stream says that it lives"
    )
    stream_send_timeout_s: float = Field(
        10, gt=0, le=60, description="Seconds after which a client that takes nothing is cut off"
    )
    stream_kept_h: float = Field(
        24, gt=0, le=720, description="Hours that facts are kept for clients that come back"
    )
    streams_per_session: int = Field(
        6, ge=1, le=100, description="Streams that one session may hold open at this process"
    )
    streams_at_most: int = Field(
        500, ge=1, le=10_000, description="Streams that this process holds open in all"
    )
