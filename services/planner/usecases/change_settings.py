"""Change a project's plan settings."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from services.planner.domain.errors import ApprovalRuleProtected
from services.planner.domain.project import ProjectSettings
from services.planner.domain.settings import Json, settings_json
from services.planner.usecases.ports import PlannerStore
from shared.auth.principal import Principal
from shared.db import audit
from shared.db.uow import Transaction
from shared.kernel.errors import PreconditionFailed
from shared.kernel.ids import ProjectId

APPROVAL_RULE: Final = "allow_single_approver"
"""The one setting that no plan depends on: changing it leaves plans as they are. It guards
approvals, so only those who may approve set it."""


async def change_settings(
    tx: Transaction[PlannerStore],
    project_id: ProjectId,
    changes: Mapping[str, Any],
    *,
    based_on: int,
    by: Principal,
    may_approve: bool,
) -> ProjectSettings:
    """Apply ``changes``, new values by field name, to version ``based_on`` of the settings.

    Plans stay as they are and become stale; :func:`rebuild_plan` makes a new one. ``may_approve``
    says whether the caller holds the permission to approve.

    Raises:
        ApprovalRuleProtected: ``changes`` name the approval rule, and the caller may not approve.
        InvalidSettings: the result would not be valid; nothing is changed.
        PreconditionFailed: somebody else changed the settings first.
    """
    if APPROVAL_RULE in changes and not may_approve:
        raise ApprovalRuleProtected(
            "Whether one person may both request and approve a plan is set only by people with "
            "the permission migration:approve, which you do not have. Leave "
            "allow_single_approver out, or ask an administrator to change it."
        )
    current = await tx.store.settings(project_id)
    plan_changes = {name: value for name, value in changes.items() if name != APPROVAL_RULE}
    changed = ProjectSettings(
        plan=replace(current.plan, **plan_changes),
        allow_single_approver=changes.get(APPROVAL_RULE, current.allow_single_approver),
        version=based_on + 1,
    )
    is_newest = current.version == based_on
    if not is_newest or not await tx.store.save_settings(project_id, changed, by=by.key):
        raise PreconditionFailed(
            "Somebody else changed the plan settings in the meantime. Read them again and repeat "
            "your change."
        )
    was, became = audit.changed(_audited(current), _audited(changed))
    subject = f"projects/{project_id}/plan/settings"
    await tx.audit("plan.settings.changed", by=by, subject=subject, before=was, after=became)
    return changed


def _audited(settings: ProjectSettings) -> dict[str, Json]:
    rule: Json = settings.allow_single_approver
    return {**settings_json(settings.plan), APPROVAL_RULE: rule}
