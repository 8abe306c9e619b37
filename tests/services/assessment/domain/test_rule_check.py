"""A document of rules is refused with a pointer to each mistake, or assessments run by it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from services.assessment.domain.assessment import DEFAULT_RULES, Assessor
from services.assessment.domain.pattern_rules import PatternRule
from services.assessment.domain.risk_score import DEFAULT_RULES as DEFAULT_RISK
from services.assessment.domain.rule_check import RISK_IDS, compiled, problems
from services.assessment.domain.rule_set import (
    REMEDIATION,
    default_rule_set,
    rule_set_from_json,
    rule_set_json,
)
from services.assessment.domain.tenant_detection import Method
from shared.kernel.errors import Invalid
from tests.services.assessment.builders import GIB, TODAY, a_vm, disks, nics

Document = dict[str, Any]


def a_document() -> Document:
    """The defaults as JSON, free to be changed."""
    return rule_set_json(default_rule_set())


def a_pattern(**changes: Any) -> Document:
    """A detection rule that an operator wrote."""
    plain = {
        "id": "acme-hosts",
        "kind": "pattern",
        "field": "host",
        "syntax": "glob",
        "pattern": "acme-*",
        "tenant": "Acme",
    }
    return plain | changes


def detection_rule(document: Document, id_: str) -> Document:
    found: Document = next(r for r in document["detection"]["rules"] if r["id"] == id_)
    return found


def risk_rule(document: Document, id_: str) -> Document:
    found: Document = next(r for r in document["risk"]["rules"] if r["id"] == id_)
    return found


def test_the_defaults_are_what_assessments_went_by_before() -> None:
    assert compiled(default_rule_set(), version=0) == DEFAULT_RULES


def test_the_document_survives_json() -> None:
    document = a_document()
    document["detection"]["rules"].append(a_pattern())

    rules = rule_set_from_json(document)

    assert rule_set_from_json(rule_set_json(rules)) == rules


def test_every_risk_rule_has_advice() -> None:
    assert set(REMEDIATION) == set(RISK_IDS)


def add(*rules: Document) -> Callable[[Document], None]:
    return lambda document: document["detection"]["rules"].extend(rules)


def change(get: Callable[[Document], Document], **changes: Any) -> Callable[[Document], None]:
    return lambda document: get(document).update(changes)


def detection(id_: str, **changes: Any) -> Callable[[Document], None]:
    return change(lambda document: detection_rule(document, id_), **changes)


def risk(id_: str, **changes: Any) -> Callable[[Document], None]:
    return change(lambda document: risk_rule(document, id_), **changes)


def without(section: str, id_: str) -> Callable[[Document], None]:
    def drop(document: Document) -> None:
        rules = document[section]["rules"]
        document[section]["rules"] = [rule for rule in rules if rule["id"] != id_]

    return drop


def supported(**os: Any) -> Callable[[Document], None]:
    return lambda document: document.update(supported_os=[os])


MISTAKES: list[tuple[Callable[[Document], None], str, str]] = [
    (add(a_pattern(), a_pattern()), "/detection/rules/8/id", "twice"),
    (add(a_pattern(id="cluster")), "/detection/rules/7/id", "twice"),
    (add(a_pattern(id="fallback")), "/detection/rules/7/id", "built-in"),
    (add(a_pattern(pattern="(a+)+$", syntax="regex")), "/detection/rules/7/pattern", "for ever"),
    (add(a_pattern(pattern="(", syntax="regex")), "/detection/rules/7/pattern", "no regular"),
    (add(a_pattern(pattern=None)), "/detection/rules/7/pattern", "pattern needs it"),
    (add(a_pattern(field=None)), "/detection/rules/7/field", "pattern needs it"),
    (add(a_pattern(field="attribute")), "/detection/rules/7/attribute", "names the attribute"),
    (add(a_pattern(attribute="Owner")), "/detection/rules/7/attribute", "names the attribute"),
    (detection("cluster", attribute="Owner"), "/detection/rules/6/attribute", "names the"),
    (add(a_pattern(syntax="regex", tenant=r"\1")), "/detection/rules/7/tenant", "group"),
    (add(a_pattern(syntax="regex", org_vdc=r"\1")), "/detection/rules/7/org_vdc", "group"),
    (add(a_pattern(tenant=" ")), "/detection/rules/7/tenant", "blank"),
    (add(a_pattern(depth=2)), "/detection/rules/7/depth", "has no depth"),
    (add(a_pattern(kind="manual")), "/detection/rules/7/kind", "no kind of rule"),
    (detection("folder_path", depth=None), "/detection/rules/1/depth", "needs it"),
    (detection("annotation_field", key=" "), "/detection/rules/4/key", "blank"),
    (detection("cluster", depth=2), "/detection/rules/6/depth", "has no depth"),
    (detection("cluster", org_vdc="x"), "/detection/rules/6/org_vdc", "has no org_vdc"),
    (without("detection", "cluster"), "/detection/rules", "cluster is missing"),
    (
        change(lambda document: document["detection"], fallback_tenant=" "),
        "/detection/fallback_tenant",
        "need a tenant",
    ),
    (
        change(lambda document: document["detection"], containers=["vm", " "]),
        "/detection/containers/1",
        "has a name",
    ),
    (risk("many_nics", id="many_cats"), "/risk/rules/9/id", "There is no 'many_cats'"),
    (without("risk", "heavy_io"), "/risk/rules", "heavy_io is missing"),
    (risk("many_nics", threshold=None), "/risk/rules/9/threshold", "needs a threshold"),
    (risk("heavy_io", threshold=3), "/risk/rules/10/threshold", "has no threshold"),
    (risk("many_nics", severity="blocker"), "/risk/rules/9/severity", "never block"),
    (risk("large_disk", threshold=5000), "/risk/rules/4/threshold", "below that of very_large"),
    (risk("several_snapshots", threshold=5), "/risk/rules/7/threshold", "many_snapshots, 5"),
    (
        change(lambda document: document["risk"], green_max=50),
        "/risk/green_max",
        "green_max < yellow_max",
    ),
    (
        change(lambda document: document["risk"]["heavy_io"], names=["sql", " "]),
        "/risk/heavy_io/names/1",
        "blank",
    ),
    (supported(product="beos"), "/supported_os/0/product", "no product 'beos'"),
    (supported(product="rhel", oldest="seven"), "/supported_os/0/oldest", "no version"),
    (supported(product="rhel", oldest="8", newest="7"), "/supported_os/0/newest", "not before"),
]


@pytest.mark.parametrize(
    ("spoil", "pointer", "says"), MISTAKES, ids=[f"{p} {s}" for _, p, s in MISTAKES]
)
def test_a_mistake_is_pointed_at(
    spoil: Callable[[Document], None], pointer: str, says: str
) -> None:
    document = a_document()
    spoil(document)

    found = list(problems(rule_set_from_json(document)))

    assert [one.detail for one in found if one.pointer == pointer and says in one.detail], found


def test_all_mistakes_are_told_at_once() -> None:
    document = a_document()
    add(a_pattern(pattern="("), a_pattern(syntax="regex", pattern="("))(document)
    risk("many_nics", severity="blocker")(document)

    with pytest.raises(Invalid) as refused:
        compiled(rule_set_from_json(document), version=1)

    assert refused.value.code == "invalid-rules"
    assert [one.pointer for one in refused.value.errors] == [
        "/detection/rules/8/id",
        "/detection/rules/8/pattern",
        "/risk/rules/9/severity",
    ]


def test_the_equal_threshold_of_a_rule_that_is_off_is_no_mistake() -> None:
    document = a_document()
    risk("large_disk", threshold=5000)(document)
    risk("very_large_disk", is_enabled=False)(document)

    assert list(problems(rule_set_from_json(document))) == []


def test_order_and_options_of_the_detection_are_taken() -> None:
    document = a_document()
    document["detection"]["rules"].insert(0, a_pattern())
    document["detection"] |= {
        "containers": [" Kunden "],
        "fallback_tenant": " Nobody ",
        "separate_by_vcenter": True,
        "org_vdc_from_resource_pool": False,
    }
    detection("vcd_folder", is_enabled=False)(document)
    detection("folder_path", depth=3)(document)
    detection("annotation_field", is_enabled=True, key="Owner")(document)
    detection("vm_name_prefix", separator="_", parts=2)(document)

    rules = compiled(rule_set_from_json(document), version=7)

    first, *others = rules.detection.order
    assert isinstance(first, PatternRule)
    assert first.id == "acme-hosts"
    assert others == [
        Method.FOLDER_PATH,
        Method.RESOURCE_POOL,
        Method.VAPP_NAME,
        Method.ANNOTATION_FIELD,
        Method.CLUSTER,
    ]
    assert replace(rules.detection, order=()) == replace(
        DEFAULT_RULES.detection,
        order=(),
        containers=frozenset({"kunden"}),
        folder_depth=3,
        annotation_key="Owner",
        name_separator="_",
        name_parts=2,
        org_vdc_from_resource_pool=False,
        fallback="Nobody",
        separate_by_vcenter=True,
    )
    assert rules.version == 7


FIRING: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # each rule: a VM at the edge of the default threshold, and one right below it
    "unsupported_os": ({"os_config": "SCO OpenServer 5"}, {}),
    "deprecated_os": ({"os_config": "Microsoft Windows Server 2008"}, {}),
    "cold_only_os": ({"os_config": "FreeBSD 13"}, {}),
    "very_large_disk": ({"disk_mib": 5000 * GIB}, {"disk_mib": 5000 * GIB - 1}),
    "large_disk": ({"disk_mib": 2000 * GIB}, {"disk_mib": 2000 * GIB - 1}),
    "many_disks": ({"disks": disks(8)}, {"disks": disks(7)}),
    "many_snapshots": ({"snapshot_count": 5}, {"snapshot_count": 4}),
    "several_snapshots": ({"snapshot_count": 3}, {"snapshot_count": 2}),
    "old_snapshot": ({"oldest_snapshot_days": 31}, {"oldest_snapshot_days": 30}),
    "many_nics": ({"nics": nics(3)}, {"nics": nics(2)}),
    "heavy_io": ({"memory_mib": 64 * GIB}, {"memory_mib": 64 * GIB - 1}),
}


def fired(document: Document, vm: dict[str, Any]) -> dict[str, tuple[int, str]]:
    rules = compiled(rule_set_from_json(document), version=1)
    reasons = Assessor(rules, as_of=TODAY).assess(a_vm(**vm)).risk.reasons
    return {reason.rule: (reason.points, reason.severity) for reason in reasons}


def test_every_rule_has_its_row() -> None:
    assert set(FIRING) == set(RISK_IDS)


@pytest.mark.parametrize("id_", RISK_IDS)
def test_points_and_severity_are_data_and_a_rule_can_be_off(id_: str) -> None:
    at, below = FIRING[id_]
    document = a_document()
    risk(id_, points=7, severity="info")(document)

    assert fired(document, at)[id_] == (7, "info")
    assert id_ not in fired(document, below)

    risk(id_, is_enabled=False)(document)
    assert id_ not in fired(document, at)


@pytest.mark.parametrize(
    ("id_", "threshold", "at", "below"),
    [
        ("very_large_disk", 6000, {"disk_mib": 6000 * GIB}, {"disk_mib": 6000 * GIB - 1}),
        ("large_disk", 100, {"disk_mib": 100 * GIB}, {"disk_mib": 100 * GIB - 1}),
        ("many_disks", 4, {"disks": disks(4)}, {"disks": disks(3)}),
        ("many_snapshots", 4, {"snapshot_count": 4}, {"snapshot_count": 3}),
        ("several_snapshots", 1, {"snapshot_count": 1}, {"snapshot_count": 0}),
        ("old_snapshot", 8, {"oldest_snapshot_days": 8}, {"oldest_snapshot_days": 7}),
        ("many_nics", 2, {"nics": nics(2)}, {"nics": nics(1)}),
    ],
)
def test_thresholds_are_data(
    id_: str, threshold: int, at: dict[str, Any], below: dict[str, Any]
) -> None:
    document = a_document()
    risk(id_, threshold=threshold)(document)

    assert id_ in fired(document, at)
    assert id_ not in fired(document, below)


def test_every_threshold_is_tried() -> None:
    assert {rule.id for rule in DEFAULT_RISK.thresholds} == {
        "very_large_disk",
        "large_disk",
        "many_disks",
        "many_snapshots",
        "several_snapshots",
        "old_snapshot",
        "many_nics",
    }


def test_the_milder_rule_takes_over_where_the_graver_is_off() -> None:
    document = a_document()
    risk("very_large_disk", is_enabled=False)(document)

    assert set(fired(document, {"disk_mib": 6000 * GIB})) == {"large_disk"}


@pytest.mark.parametrize(
    ("green", "yellow", "points", "band"),
    [
        (10, 20, 10, "green"),
        (10, 20, 11, "yellow"),
        (10, 20, 20, "yellow"),
        (10, 20, 21, "red"),
        (0, 100, 0, "green"),
        (0, 100, 1, "yellow"),
        (0, 100, 100, "yellow"),
    ],
)
def test_bands_are_data(green: int, yellow: int, points: int, band: str) -> None:
    document = a_document()
    document["risk"] |= {"green_max": green, "yellow_max": yellow}
    risk("many_nics", points=points)(document)
    rules = compiled(rule_set_from_json(document), version=1)

    found = Assessor(rules, as_of=TODAY).assess(a_vm(nics=nics(3)))

    assert (found.risk.score, found.risk.band) == (points, band)
    assert ("red_band" in {reason.rule for reason in found.mode.reasons}) == (band == "red")


def test_signs_of_heavy_io_are_data() -> None:
    document = a_document()
    document["risk"]["heavy_io"] = {"memory_gib": 8, "disk_count": 2, "names": ["SAP"]}

    for vm in ({"memory_mib": 8 * GIB}, {"disks": disks(2)}, {"name": "prd-sap-1"}):
        assert set(fired(document, vm)) == {"heavy_io"}
    assert fired(document, {"name": "prd-sql-1", "memory_mib": 8 * GIB - 1}) == {}
