"""Settings come from the environment, whole and right, or the process does not start."""

from typing import Any

import pytest
from pydantic import Field, ValidationError

from shared.runtime.errors import StartError
from shared.runtime.settings import CommonSettings, load, settings_of

RIGHT = {
    "MIGPLAN_MILL_DATABASE_DSN": "postgresql://mill:hunter2@db/mp",
    "MIGPLAN_MILL_BUS_URL": "amqp://mill:hunter2@rabbit/",
    "MIGPLAN_MILL_SIGNING_KEY": "-----BEGIN PRIVATE KEY-----hunter2",
    "MIGPLAN_MILL_PUBLIC_KEYS": '{"gateway": "-----BEGIN PUBLIC KEY-----"}',
}


class MillSettings(CommonSettings):
    model_config = settings_of("mill")

    stones: int = Field(2, ge=1, description="Mill stones, pairs")


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Any:
    def become(**changes: str | None) -> None:
        wanted = RIGHT | {f"MIGPLAN_MILL_{name}": value for name, value in changes.items()}
        for name, value in wanted.items():
            monkeypatch.delenv(name, raising=False)
            if value is not None:
                monkeypatch.setenv(name, value)

    become()
    return become


def refused() -> str:
    with pytest.raises(StartError) as caught:
        load(MillSettings)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_a_complete_environment_gives_settings(environment: Any) -> None:
    environment(STONES="3", UPSTREAMS='{"ingest": "unix:/run/i.sock"}', LOG_LEVEL="DEBUG")
    settings = load(MillSettings)
    assert settings.stones == 3
    assert settings.upstream("ingest") == "unix:/run/i.sock"
    assert settings.database_dsn.get_secret_value() == RIGHT["MIGPLAN_MILL_DATABASE_DSN"]
    assert settings.lease_s == 60


def test_secrets_are_not_shown(environment: Any) -> None:
    settings = load(MillSettings)
    assert "hunter2" not in repr(settings) + str(settings) + settings.model_dump_json()


def test_settings_do_not_change(environment: Any) -> None:
    with pytest.raises(ValidationError):
        load(MillSettings).stones = 4


def test_everything_missing_is_told_at_once_with_its_meaning(environment: Any) -> None:
    environment(DATABASE_DSN=None, SIGNING_KEY=None)
    told = refused()
    assert "MIGPLAN_MILL_DATABASE_DSN: is not set (libpq URL" in told
    assert "MIGPLAN_MILL_SIGNING_KEY: is not set (Ed25519 private key" in told


@pytest.mark.parametrize(
    ("name", "value", "fault"),
    [
        ("STONES", "0", "greater than or equal to 1"),
        ("STONES", "many", "valid integer"),
        ("PORT", "70000", "less than or equal to 65535"),
        ("LEASE_S", "0", "greater than 0"),
        ("BUS_URL", "http://rabbit:hunter2@x", "begins with amqp://"),
        ("DATABASE_DSN", "mysql://a:hunter2@b/c", "begins with postgresql://"),
        ("UPSTREAMS", '{"ingest": "localhost:8080"}', "ingest is neither http://host:port"),
        ("LOG_LEVEL", "loud", "'DEBUG', 'INFO'"),
    ],
)
def test_a_wrong_value_is_told_with_its_variable(
    environment: Any, name: str, value: str, fault: str
) -> None:
    environment(**{name: value})
    told = refused()
    assert f"MIGPLAN_MILL_{name}: " in told
    assert fault in told


def test_json_that_is_none_is_told(environment: Any) -> None:
    environment(PUBLIC_KEYS="gateway=hunter2")
    assert "public_keys" in refused()


def test_a_misspelt_variable_is_told(environment: Any) -> None:
    environment(STONE="3")
    assert "MIGPLAN_MILL_STONE: there is no such setting" in refused()


def test_an_upstream_that_is_not_set_is_told_with_its_variable(environment: Any) -> None:
    with pytest.raises(StartError, match="MIGPLAN_MILL_UPSTREAMS does not say where ingest is"):
        load(MillSettings).upstream("ingest")


def test_every_setting_says_what_it_is() -> None:
    assert all(info.description for info in MillSettings.model_fields.values())
