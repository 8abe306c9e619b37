"""The Kubernetes manifests: valid, restricted, probed, and each with its own Secret only."""

import json
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import asyncpg
import kubernetes_validate
import pytest

from services import SERVICES
from services.credentials import (
    BROKER_LOGINS,
    DATA_NAMESPACE,
    KUBERNETES_HOSTS,
    SERVICES_NAMESPACE,
    make,
    rights_of,
    secrets,
)
from shared.bus.topology import EXCHANGE, SUBSCRIPTIONS
from shared.contracts.project import ProjectChanged
from shared.runtime.settings import CommonSettings
from shared.runtime.supervisor import HOOK_TIMEOUT_S, RELAY_DRAIN_S, SERVER_DRAIN_S
from shared.testing.postgres import FreshDatabase
from tests.deploy.kustomize import applied, base, build, installed
from tests.deploy.manifests import (
    K8S,
    KUSTOMIZATION,
    OVERLAYS,
    ROOT,
    Found,
    all_files,
    container,
    environment,
    kustomization,
    secret_references,
)

KUBERNETES = "1.33"
JOBS = ("bootstrap", "migrate", "topology")
OPERATORS: dict[tuple[str, str], set[str]] = {
    ("keda.sh/v1alpha1", "ScaledObject"): {"scaleTargetRef", "triggers", "minReplicaCount"},
    ("keda.sh/v1alpha1", "TriggerAuthentication"): {"secretTargetRef"},
    ("monitoring.coreos.com/v1", "PodMonitor"): {"selector", "podMetricsEndpoints"},
    ("monitoring.coreos.com/v1", "PrometheusRule"): {"groups"},
    ("postgresql.cnpg.io/v1", "Cluster"): {"instances", "imageName", "storage", "bootstrap"},
    ("rabbitmq.com/v1beta1", "RabbitmqCluster"): {"replicas", "image", "persistence"},
    ("rabbitmq.com/v1beta1", "User"): {"rabbitmqClusterReference", "importCredentialsSecret"},
    ("rabbitmq.com/v1beta1", "Permission"): {"vhost", "userReference", "permissions"},
    ("rabbitmq.com/v1beta1", "TopicPermission"): {"vhost", "userReference", "permissions"},
}
"""Kinds that operators bring, and the fields of their spec that we cannot do without."""

WORKLOADS = {**base("Deployment"), **base("Job")}


def everything() -> list[Found]:
    """Each manifest of the overlays once; what several have, as the last leaves it: production."""
    found = {str(f): f for overlay in OVERLAYS for f in installed(overlay)}
    return list(found.values())


EVERYTHING = everything()
BUILT_IN = [f for f in EVERYTHING if (f.manifest["apiVersion"], f.kind) not in OPERATORS]
CUSTOM = [f for f in EVERYTHING if (f.manifest["apiVersion"], f.kind) in OPERATORS]


@pytest.mark.parametrize("found", BUILT_IN, ids=str)
def test_kubernetes_knows_every_field_of(found: Found) -> None:
    kubernetes_validate.validate(found.manifest, KUBERNETES, strict=True)


@pytest.mark.parametrize("found", CUSTOM, ids=str)
def test_an_operator_is_told_what_it_needs_in(found: Found) -> None:
    needed = OPERATORS[found.manifest["apiVersion"], found.kind]
    assert needed <= found.manifest["spec"].keys()
    assert found.manifest.keys() == {"apiVersion", "kind", "metadata", "spec"}


def test_every_manifest_is_part_of_an_overlay() -> None:
    used = {found.path for found in EVERYTHING}
    patches = {
        (folder / patch["path"]).resolve()
        for folder in folders()
        for patch in kustomization(folder).get("patches", [])
    }
    files = {path for path in all_files() if path.name != KUSTOMIZATION}
    assert files - used - patches == set()


