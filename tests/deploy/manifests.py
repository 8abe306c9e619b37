"""The deployment's files as data: Kubernetes manifests, the compose file, environments."""

import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from services.credentials import COMPOSE_HOSTS, env_files, make

ROOT = Path(__file__).resolve().parents[2]
K8S = ROOT / "deploy" / "k8s"
OVERLAYS = ("dev", "prod")
KUSTOMIZATION = "kustomization.yaml"

Manifest = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """A manifest and the file that it is in."""

    path: Path
    manifest: Manifest

    @property
    def kind(self) -> str:
        return str(self.manifest["kind"])

    @property
    def name(self) -> str:
        return str(self.manifest["metadata"]["name"])

    def __str__(self) -> str:
        return f"{self.path.relative_to(K8S)}:{self.kind}/{self.name}"


@cache
def documents(path: Path) -> tuple[Any, ...]:
    return tuple(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def kustomization(folder: Path) -> dict[str, Any]:
    (document,) = documents(folder / KUSTOMIZATION)
    return dict(document)


def all_files() -> list[Path]:
    """Every manifest, kustomization and patch; the tests of the alerts are for promtool."""
    return sorted(p for p in K8S.rglob("*.yaml") if not p.name.endswith(".test.yaml"))


def container(workload: Manifest) -> Manifest:
    (only,) = workload["spec"]["template"]["spec"]["containers"]
    return dict(only)


def environment(workload: Manifest) -> dict[str, str | None]:
    """Variables of a Deployment or Job; None for what comes from a Secret."""
    return {entry["name"]: entry.get("value") for entry in container(workload)["env"]}


def secret_references(workload: Manifest) -> set[tuple[str, str]]:
    """Which key of which Secret a workload reads."""
    references = [
        entry["valueFrom"]["secretKeyRef"]
        for entry in container(workload)["env"]
        if "valueFrom" in entry
    ]
    return {(reference["name"], reference["key"]) for reference in references}


@cache
def compose() -> dict[str, Any]:
    """The compose file, its variables replaced by their defaults."""
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    document = yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))
    return dict(document)


def compose_environment(service: str) -> dict[str, str | None]:
    """Variables of a compose service; None for what comes from its env files."""
    told = compose()["services"][service]
    files = env_files(make(database_host=COMPOSE_HOSTS[0], broker_host=COMPOSE_HOSTS[1]))
    secret = {
        line.partition("=")[0]: None
        for path in told["env_file"]
        for line in files[Path(path).name].splitlines()
    }
    return secret | {name: str(value) for name, value in told.get("environment", {}).items()}


def parsed(value: str | None) -> Any:
    """A value, JSON read as JSON: how it is laid out makes no difference."""
    return json.loads(value) if value is not None and value.startswith("{") else value
