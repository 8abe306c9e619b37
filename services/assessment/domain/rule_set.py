"""The rules of a project as people edit them: one document, kept in versions.

What a rule tests is code; whether it is on, its order, points, thresholds and lists are data. A
document that has passed :func:`services.assessment.domain.rule_check.compiled` is what assessments
run by.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from services.assessment.domain.finding_catalogue import Severity
from services.assessment.domain.pattern_rules import VmField
from services.assessment.domain.patterns import Syntax
from services.assessment.domain.risk_score import (
    DEFAULT_RULES,
    HeavyIoRule,
    OsRule,
    ThresholdRule,
)
from services.assessment.domain.target_support import DEFAULT_TARGET
from services.assessment.domain.tenant_detection import (
    DEFAULT_CONTAINERS,
    DEFAULT_ORDER,
    DetectionRules,
    Method,
)

Json = Mapping[str, Any]
_MIB_PER_GIB: Final = 1024

BUILT_IN: Final = tuple(
    method for method in Method if method not in (Method.PATTERN, Method.MANUAL, Method.FALLBACK)
)
"""Detection rules that every document has; ``kind`` and ``id`` of each are its method."""


@dataclass(frozen=True, slots=True)
class DetectionRule:
    """One step of the detection. Options that are not of its ``kind`` are None."""

    id: str
    kind: Method
    is_enabled: bool = True
    depth: int | None = None
    key: str | None = None
    separator: str | None = None
    parts: int | None = None
    field: VmField | None = None
    attribute: str | None = None
    syntax: Syntax | None = None
    pattern: str | None = None
    tenant: str | None = None
    org_vdc: str | None = None


@dataclass(frozen=True, slots=True)
class DetectionSet:
    """How tenants are found."""

    rules: tuple[DetectionRule, ...]
    containers: tuple[str, ...]
    fallback_tenant: str
    separate_by_vcenter: bool
    org_vdc_from_resource_pool: bool


@dataclass(frozen=True, slots=True)
class RiskRule:
    """One rule's data. ``threshold`` is in the unit of the rule, None for a rule without one."""

    id: str
    points: int
    severity: Severity
    remediation: str
    is_enabled: bool = True
    threshold: int | None = None


@dataclass(frozen=True, slots=True)
class HeavyIo:
    """The signs of heavy I/O: one is enough."""

    memory_gib: int
    disk_count: int
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RiskSet:
    """How risk is scored."""

    rules: tuple[RiskRule, ...]
    heavy_io: HeavyIo
    green_max: int
    yellow_max: int


@dataclass(frozen=True, slots=True)
class SupportedOs:
    """Releases of a product that the target runs; "7", "18.04"; None is open."""

    product: str
    oldest: str | None = None
    newest: str | None = None


@dataclass(frozen=True, slots=True)
class RuleSet:
    """The whole document."""

    detection: DetectionSet
    risk: RiskSet
    supported_os: tuple[SupportedOs, ...]


REMEDIATION: Final = {
    "unsupported_os": "Rebuild the workload on a supported system, or take the VM out of scope.",
    "deprecated_os": "Upgrade before or soon after the move; move a pilot first.",
    "cold_only_os": "Plan a downtime as long as the whole copy.",
    "very_large_disk": "Clean up or split the data; plan a window of its own.",
    "large_disk": "Clean up the data; check the copy time against the window.",
    "many_disks": "Merge disks that belong together; give the VM slots of its own.",
    "many_snapshots": "Consolidate the snapshots before the wave.",
    "several_snapshots": "Consolidate the snapshots before the wave.",
    "old_snapshot": "Remove the snapshot, or find out who needs it.",
    "many_nics": "Check that every network is mapped, and routes after the move.",
    "heavy_io": "Copy it at a quiet time; measure its change rate first.",
}
"""What to do about each risk rule, until a project says otherwise."""


def default_rule_set() -> RuleSet:
    """The defaults: decision 11's order, the table of decision 12, what virt-v2v converts."""
    options = DetectionRules()
    rules = [_built_in(method, options) for method in BUILT_IN]
    risk = DEFAULT_RULES
    heavy = risk.heavy_io
    assert heavy is not None  # noqa: S101 - the default has it
    every: list[OsRule | ThresholdRule | HeavyIoRule] = [*risk.os_rules, *risk.thresholds, heavy]
    return RuleSet(
        detection=DetectionSet(
            rules=tuple(rules),
            containers=tuple(sorted(DEFAULT_CONTAINERS)),
            fallback_tenant=options.fallback,
            separate_by_vcenter=options.separate_by_vcenter,
            org_vdc_from_resource_pool=options.org_vdc_from_resource_pool,
        ),
        risk=RiskSet(
            rules=tuple(
                RiskRule(
                    id=rule.id,
                    points=rule.points,
                    severity=rule.severity,
                    remediation=REMEDIATION[rule.id],
                    threshold=rule.at_least if isinstance(rule, ThresholdRule) else None,
                )
                for rule in every
            ),
            heavy_io=_signs(heavy),
            green_max=risk.green_max,
            yellow_max=risk.yellow_max,
        ),
        supported_os=tuple(
            SupportedOs(one.product, _dotted(one.oldest), _dotted(one.newest))
            for one in DEFAULT_TARGET
        ),
    )


def rule_set_json(rules: RuleSet) -> dict[str, Any]:
    """``rules`` as plain JSON: lists, and words instead of enumerations."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(rules)))
    return plain


def rule_set_from_json(document: Json) -> RuleSet:
    """The rules that :func:`rule_set_json` gave, or a checked request body of that form.

    >>> rule_set_from_json(rule_set_json(default_rule_set())) == default_rule_set()
    True
    """
    detection, risk = dict(document["detection"]), dict(document["risk"])
    heavy_io = dict(risk["heavy_io"])
    heavy_io["names"] = tuple(heavy_io["names"])
    detection["containers"] = tuple(detection["containers"])
    detection["rules"] = tuple(_detection_rule(rule) for rule in detection["rules"])
    risk["rules"] = tuple(_risk_rule(rule) for rule in risk["rules"])
    risk["heavy_io"] = HeavyIo(**heavy_io)
    return RuleSet(
        detection=DetectionSet(**detection),
        risk=RiskSet(**risk),
        supported_os=tuple(SupportedOs(**one) for one in document["supported_os"]),
    )


def _detection_rule(rule: Json) -> DetectionRule:
    words = {**rule, "kind": Method(rule["kind"])}
    for name, kind in (("field", VmField), ("syntax", Syntax)):
        if words.get(name) is not None:
            words[name] = kind(words[name])
    return DetectionRule(**words)


def _risk_rule(rule: Json) -> RiskRule:
    return RiskRule(**{**rule, "severity": Severity(rule["severity"])})


def _built_in(method: Method, options: DetectionRules) -> DetectionRule:
    return DetectionRule(
        id=method.value,
        kind=method,
        is_enabled=method in DEFAULT_ORDER,
        depth=options.folder_depth if method is Method.FOLDER_PATH else None,
        key=options.annotation_key if method is Method.ANNOTATION_FIELD else None,
        separator=options.name_separator if method is Method.VM_NAME_PREFIX else None,
        parts=options.name_parts if method is Method.VM_NAME_PREFIX else None,
    )


def _signs(rule: HeavyIoRule) -> HeavyIo:
    return HeavyIo(rule.memory_mib // _MIB_PER_GIB, rule.disk_count, rule.names)


def _dotted(release: tuple[int, ...] | None) -> str | None:
    return None if release is None else ".".join(map(str, release))