def test_everything_has_one_namespace_and_says_whose_it_is() -> None:
    for found in EVERYTHING:
        labels = found.manifest["metadata"].get("labels", {})
        assert labels.get("app.kubernetes.io/part-of") == "migration-planner", str(found)


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_an_overlay_has_everything_once_and_its_own_image(overlay: str) -> None:
    found = installed(overlay)
    identities = [(f.kind, f.manifest["metadata"].get("namespace"), f.name) for f in found]
    assert len(identities) == len(set(identities))
    told = kustomization(K8S / "overlays" / overlay / "image")["images"]
    (image,) = [f"{one.get('newName', one['name'])}:{one['newTag']}" for one in told]
    assert not image.endswith(":latest")
    workloads = [f.manifest for f in found if f.kind in {"Deployment", "Job"}]
    assert {container(workload)["image"] for workload in workloads} == {image}


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_release_s_jobs_are_applied_apart_from_its_services(overlay: str) -> None:
    """A job that exists cannot be changed, and going back must not run one."""
    services, jobs = map(build, applied(overlay))
    assert {f.name for f in jobs if f.kind == "Job"} == set(JOBS)
    assert {f.name for f in services if f.kind == "Job"} == set()
    assert {f.kind for f in jobs} == {"Job", "NetworkPolicy"}


def folders() -> list[Path]:
    return [path.parent for path in all_files() if path.name == KUSTOMIZATION]


@pytest.mark.parametrize("folder", folders(), ids=lambda folder: str(folder.relative_to(K8S)))
def test_a_kustomization_names_what_exists(folder: Path) -> None:
    told = kustomization(folder)
    for entry in (*told.get("resources", []), *told.get("components", [])):
        path = folder / entry
        assert path.is_file() or (path / KUSTOMIZATION).is_file(), entry


