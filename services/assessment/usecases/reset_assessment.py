"""Reset an assessment: as if nobody had decided anything but the rules."""

from dataclasses import asdict, dataclass

from services.assessment.domain.runs import AssessmentRun, Cause
from services.assessment.usecases.decision_ports import DecisionCounts
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.reassess import reassess
from services.assessment.usecases.take_back import take_back
from shared.auth.principal import Principal
from shared.db.uow import Transaction
from shared.kernel.ids import AssessmentId, ProjectId


@dataclass(frozen=True, slots=True)
class Reset:
    """What was taken back, and the assessment that shows it, if there is any."""

    removed: DecisionCounts
    assessment: AssessmentRun | None


async def reset_assessment(
    tx: Transaction[AssessmentStore],
    project_id: ProjectId,
    *,
    assessment_id: AssessmentId,
    by: Principal,
) -> Reset:
    """Take back all decisions on VMs, tenants and networks, and assess again; rules stay, and are
    reset by themselves. Where there are none, nothing happens."""
    newest = await tx.store.newest_held(project_id)
    removed = await tx.store.decisions(project_id)
    if not any(asdict(removed).values()):
        return Reset(removed, newest)
    await take_back(tx.store, project_id)
    await tx.audit(
        "assessment.reset",
        by=by,
        subject=f"projects/{project_id}/assessment",
        before=asdict(removed),
    )
    run = await reassess(tx, newest, cause=Cause.TENANTS, assessment_id=assessment_id, by=by.key)
    return Reset(removed, run)
