"""Ask for the approval of a plan, and decide on it."""

from dataclasses import dataclass

from services.planner.domain.approval import (
    ApprovalRequest,
    ApprovalState,
    Asker,
    LatestSnapshot,
    Verdict,
    decide,
    request_approval,
)
from services.planner.domain.errors import NoApprovalRequest, NoPlan
from services.planner.domain.project import SnapshotHead
from services.planner.usecases.ports import PlannerStore
from shared.auth.principal import Principal
from shared.contracts.plan import PlanApproved
from shared.contracts.snapshots import SnapshotRef
from shared.db.uow import Transaction
from shared.kernel.ids import ApprovalId, ProjectId


@dataclass(frozen=True, slots=True)
class _Standing:
    """The plan as it is now, and the requests so far."""

    snapshot: SnapshotHead
    latest: LatestSnapshot
    allow_single_approver: bool
    requests: list[ApprovalRequest]


async def ask_for_approval(
    tx: Transaction[PlannerStore],
    project_id: ProjectId,
    approval_id: ApprovalId,
    *,
    digest: str,
    asker: Asker,
    by: Principal,
) -> ApprovalRequest:
    """Store a request for the plan with ``digest``; ``by`` is the asker.

    Raises:
        NoPlan: there is none.
        NotTheLatestSnapshot, PlanStale, ApprovalPending, AlreadyApproved: see
            :func:`services.planner.domain.approval.request_approval`.
    """
    standing = await _standing(tx.store, project_id)
    request = request_approval(
        approval_id,
        project_id,
        digest=digest,
        latest=standing.latest,
        earlier=standing.requests,
        asker=asker,
        allow_single_approver=standing.allow_single_approver,
    )
    await tx.store.add_approval_request(request)
    await tx.audit(
        "plan.approval.requested",
        by=by,
        subject=_subject(request),
        after={"state": request.state.value, "digest": digest, "note": asker.note},
    )
    return request


async def decide_on_plan(
    tx: Transaction[PlannerStore],
    project_id: ProjectId,
    approval_id: ApprovalId,
    *,
    verdict: Verdict,
    approver: Asker,
    by: Principal,
) -> ApprovalRequest:
    """Store the decision on a request; with an approval, state ``plan.approved``. ``by`` is the
    approver.

    Raises:
        NoPlan, NoApprovalRequest: there is nothing to decide on.
        AlreadyDecided, NotTheLatestSnapshot, PlanStale, ApproverIsRequester: see
            :func:`services.planner.domain.approval.decide`.
    """
    standing = await _standing(tx.store, project_id)
    asked = next((r for r in standing.requests if r.approval_id == approval_id), None)
    if asked is None:
        raise NoApprovalRequest("This project has no such approval request.")
    decided = decide(
        asked,
        verdict,
        approver=approver,
        latest=standing.latest,
        next_number=1 + max(r.approval_number or 0 for r in standing.requests),
    )
    await tx.store.save_decision(decided)
    after = {"state": decided.state.value, "digest": decided.digest, "note": approver.note}
    await tx.audit(
        "plan.approval.decided",
        by=by,
        subject=_subject(decided),
        before={"state": asked.state.value},
        after={**after, "approval_number": decided.approval_number},
    )
    if decided.state is ApprovalState.APPROVED:
        await _announce(tx, decided, standing.snapshot)
    return decided


def _subject(request: ApprovalRequest) -> str:
    return f"projects/{request.project_id}/plan/approval-requests/{request.approval_id}"


async def _standing(store: PlannerStore, project_id: ProjectId) -> _Standing:
    current = await store.current_plan(project_id)
    settings = await store.settings(project_id)
    latest = None if current is None else current.latest(settings.plan)
    if current is None or current.snapshot is None or latest is None:
        raise NoPlan("This project has no plan yet, so there is nothing to approve.")
    return _Standing(
        snapshot=current.snapshot,
        latest=latest,
        allow_single_approver=settings.allow_single_approver,
        requests=await store.approval_requests(project_id),
    )


async def _announce(
    tx: Transaction[PlannerStore], approved: ApprovalRequest, snapshot: SnapshotHead
) -> None:
    if approved.decided is None or approved.approval_number is None:
        raise RuntimeError("An approved request has an approver and a number.")
    event = PlanApproved(
        project_id=approved.project_id,
        approval_id=approved.approval_id,
        approval_number=approved.approval_number,
        inventory_id=snapshot.based_on.inventory_id,
        inventory_number=snapshot.based_on.inventory_number,
        snapshot=SnapshotRef(
            id=snapshot.snapshot_id,
            record_count=snapshot.vm_count,
            page_count=snapshot.page_count,
            digest=snapshot.digest,
            path=snapshot.path,
        ),
        tenant_count=snapshot.tenant_count,
        vm_count=snapshot.vm_count,
        approved_at=approved.decided.at,
        approved_by=approved.decided.user_id,
    )
    await tx.publish(event, aggregate_version=approved.approval_number)
