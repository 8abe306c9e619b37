"""Ask what other rules would do to the newest inventory."""

from typing import Final

from services.assessment.domain.errors import NOT_ASSESSED
from services.assessment.domain.rule_check import compiled
from services.assessment.domain.rule_set import RuleSet
from services.assessment.usecases.decision_ports import Preview
from services.assessment.usecases.ports import AssessmentStore
from shared.auth.principal import Principal
from shared.db.uow import Transaction
from shared.kernel.errors import NotFound
from shared.kernel.ids import PreviewId, ProjectId

PREVIEW_KIND: Final = "preview_rules"
"""The kind of the job; its payload is ``{"preview_id"}``."""


async def preview_rules(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    rules: RuleSet,
    *,
    preview_id: PreviewId,
    by: Principal,
) -> Preview:
    """Queue a comparison of ``rules`` with the present ones; nothing else changes.

    Raises:
        Invalid: they break a rule; code ``invalid-rules``.
        NotFound: nothing has been imported yet; code ``not-assessed``.
    """
    compiled(rules, version=0)
    newest = await tx.store.newest(project_id)
    if newest is None or newest.is_forgotten:
        raise NotFound(
            "There is nothing to try the rules on. Import a workbook first.", code=NOT_ASSESSED
        )
    current = await tx.store.rules.current(project_id)
    subject = f"projects/{project_id}/assessment/rules"
    job_id = await tx.enqueue(
        PREVIEW_KIND,
        subject=subject,
        payload={"preview_id": str(preview_id)},
        created_by=by.key,
    )
    preview = Preview(
        id=preview_id,
        project_id=project_id,
        assessment_id=newest.id,
        job_id=job_id,
        based_on=current.version,
        rules=rules,
    )
    await tx.store.previews.add(preview)
    await tx.audit(
        "assessment.rules.previewed",
        by=by,
        subject=subject,
        after={"preview_id": str(preview_id), "based_on": current.version},
    )
    return preview
