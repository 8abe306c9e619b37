"""Who may talk to whom in Kubernetes is what the code needs, and no more."""

import importlib
from typing import Any

import httpx
import pytest

from services import SERVICES
from services.__main__ import _settings_class
from services.credentials import DATA_NAMESPACE, SERVICES_NAMESPACE
from shared.auth.keys import generate_keypair
from shared.runtime.parts import Parts
from tests.deploy.kustomize import base, installed
from tests.deploy.manifests import OVERLAYS, environment, parsed

METRICS = 9090
JOBS = ("bootstrap", "migrate", "topology")
NAME = "app.kubernetes.io/name"
NAMESPACE = "kubernetes.io/metadata.name"

Edges = set[tuple[str, str]]
Policies = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def needed() -> Edges:
    """(caller, called), as the services' composition roots ask for clients."""
    asked: Edges = set()
    original = Parts.upstream

    def noted(parts: Parts, service: str) -> httpx.AsyncClient:
        asked.add((parts.name, service))
        return original(parts, service)

    private, public = generate_keypair()
    told: dict[str, Any] = {
        "database_dsn": "postgresql://nobody:nothing@localhost/nowhere",
        "bus_url": "amqp://localhost",
        "signing_key": private,
        "public_keys": dict.fromkeys(SERVICES, public),
        "upstreams": dict.fromkeys(SERVICES, "http://localhost:1"),
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Parts, "upstream", noted)
        for service in SERVICES:
            build = importlib.import_module(f"services.{service}.app").build
            build(_settings_class(service)(**told))
    return asked


@pytest.fixture(params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> str:
    """Each of the overlays: one may add policies, and a policy can only allow more."""
    return str(request.param)


def policies_in(overlay: str, namespace: str) -> Policies:
    return {
        found.name: found.manifest["spec"]
        for found in installed(overlay)
        if found.kind == "NetworkPolicy" and found.manifest["metadata"]["namespace"] == namespace
    }


@pytest.fixture
def policies(overlay: str) -> Policies:
    """The specs of the policies among the services, by name."""
    return policies_in(overlay, SERVICES_NAMESPACE)


def peers(rules: list[dict[str, Any]], side: str, port: int) -> list[dict[str, Any]]:
    """The peers of the rules that open just this port."""
    return [peer for rule in rules if rule["ports"] == [{"port": port}] for peer in rule[side]]


def services_among(found: list[dict[str, Any]]) -> set[str]:
    return {
        peer["podSelector"]["matchLabels"][NAME]
        for peer in found
        if "namespaceSelector" not in peer
    }


def incoming(policies: Policies) -> Edges:
    return {
        (caller, called)
        for called in SERVICES
        for caller in services_among(peers(policies[called]["ingress"], "from", 8080))
    }


def outgoing(policies: Policies) -> Edges:
    return {
        (caller, called)
        for caller in SERVICES
        for called in services_among(peers(policies[caller]["egress"], "to", 8080))
    }


def test_the_policies_are_the_graph_of_the_upstreams(policies: Policies, needed: Edges) -> None:
    assert incoming(policies) == outgoing(policies) == needed


def addresses(caller: str) -> dict[str, str]:
    """What a Deployment says of where its upstreams are."""
    told = environment(base("Deployment")[caller]).get(f"MIGPLAN_{caller.upper()}_UPSTREAMS")
    return dict(parsed(told) or {})


def test_a_service_is_told_the_addresses_of_those_it_may_reach(policies: Policies) -> None:
    told = {(caller, called) for caller in SERVICES for called in addresses(caller)}
    assert told == outgoing(policies)


def test_the_addresses_are_those_of_the_services() -> None:
    ports = {name: found["spec"]["ports"][0]["port"] for name, found in base("Service").items()}
    for caller in SERVICES:
        for called, address in addresses(caller).items():
            assert address == f"http://{called}:{ports[called]}"


def test_what_no_policy_allows_is_denied(policies: Policies) -> None:
    assert policies["default-deny"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }


def test_everybody_may_ask_for_names(policies: Policies) -> None:
    dns = policies["dns"]
    assert dns["podSelector"] == {}
    (rule,) = dns["egress"]
    assert {(p["port"], p["protocol"]) for p in rule["ports"]} == {(53, "UDP"), (53, "TCP")}


@pytest.mark.parametrize("name", [*SERVICES, *JOBS])
def test_data_is_reached_by_those_who_use_it(policies: Policies, name: str) -> None:
    egress = policies[name]["egress"]
    reached = {
        port
        for port in (5432, 5672)
        for peer in peers(egress, "to", port)
        if peer["namespaceSelector"] == {"matchLabels": {NAMESPACE: DATA_NAMESPACE}}
    }
    assert reached == {"topology": {5672}, "bootstrap": {5432}, "migrate": {5432}}.get(
        name, {5432, 5672}
    )


def test_only_the_gateway_is_entered_from_outside(policies: Policies) -> None:
    entered = {
        name
        for name, policy in policies.items()
        for rule in policy.get("ingress", [])
        for peer in rule["from"]
        if "namespaceSelector" in peer and rule["ports"] != [{"port": METRICS}]
    }
    assert entered == {"gateway"}


@pytest.mark.parametrize("service", SERVICES)
def test_metrics_are_read_by_prometheus_alone(policies: Policies, service: str) -> None:
    told = environment(base("Deployment")[service])
    assert told[f"MIGPLAN_{service.upper()}_ADMIN_PORT"] == str(METRICS)
    readers = peers(policies[service]["ingress"], "from", METRICS)
    assert readers == [{"namespaceSelector": {"matchLabels": {NAMESPACE: "monitoring"}}}]


def test_a_policy_selects_the_pods_of_its_name(policies: Policies) -> None:
    pods = {**base("Deployment"), **base("Job")}
    for name, policy in policies.items():
        if name in {"default-deny", "dns"}:
            continue
        labels = pods[name]["spec"]["template"]["metadata"]["labels"]
        assert policy["podSelector"]["matchLabels"].items() <= labels.items()


def test_the_data_admits_the_platform_the_autoscaler_and_its_operator(overlay: str) -> None:
    found = {
        name: spec["ingress"][0] for name, spec in policies_in(overlay, DATA_NAMESPACE).items()
    }
    assert {name: rule["ports"] for name, rule in found.items()} == {
        "postgres": [{"port": 5432}],
        "rabbitmq": [{"port": 5672}],
    }
    admitted = {
        name: [
            peer["namespaceSelector"]["matchLabels"][NAMESPACE]
            for peer in rule["from"]
            if "namespaceSelector" in peer
        ]
        for name, rule in found.items()
    }
    assert admitted == {
        "postgres": ["migplan", "keda", "cnpg-system"],
        "rabbitmq": ["migplan", "keda"],
    }
