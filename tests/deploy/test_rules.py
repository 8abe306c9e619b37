"""Alerts and dashboard: what they read is really shown, and what they link is really there."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.testing.postgres import FreshDatabase
from shared.testing.promtool import ensure_promtool
from tests.deploy.exposition import Exposition, exposition_of
from tests.deploy.promql import Selector, labels_kept, selectors

ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "deploy" / "k8s" / "rules" / "migration-planner.yaml"
RULE_TESTS = RULES.with_suffix(".test.yaml")
DASHBOARD = ROOT / "deploy" / "grafana" / "migration-planner.json"
RUNBOOKS = ROOT / "docs" / "runbooks"

APPEARS_WITH_ITS_FIRST = {("http_requests_total", "status_class", "5xx")}
"""Values that a healthy service has not shown yet; the expressions are written for that."""


def spec() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load(RULES.read_text())
    assert document["kind"] == "PrometheusRule"
    return dict(document["spec"])


def rules() -> list[dict[str, Any]]:
    return [rule for group in spec()["groups"] for rule in group["rules"]]


def alerts() -> list[dict[str, Any]]:
    return [rule for rule in rules() if "alert" in rule]


def dashboard_expressions() -> Iterator[str]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def all_expressions() -> list[str]:
    return [*(rule["expr"] for rule in rules()), *dashboard_expressions()]


@pytest.fixture
def promtool() -> Path:
    return ensure_promtool()


@pytest.fixture
def rule_file(tmp_path: Path) -> Path:
    """The rules as Prometheus itself reads them."""
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(spec()))
    return path


def ran(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_prometheus_accepts_the_rules(promtool: Path, rule_file: Path) -> None:
    ran(promtool, "check", "rules", "--lint=all", "--lint-fatal", rule_file)


def test_each_alert_fires_when_it_must_and_only_then(
    promtool: Path, rule_file: Path, tmp_path: Path
) -> None:
    tests = tmp_path / "tests.yaml"
    tests.write_text(RULE_TESTS.read_text())

    ran(promtool, "test", "rules", tests)


def test_no_alert_is_without_a_test_that_fires_it() -> None:
    cases = yaml.safe_load(RULE_TESTS.read_text())["tests"]
    fired = {
        check["alertname"]
        for case in cases
        for check in case["alert_rule_test"]
        if check["exp_alerts"]
    }

    assert {alert["alert"] for alert in alerts()} == fired


def test_what_rules_and_dashboard_read_is_shown_by_the_services(shown: Exposition) -> None:
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    read = [one for expression in all_expressions() for one in selectors(expression)]
    assert len(read) > 30, "the expressions were not understood"

    assert [one for one in read if one.metric not in recorded and not is_shown(one, shown)] == []


def test_an_expression_groups_by_labels_of_what_it_reads(shown: Exposition) -> None:
    unknown = {one: strange_labels(one, shown) for one in all_expressions()}

    assert {one: labels for one, labels in unknown.items() if labels} == {}


def test_a_label_of_another_metric_is_none_to_group_by() -> None:
    exposed = {"jobs": {"kind": {"render"}}, "dead_letters": {"queue": {"a.b"}}}

    assert strange_labels("sum by (kind, queue) (jobs)", exposed) == {"queue"}
    assert strange_labels("sum by (kind) (jobs) > 0", exposed) == set()


def strange_labels(expression: str, shown: Exposition) -> set[str]:
    """The labels that ``expression`` groups by and that no metric it reads has."""
    known = {label for one in selectors(expression) for label in shown.get(one.metric, ())}
    return labels_kept(expression) - known


def is_shown(one: Selector, shown: Exposition) -> bool:
    """Whether there is such a metric, with the labels, and the values, that are asked for."""
    labels = shown.get(one.metric)
    if labels is None:
        return False
    return all(
        value in labels.get(label, ())
        or (one.metric, label, value) in APPEARS_WITH_ITS_FIRST
        or (operator == "=~" and set(value.split("|")) <= labels.get(label, set()))
        for label, (operator, value) in one.matchers.items()
    )


def test_no_label_is_an_id(shown: Exposition) -> None:
    bounded = {
        "service", "le", "method", "route", "status_class", "queue", "kind", "state", "reason",
        "type", "name", "task", "upstream",
    }  # fmt: skip

    assert {label for labels in shown.values() for label in labels} <= bounded


def test_every_alert_has_a_severity_and_a_runbook_that_names_it() -> None:
    for alert in alerts():
        name = alert["alert"]
        assert alert["labels"]["severity"] in {"critical", "warning"}, name
        runbook = ROOT / alert["annotations"]["runbook"]
        assert runbook.parent == RUNBOOKS, name
        text = runbook.read_text()
        assert f"`{name}`" in text, f"{runbook} does not name {name}"
        for part in ("## What it means", "## How to look", "## What to do"):
            assert part in text, f"{runbook} has no {part!r}"


def test_panels_do_not_share_an_id_and_choose_their_data_source() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    for panel in panels:
        for target in panel.get("targets", ()):
            assert target["datasource"]["uid"] == "${datasource}", panel["title"]


@pytest.fixture
async def shown(platform_database: FreshDatabase) -> Exposition:
    """What all services show."""
    return await exposition_of(platform_database)
