"""The compose file: valid, closed, and the same platform as in Kubernetes."""

import json
import re
from typing import Any

import jsonschema
import pytest
import yaml

from services import SERVICES
from services.__main__ import _settings_class
from services.credentials import DEFINITIONS, env_files, make
from tests.deploy.kustomize import base
from tests.deploy.manifests import (
    ROOT,
    compose,
    compose_environment,
    container,
    environment,
    parsed,
)

JOBS = ("bootstrap", "migrate", "topology")
OURS = (*JOBS, *SERVICES)
SERVERS = ("postgres", "rabbitmq")
WORKLOADS = {**base("Deployment"), **base("Job")}
KINDS = {service: _settings_class(service) for service in SERVICES}
SETTINGS = {
    f"MIGPLAN_{service.upper()}_{field.upper()}": info.is_required()
    for service, kind in KINDS.items()
    for field, info in kind.model_fields.items()
}
"""Every setting of every service, and whether it has to be given."""
FOR_JOBS = {"MIGPLAN_ADMIN_DSN", "MIGPLAN_TOPOLOGY_BUS_URL"}


def service(name: str) -> dict[str, Any]:
    found: dict[str, Any] = compose()["services"][name]
    return found


def test_it_is_a_valid_compose_file() -> None:
    """compose-spec.json is the schema of the Compose Specification (Apache-2.0), from Docker
    Compose 2.40.3."""
    schema = json.loads((ROOT / "tests/deploy/compose-spec.json").read_text(encoding="utf-8"))
    jsonschema.Draft7Validator(schema).validate(compose())


def test_it_has_the_servers_the_jobs_and_the_six_services() -> None:
    assert set(compose()["services"]) == {*SERVERS, *OURS}


@pytest.mark.parametrize("name", OURS)
def test_compose_and_kubernetes_run_the_same_command_with_the_same_variables(name: str) -> None:
    told = container(WORKLOADS[name])
    assert service(name)["command"] == told["args"] == [name]
    assert "entrypoint" not in service(name)
    assert "command" not in told
    here, there = compose_environment(name), environment(WORKLOADS[name])
    assert here.keys() == there.keys()
    assert {key: parsed(value) for key, value in here.items()} == {
        key: parsed(value) for key, value in there.items()
    }


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_a_setting(name: str) -> None:
    assert compose_environment(name).keys() - FOR_JOBS <= SETTINGS.keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_told_all_that_it_has_to_be_told_and_nothing_of_others(name: str) -> None:
    told = set(compose_environment(name))
    prefix = f"MIGPLAN_{name.upper()}_"
    required = {s for s, is_required in SETTINGS.items() if is_required and s.startswith(prefix)}
    assert required <= told
    assert all(variable.startswith(prefix) for variable in told)


@pytest.mark.parametrize("name", SERVICES)
def test_the_settings_of_a_service_can_be_loaded(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = env_files(make(database_host="postgres", broker_host="rabbitmq"))
    told = {
        variable: json.loads(value)  # as Compose unquotes it
        for variable, _, value in (
            line.partition("=") for line in files[f"{name}.env"].splitlines()
        )
    }
    told |= service(name)["environment"]
    for variable, value in told.items():
        monkeypatch.setenv(variable, value)
    settings = KINDS[name]()
    assert settings.bus_declares_topology is False
    assert set(settings.public_keys) == set(SERVICES)
    assert settings.signing_key.get_secret_value().startswith("-----BEGIN PRIVATE KEY-----\n")


@pytest.mark.parametrize("name", [*SERVERS, *OURS])
def test_a_container_is_closed(name: str) -> None:
    told = service(name)
    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    assert any(entry.startswith("/tmp") for entry in told["tmpfs"])
    assert "privileged" not in told
    if name in OURS:
        assert told["user"] == "10001:10001"
        assert "cap_add" not in told
        assert "volumes" not in told


def test_only_the_gateway_publishes_a_port() -> None:
    containers = compose()["services"]
    publishing = {name: told["ports"] for name, told in containers.items() if "ports" in told}
    assert publishing == {"gateway": ["127.0.0.1:8080:8080"]}
    reachable = {name for name, told in containers.items() if "outside" in told["networks"]}
    assert reachable == {"gateway"}
    assert all((compose()["networks"][name] or {}).get("internal") for name in ("data", "services"))


def test_each_starts_when_what_it_needs_is_there() -> None:
    after = {
        name: {before: how["condition"] for before, how in service(name)["depends_on"].items()}
        for name in OURS
    }
    done = "service_completed_successfully"
    assert after == {
        "bootstrap": {"postgres": "service_healthy"},
        "migrate": {"bootstrap": done},
        "topology": {"rabbitmq": "service_healthy"},
        **{name: {"migrate": done, "topology": done} for name in SERVICES},
    }


@pytest.mark.parametrize("name", [*SERVERS, *SERVICES])
def test_its_health_is_asked(name: str, probe_paths: dict[str, set[str]]) -> None:
    command = service(name)["healthcheck"]["test"]
    assert command[0] == "CMD"
    if name in SERVICES:
        (path,) = re.findall(r"http://127\.0\.0\.1:8080(/\w+)", command[-1])
        assert path in probe_paths[name]
        compile(command[-1], "healthcheck", "exec")


def test_every_file_it_mounts_is_there_or_is_made_by_the_keys_command() -> None:
    made = set(env_files(make(database_host="postgres", broker_host="rabbitmq")))
    told = compose()["services"].values()
    used = {path.rsplit("/", 1)[-1] for one in told for path in one.get("env_file", [])}
    mounts = [m.split(":")[0] for m in service("rabbitmq")["volumes"] if m.startswith("./")]
    assert used | {DEFINITIONS} == made
    assert all((ROOT / m).is_file() for m in mounts if not m.startswith("./.secrets/"))
    assert f"./.secrets/{DEFINITIONS}" in mounts


def test_images_are_pinned() -> None:
    for told in compose()["services"].values():
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+(\.\d+)?[\w.-]*", told["image"]), told["image"]
    assert service("postgres")["image"].startswith("postgres:18.")
    assert service("rabbitmq")["image"].startswith("rabbitmq:4.")


def test_the_example_names_every_variable_with_its_default() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("#"))
    wanted = dict(re.findall(r"\$\{(\w+):-([^}]*)\}", code))
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert dict(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE)) == wanted
    assert yaml.safe_load(code)
