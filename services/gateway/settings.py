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
    first_username: str = Field(
        "admin", description="User name of the superadmin that is made when there are no users"
    )
    first_password: SecretStr | None = Field(
        None, description="Their password; read only while there are no users"
    )
