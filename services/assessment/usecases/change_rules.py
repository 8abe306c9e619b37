"""Change a project's rules, or go back to the defaults: a new version, and a new assessment."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from services.assessment.domain.rule_check import compiled
from services.assessment.domain.rule_set import (
    DetectionRule,
    RiskRule,
    RuleSet,
    default_rule_set,
)
from services.assessment.domain.runs import AssessmentRun, Cause
from services.assessment.usecases.decision_ports import Author, StoredRules
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.reassess import reassess
from shared.auth.principal import Principal
from shared.db import audit
from shared.db.uow import Transaction
from shared.kernel.errors import PreconditionFailed
from shared.kernel.ids import AssessmentId, ProjectId

CHANGED = "assessment.rules.changed"
RESET = "assessment.rules.reset"


@dataclass(frozen=True, slots=True)
class RulesChange:
    """The rules as they are now, and the assessment that will go by them, if there is any."""

    rules: StoredRules
    assessment: AssessmentRun | None


async def change_rules(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    rules: RuleSet,
    *,
    based_on: int,
    assessment_id: AssessmentId,
    by: Principal,
) -> RulesChange:
    """Make ``rules`` the version after ``based_on`` and assess again; equal ones change nothing.

    Raises:
        Invalid: they break a rule; code ``invalid-rules``.
        PreconditionFailed: somebody else changed them first.
    """
    compiled(rules, version=based_on + 1)
    return await _store(
        tx, project_id, rules, based_on=based_on, assessment_id=assessment_id, by=by
    )


async def reset_rules(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    *,
    based_on: int,
    assessment_id: AssessmentId,
    by: Principal,
) -> RulesChange:
    """Make the defaults the version after ``based_on`` and assess again.

    Raises:
        PreconditionFailed: somebody else changed the rules first.
    """
    return await _store(
        tx,
        project_id,
        default_rule_set(),
        based_on=based_on,
        assessment_id=assessment_id,
        by=by,
        is_reset=True,
    )


async def _store(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    rules: RuleSet,
    *,
    based_on: int,
    assessment_id: AssessmentId,
    by: Principal,
    is_reset: bool = False,
) -> RulesChange:
    newest = await tx.store.newest_held(project_id)
    current = await tx.store.rules.current(project_id)
    if current.version != based_on:
        raise PreconditionFailed(
            f"Somebody else changed the rules; they are at version {current.version} now. Read "
            "them again and repeat your change."
        )
    if current.rules == rules:
        return RulesChange(current, newest)
    author = Author(by.key, by.name)
    await tx.store.rules.add(project_id, based_on + 1, rules, is_reset=is_reset, by=author)
    was, became = differences(current.rules, rules)
    await tx.audit(
        RESET if is_reset else CHANGED,
        by=by,
        subject=f"projects/{project_id}/assessment/rules",
        before={"version": based_on} | was,
        after={"version": based_on + 1} | became,
    )
    run = await reassess(tx, newest, cause=Cause.RULES, assessment_id=assessment_id, by=by.key)
    return RulesChange(await tx.store.rules.current(project_id), run)


def differences(before: RuleSet, after: RuleSet) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, as it was and as it is now: whole sections, of rules only the changed ones."""
    was, became = audit.changed(_sections(before), _sections(after))
    for name, old, new in (
        ("detection_rules", before.detection.rules, after.detection.rules),
        ("risk_rules", before.risk.rules, after.risk.rules),
    ):
        if old != new:
            was[name], became[name] = _without_common(old, new)
    old_order, new_order = _order(before), _order(after)
    if old_order != new_order:
        was["detection_order"], became["detection_order"] = old_order, new_order
    return was, became


def _sections(rules: RuleSet) -> dict[str, Any]:
    plain = asdict(rules)
    detection, risk = plain["detection"], plain["risk"]
    del detection["rules"], risk["rules"]
    return {**detection, **risk, "supported_os": plain["supported_os"]}


def _without_common(
    old: Iterable[DetectionRule | RiskRule], new: Iterable[DetectionRule | RiskRule]
) -> tuple[list[Any], list[Any]]:
    olds, news = list(old), list(new)
    return (
        [asdict(rule) for rule in olds if rule not in news],
        [asdict(rule) for rule in news if rule not in olds],
    )


def _order(rules: RuleSet) -> list[str]:
    return [rule.id for rule in rules.detection.rules if rule.is_enabled]
