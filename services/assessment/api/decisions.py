"""All decisions of a project together: how many there are, and taking them back."""

from dataclasses import asdict
from typing import Annotated, Self

from fastapi import APIRouter, Response
from pydantic import Field

from services.assessment.api.decision_schemas import FollowingAssessment
from services.assessment.persistence.decisions import count_decisions
from services.assessment.usecases.decision_ports import DecisionCounts
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.reset_assessment import Reset, reset_assessment
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.idempotency import KeyedPost, json_reply, run_once
from shared.http.models import ReplyModel
from shared.http.security import VisibleProject, require
from shared.kernel.ids import AssessmentId

Reader = Annotated[Principal, require(Permission.READ)]
Writer = Annotated[Principal, require(Permission.WRITE)]


class DecisionsReply(ReplyModel):
    """What people decided of the project's VMs, tenants and networks."""

    assigned_vms: int
    created_tenants: int
    renamed_tenants: int
    merged_tenants: int
    waived_findings: int = Field(description="One for each VM and finding")
    network_classes: int

    @classmethod
    def of(cls, counts: DecisionCounts) -> Self:
        """``counts`` as a reply."""
        return cls(**asdict(counts))


class ResetReply(ReplyModel):
    """What a reset took back."""

    removed: DecisionsReply
    assessment: FollowingAssessment | None = Field(
        description="The assessment that shows it; null before the first import"
    )

    @classmethod
    def of(cls, reset: Reset) -> Self:
        """``reset`` as a reply."""
        return cls(
            removed=DecisionsReply.of(reset.removed),
            assessment=FollowingAssessment.of(reset.assessment),
        )


def decisions_routes(database: Database, transactions: Transactions[AssessmentStore]) -> APIRouter:
    """Decisions of a project."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment", tags=["assessment"])

    @router.get("/decisions")
    async def count_decisions_route(project_id: VisibleProject, caller: Reader) -> DecisionsReply:
        """What a reset would take back."""
        async with database.read() as connection:
            return DecisionsReply.of(await count_decisions(connection, project_id))

    @router.post("/reset", response_model=ResetReply)
    async def reset_assessment_route(
        project_id: VisibleProject, caller: Writer, keyed: KeyedPost
    ) -> Response:
        """Take back all decisions on VMs, tenants and networks, and assess again. Rules stay."""

        async def work(transactions: Transactions[AssessmentStore]) -> Reply:
            async with transactions() as tx:
                reset = await reset_assessment(
                    tx, project_id, assessment_id=AssessmentId(database.ids.new()), by=caller
                )
            return json_reply(200, ResetReply.of(reset))

        return await run_once(database, transactions, keyed, work)

    return router