def test_the_base_has_the_six_services_and_the_jobs_before_them() -> None:
    assert set(base("Deployment")) == set(base("Service")) == set(SERVICES)
    assert set(base("PodDisruptionBudget")) == set(SERVICES)
    assert set(base("Job")) == set(JOBS)


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_pod_is_restricted(name: str) -> None:
    pod = WORKLOADS[name]["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] >= 10_000
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container(WORKLOADS[name])["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    resources = container(WORKLOADS[name])["resources"]
    assert all(resources[which].keys() >= {"cpu", "memory"} for which in ("requests", "limits"))
    (volume,) = pod["volumes"]
    assert volume["emptyDir"]["sizeLimit"]
    (mount,) = container(WORKLOADS[name])["volumeMounts"]
    assert mount == {"name": volume["name"], "mountPath": "/tmp"}


@pytest.mark.parametrize("service", SERVICES)
def test_the_probes_ask_for_paths_that_the_service_serves(
    service: str, probe_paths: dict[str, set[str]]
) -> None:
    told = container(WORKLOADS[service])
    asked = {probe: told[probe]["httpGet"] for probe in told if probe.endswith("Probe")}
    assert {probe: get["path"] for probe, get in asked.items()} == {
        "startupProbe": "/livez",
        "livenessProbe": "/livez",
        "readinessProbe": "/readyz",
    }
    assert {get["path"] for get in asked.values()} <= probe_paths[service]
    assert {get["port"] for get in asked.values()} == {told["ports"][0]["name"]}
    port = environment(WORKLOADS[service])[f"MIGPLAN_{service.upper()}_PORT"]
    assert port == str(told["ports"][0]["containerPort"])


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_gets_the_time_that_stopping_in_good_order_takes(service: str) -> None:
    pod = WORKLOADS[service]["spec"]["template"]["spec"]
    leaving_s = container(WORKLOADS[service])["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain_s = CommonSettings.model_fields["drain_s"].default
    needed_s = leaving_s + drain_s + RELAY_DRAIN_S + SERVER_DRAIN_S + HOOK_TIMEOUT_S
    assert needed_s <= pod["terminationGracePeriodSeconds"] == 45


@pytest.mark.parametrize("name", WORKLOADS)
def test_a_workload_reads_all_of_its_own_secret_and_nothing_of_another(name: str) -> None:
    made = secrets(make(database_host="db", broker_host="mq"))["items"]
    own = f"migplan-{name}"
    (secret,) = [s for s in made if s["metadata"]["name"] == own]
    assert secret["metadata"]["namespace"] == SERVICES_NAMESPACE
    assert secret_references(WORKLOADS[name]) == {(own, key) for key in secret["stringData"]}
    assert all("envFrom" not in container(workload) for workload in WORKLOADS.values())


def test_the_secrets_point_at_what_the_manifests_make() -> None:
    made = make(database_host=KUBERNETES_HOSTS[0], broker_host=KUBERNETES_HOSTS[1])
    clusters = {(f.kind, f.name) for f in CUSTOM if f.path.name == "cluster.yaml"}
    assert clusters == {("Cluster", "postgres"), ("RabbitmqCluster", "rabbitmq")}
    assert f"@postgres-rw.{DATA_NAMESPACE}:5432/migplan" in made.dsn("ingest")
    assert made.broker_url("ingest").endswith(f"@rabbitmq.{DATA_NAMESPACE}:5672/")
    known = {
        (s["metadata"]["namespace"], s["metadata"]["name"]): set(s["stringData"])
        for s in secrets(made)["items"]
    }
    for found in CUSTOM:
        spec = found.manifest["spec"]
        if found.kind == "User":
            name = spec["importCredentialsSecret"]["name"]
            assert known[DATA_NAMESPACE, name] == {"username", "password"}
        if found.kind == "Cluster":
            assert (DATA_NAMESPACE, spec["superuserSecret"]["name"]) in known
        for reference in spec.get("secretTargetRef", []):
            assert reference["key"] in known[SERVICES_NAMESPACE, reference["name"]]


def by_kind(kind: str) -> list[dict[str, Any]]:
    return [found.manifest["spec"] for found in EVERYTHING if found.kind == kind]


def custom(kind: str) -> dict[str, Any]:
    return {found.name: found.manifest["spec"] for found in CUSTOM if found.kind == kind}


@pytest.mark.parametrize("login", BROKER_LOGINS)
def test_a_login_of_the_broker_has_the_rights_that_the_code_says(login: str) -> None:
    rights = rights_of(login)
    permission = custom("Permission")[login]
    assert permission["userReference"] == {"name": login}
    assert permission["permissions"] == {
        "configure": rights.configure,
        "write": rights.write,
        "read": rights.read,
    }
    publishing = custom("TopicPermission").get(login)
    if login == "topology":
        assert publishing is None
        return
    assert publishing["userReference"] == {"name": login}
    assert publishing["permissions"] == {
        "exchange": EXCHANGE,
        "write": rights.publish,
        "read": rights.publish,
    }


def test_nobody_else_may_enter_the_broker() -> None:
    assert set(custom("User")) == set(custom("Permission")) == set(BROKER_LOGINS)


def test_every_service_scales_and_never_to_nothing() -> None:
    scaled = {
        found.name: found.manifest["spec"]
        for found in EVERYTHING
        if found.kind in {"ScaledObject", "HorizontalPodAutoscaler"}
    }
    assert set(scaled) == set(SERVICES)
    for name, spec in scaled.items():
        least = spec.get("minReplicaCount", spec.get("minReplicas"))
        assert 1 <= least <= spec.get("maxReplicaCount", spec.get("maxReplicas"))
        assert spec["scaleTargetRef"]["name"] == name
        assert "replicas" not in WORKLOADS[name]["spec"]


def test_the_database_has_a_connection_for_all_that_autoscaling_allows() -> None:
    """A process holds a pool of 5, and two beside it: the relay's lock, and one to listen."""
    scaled = [*custom("ScaledObject").values(), *by_kind("HorizontalPodAutoscaler")]
    at_most = sum(spec.get("maxReplicaCount") or spec["maxReplicas"] for spec in scaled)
    needed = (at_most + len(SERVICES)) * 7 + len(JOBS)  # one more of each while a release rolls
    cluster = custom("Cluster")["postgres"]["postgresql"]["parameters"]
    assert needed <= int(cluster["max_connections"])


def test_production_believes_its_ingress_controller() -> None:
    [gateway] = [f for f in installed("prod") if (f.kind, f.name) == ("Deployment", "gateway")]
    told = environment(gateway.manifest)
    assert told["MIGPLAN_GATEWAY_IS_BEHIND_TLS"] == "true"
    assert ip_network(*json.loads(told["MIGPLAN_GATEWAY_TRUSTED_PROXIES"] or "")).is_private
    [ingress] = [f for f in installed("prod") if f.kind == "Ingress"]
    assert ingress.manifest["spec"]["tls"]


def triggers(kind: str) -> list[tuple[str, dict[str, Any]]]:
    return [
        (name, trigger)
        for name, spec in custom("ScaledObject").items()
        for trigger in spec["triggers"]
        if trigger["type"] == kind
    ]


def test_the_queues_that_are_measured_are_those_of_the_topology() -> None:
    measured = {(name, trigger["metadata"]["queueName"]) for name, trigger in triggers("rabbitmq")}
    # The gateway's deliveries are a row each; it follows its processor use. Projects are cleared
    # and archived by hand, now and then.
    expected = (s for s in SUBSCRIPTIONS if s.service != "gateway")
    assert measured == {(s.service, s.queue) for s in expected if s.event != ProjectChanged.TYPE}


def test_every_trigger_has_a_login() -> None:
    logins = custom("TriggerAuthentication")
    for kind in ("rabbitmq", "postgresql"):
        for name, trigger in triggers(kind):
            login = trigger["authenticationRef"]["name"]
            assert login in logins
            assert login in {"broker", f"{name}-database"}


async def test_the_waiting_jobs_can_be_counted_with_the_service_s_own_login(
    platform_database: FreshDatabase,
) -> None:
    counted = triggers("postgresql")
    assert {name for name, _ in counted} == {*SERVICES} - {"gateway"}
    for name, trigger in counted:
        connection = await asyncpg.connect(platform_database.dsn(name))
        try:
            assert await connection.fetchval(trigger["metadata"]["query"]) == 0
        finally:
            await connection.close()


def test_prometheus_is_told_of_every_service_and_of_the_alerts_in_production_only() -> None:
    brought = {
        overlay: {f.kind for f in installed(overlay) if "monitoring" in f.manifest["apiVersion"]}
        for overlay in OVERLAYS
    }
    assert brought == {"dev": set(), "prod": {"PodMonitor", "PrometheusRule"}}
    monitor = custom("PodMonitor")["migration-planner"]
    (endpoint,) = monitor["podMetricsEndpoints"]
    assert endpoint["path"] == "/metrics"
    for name, workload in WORKLOADS.items():
        labels = workload["spec"]["template"]["metadata"]["labels"]
        assert monitor["selector"]["matchLabels"].items() <= labels.items()
        ports = {p["name"]: p["containerPort"] for p in container(workload).get("ports", [])}
        told = environment(workload).get(f"MIGPLAN_{name.upper()}_ADMIN_PORT")
        assert str(ports.get(endpoint["port"])) == str(told), name


def test_what_runs_the_operators_kinds_is_named_among_what_a_cluster_needs() -> None:
    text = (ROOT / "docs" / "howto" / "deploy.md").read_text(encoding="utf-8")
    operators = {
        "keda.sh": "KEDA (`keda`)",
        "monitoring.coreos.com": "Prometheus operator (`monitoring`)",
        "postgresql.cnpg.io": "CloudNativePG (`cnpg-system`)",
        "rabbitmq.com": "topology operator (`rabbitmq-system`)",
    }
    assert {api.partition("/")[0] for api, _ in OPERATORS} == operators.keys()
    assert [name for name in operators.values() if name not in " ".join(text.split())] == []


def test_no_image_floats() -> None:
    images = [container(workload)["image"] for workload in WORKLOADS.values()]
    assert set(images) == {"migration-planner"}
    for spec in custom("RabbitmqCluster").values():
        assert re.fullmatch(r"[\w./-]+:\d+\.\d+\.\d+[\w.-]*", spec["image"])
    for spec in custom("Cluster").values():
        assert re.fullmatch(r"[\w./-]+:18\.\d+", spec["imageName"])
