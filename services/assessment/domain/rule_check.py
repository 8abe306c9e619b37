"""Checks a project's rules and makes of them what assessments run by.

The form (types, ranges of numbers, unknown fields) has been checked where the document came in;
here is what depends on several fields or on what this version knows.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from services.assessment.domain.assessment import Rules
from services.assessment.domain.errors import INVALID_RULES
from services.assessment.domain.finding_catalogue import Severity
from services.assessment.domain.guest_os import PRODUCTS, release_of
from services.assessment.domain.pattern_rules import PatternRule, VmField
from services.assessment.domain.patterns import BadPattern, Pattern, read_pattern
from services.assessment.domain.risk_score import (
    DEFAULT_RULES,
    HeavyIoRule,
    OsRule,
    RiskRules,
    ThresholdRule,
)
from services.assessment.domain.rule_set import (
    BUILT_IN,
    DetectionRule,
    DetectionSet,
    RiskRule,
    RiskSet,
    RuleSet,
    SupportedOs,
)
from services.assessment.domain.target_support import OsRange
from services.assessment.domain.tenant_detection import DetectionRules, Method
from shared.kernel.errors import ErrorDetail, Invalid

_MIB_PER_GIB: Final = 1024
_VERSION: Final = re.compile(r"\d{1,6}(?:\.\d{1,6}){0,3}")
_OPTIONS: Final = {
    Method.FOLDER_PATH: ("depth",),
    Method.ANNOTATION_FIELD: ("key",),
    Method.VM_NAME_PREFIX: ("separator", "parts"),
    Method.PATTERN: ("field", "syntax", "pattern", "tenant"),
}
"""What a kind of detection rule needs; ``org_vdc`` is free for patterns."""
_ALL_OPTIONS: Final = ("depth", "key", "separator", "parts", "field", "syntax", "pattern", "tenant")
_THRESHOLDS: Final = {rule.id: rule for rule in DEFAULT_RULES.thresholds}
_OS_RULES: Final = {rule.id: rule for rule in DEFAULT_RULES.os_rules}
HEAVY_IO: Final = "heavy_io"
RISK_IDS: Final = (*_OS_RULES, *_THRESHOLDS, HEAVY_IO)
"""The risk rules that every document has."""


def compiled(rules: RuleSet, *, version: int) -> Rules:
    """``rules`` as an assessment runs by them: those that are on, patterns read.

    Raises:
        Invalid: they break a rule; code ``invalid-rules``, each error with its pointer.
    """
    errors = list(problems(rules))
    if errors:
        count = "one error" if len(errors) == 1 else f"{len(errors)} errors"
        raise Invalid(
            f"The rules have {count}; nothing was changed. Correct what the list says and send "
            "them again.",
            code=INVALID_RULES,
            errors=errors,
        )
    return Rules(
        version=version,
        detection=_detection(rules.detection),
        risk=_risk(rules.risk),
        target=tuple(
            OsRange(one.product, _release(one.oldest), _release(one.newest))
            for one in rules.supported_os
        ),
    )


def every_detection_rule(rules: RuleSet) -> DetectionRules:
    """The detection with those rules too that are off, to see what they would answer."""
    on = tuple(replace(rule, is_enabled=True) for rule in rules.detection.rules)
    return _detection(replace(rules.detection, rules=on))


def problems(rules: RuleSet) -> Iterator[ErrorDetail]:
    """Everything that is wrong, in the order of the document."""
    yield from _detection_problems(rules.detection)
    yield from _risk_problems(rules.risk)
    for i, one in enumerate(rules.supported_os):
        yield from _range_problems(one, f"/supported_os/{i}")


def _detection_problems(detection: DetectionSet) -> Iterator[ErrorDetail]:
    seen: set[str] = set()
    for i, rule in enumerate(detection.rules):
        at = f"/detection/rules/{i}"
        if rule.id in seen:
            yield ErrorDetail(f"{rule.id!r} is there twice; ids are unique.", f"{at}/id")
        seen.add(rule.id)
        yield from _rule_problems(rule, at)
    for method in BUILT_IN:
        if method.value not in seen:
            yield _missing(method.value, "/detection/rules")
    for i, name in enumerate(detection.containers):
        if not name.strip():
            yield ErrorDetail("A container has a name.", f"/detection/containers/{i}")
    if not detection.fallback_tenant.strip():
        yield ErrorDetail("VMs without an answer need a tenant.", "/detection/fallback_tenant")


def _rule_problems(rule: DetectionRule, at: str) -> Iterator[ErrorDetail]:
    is_pattern = rule.kind is Method.PATTERN
    if not is_pattern and rule.kind not in BUILT_IN:
        yield ErrorDetail(f"{rule.kind.value!r} is no kind of rule.", f"{at}/kind")
        return
    if not is_pattern and rule.id != rule.kind.value:
        yield ErrorDetail(f"The id of this rule is {rule.kind.value!r}.", f"{at}/id")
    if is_pattern and rule.id in set(Method):
        yield ErrorDetail(f"{rule.id!r} is the id of a built-in rule.", f"{at}/id")
    needed = _OPTIONS.get(rule.kind, ())
    for option in _ALL_OPTIONS:
        is_given = getattr(rule, option) is not None
        if is_given and option not in needed:
            yield ErrorDetail(f"{rule.kind.value} has no {option}.", f"{at}/{option}")
        elif option in needed and not is_given:
            yield ErrorDetail(f"{rule.kind.value} needs it.", f"{at}/{option}")
    if rule.org_vdc is not None and not is_pattern:
        yield ErrorDetail(f"{rule.kind.value} has no org_vdc.", f"{at}/org_vdc")
    if (rule.attribute is not None) != (rule.field is VmField.ATTRIBUTE):
        yield ErrorDetail("It names the attribute where field is attribute.", f"{at}/attribute")
    if rule.key is not None and not rule.key.strip():
        yield ErrorDetail("It is blank; which word stands before the tenant?", f"{at}/key")
    if is_pattern:
        yield from _pattern_problems(rule, at)


def _pattern_problems(rule: DetectionRule, at: str) -> Iterator[ErrorDetail]:
    if rule.pattern is None or rule.syntax is None:
        return
    try:
        pattern = read_pattern(rule.pattern, rule.syntax)
    except BadPattern as error:
        yield ErrorDetail(str(error), f"{at}/pattern")
        return
    if rule.tenant is not None and not rule.tenant.strip():
        yield ErrorDetail("It is blank; say which tenant it is.", f"{at}/tenant")
    for name, template in (("tenant", rule.tenant), ("org_vdc", rule.org_vdc)):
        if template is not None:
            yield from _template_problems(pattern, template, f"{at}/{name}")


def _template_problems(pattern: Pattern, template: str, at: str) -> Iterator[ErrorDetail]:
    try:
        pattern.check_template(template)
    except BadPattern as error:
        yield ErrorDetail(str(error), at)


def _risk_problems(risk: RiskSet) -> Iterator[ErrorDetail]:
    by_id: dict[str, RiskRule] = {}
    for i, rule in enumerate(risk.rules):
        at = f"/risk/rules/{i}"
        if rule.id in by_id:
            yield ErrorDetail(f"{rule.id!r} is there twice; ids are unique.", f"{at}/id")
        elif rule.id not in RISK_IDS:
            yield ErrorDetail(f"There is no {rule.id!r}; {', '.join(RISK_IDS)} are.", f"{at}/id")
        by_id[rule.id] = rule
        yield from _risk_rule_problems(rule, at)
    for id_ in RISK_IDS:
        if id_ not in by_id:
            yield _missing(id_, "/risk/rules")
    yield from _order_problems(risk, by_id)
    if risk.green_max >= risk.yellow_max:
        yield ErrorDetail("GREEN ends below YELLOW: green_max < yellow_max.", "/risk/green_max")
    for i, name in enumerate(risk.heavy_io.names):
        if not name.strip():
            yield ErrorDetail("A blank would be in every name.", f"/risk/heavy_io/names/{i}")


def _risk_rule_problems(rule: RiskRule, at: str) -> Iterator[ErrorDetail]:
    if rule.severity is Severity.BLOCKER:
        yield ErrorDetail("Points never block; high, medium or info.", f"{at}/severity")
    if rule.id in _THRESHOLDS and rule.threshold is None:
        unit = _THRESHOLDS[rule.id].unit
        yield ErrorDetail(f"{rule.id} needs a threshold ({unit}).", f"{at}/threshold")
    if rule.id not in _THRESHOLDS and rule.threshold is not None:
        yield ErrorDetail(f"{rule.id} has no threshold.", f"{at}/threshold")


def _order_problems(risk: RiskSet, by_id: dict[str, RiskRule]) -> Iterator[ErrorDetail]:
    """A milder rule that begins where the graver one does, or later, would never fire."""
    for i, rule in enumerate(risk.rules):
        known = _THRESHOLDS.get(rule.id)
        graver = by_id.get(known.unless or "") if known else None
        if graver is None or graver.threshold is None or rule.threshold is None:
            continue
        if graver.is_enabled and rule.is_enabled and rule.threshold >= graver.threshold:
            yield ErrorDetail(
                f"It has to be below that of {graver.id}, {graver.threshold}.",
                f"/risk/rules/{i}/threshold",
            )


def _range_problems(one: SupportedOs, at: str) -> Iterator[ErrorDetail]:
    if one.product not in PRODUCTS:
        known = ", ".join(PRODUCTS)
        yield ErrorDetail(f"There is no product {one.product!r}; {known} are.", f"{at}/product")
    is_right = True
    for name, version in (("oldest", one.oldest), ("newest", one.newest)):
        if version is not None and _VERSION.fullmatch(version) is None:
            is_right = False
            yield ErrorDetail(f"{version!r} is no version like 7 or 18.04.", f"{at}/{name}")
    if is_right and one.oldest is not None and one.newest is not None:
        oldest, newest = release_of(one.oldest), release_of(one.newest)
        if oldest[: len(newest)] > newest:
            yield ErrorDetail("The newest release is not before the oldest.", f"{at}/newest")


def _missing(id_: str, at: str) -> ErrorDetail:
    return ErrorDetail(f"{id_} is missing; to switch it off give it with is_enabled false.", at)


def _detection(detection: DetectionSet) -> DetectionRules:
    by_kind = {rule.kind: rule for rule in detection.rules}
    folder, annotation = by_kind[Method.FOLDER_PATH], by_kind[Method.ANNOTATION_FIELD]
    prefix = by_kind[Method.VM_NAME_PREFIX]
    defaults = DetectionRules()
    return DetectionRules(
        order=tuple(_step(rule) for rule in detection.rules if rule.is_enabled),
        containers=frozenset(name.strip().casefold() for name in detection.containers),
        folder_depth=folder.depth or defaults.folder_depth,
        annotation_key=annotation.key or defaults.annotation_key,
        name_separator=prefix.separator or defaults.name_separator,
        name_parts=prefix.parts or defaults.name_parts,
        org_vdc_from_resource_pool=detection.org_vdc_from_resource_pool,
        fallback=detection.fallback_tenant.strip(),
        separate_by_vcenter=detection.separate_by_vcenter,
    )


def _step(rule: DetectionRule) -> Method | PatternRule:
    if rule.field is None or rule.pattern is None or rule.syntax is None or rule.tenant is None:
        return rule.kind
    pattern = read_pattern(rule.pattern, rule.syntax)
    return PatternRule(
        rule.id, rule.field, pattern, rule.tenant, rule.org_vdc, attribute=rule.attribute
    )


def _risk(risk: RiskSet) -> RiskRules:
    os_rules: list[OsRule] = []
    thresholds: list[ThresholdRule] = []
    heavy_io: HeavyIoRule | None = None
    data = {rule.id: rule for rule in risk.rules if rule.is_enabled}
    for id_, os_rule in _OS_RULES.items():
        if rule := data.get(id_):
            os_rules.append(replace(os_rule, points=rule.points, severity=rule.severity))
    for id_, threshold in _THRESHOLDS.items():
        if rule := data.get(id_):
            at_least = threshold.at_least if rule.threshold is None else rule.threshold
            thresholds.append(
                replace(threshold, points=rule.points, at_least=at_least, severity=rule.severity)
            )
    if rule := data.get(HEAVY_IO):
        heavy_io = HeavyIoRule(
            id=HEAVY_IO,
            points=rule.points,
            memory_mib=risk.heavy_io.memory_gib * _MIB_PER_GIB,
            disk_count=risk.heavy_io.disk_count,
            names=tuple(name.lower() for name in risk.heavy_io.names),
            severity=rule.severity,
        )
    return RiskRules(tuple(os_rules), tuple(thresholds), heavy_io, risk.green_max, risk.yellow_max)


def _release(version: str | None) -> tuple[int, ...] | None:
    return None if version is None else release_of(version)
