"""Asking for, giving and refusing the approval of a plan (decision 29).

A request is bound to the digest of the latest snapshot. It is stale as soon as that snapshot is
not the latest any more, or settings or facts have changed since; a stale one cannot be decided.
Whether one person may both ask and approve is settled when it is asked: a later change of the
project's rule neither loosens nor tightens a request that waits.

pending → approved | rejected
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from services.planner.domain.errors import (
    AlreadyApproved,
    AlreadyDecided,
    ApprovalPending,
    ApproverIsRequester,
    NotTheLatestSnapshot,
    PlanStale,
)
from shared.kernel.ids import ApprovalId, ProjectId, SnapshotId, UserId


class ApprovalState(StrEnum):
    """Where a request stands."""

    PENDING = "pending"
    APPROVED = "approved"
    REJECTED = "rejected"


class Verdict(StrEnum):
    """What the approver says."""

    APPROVE = "approve"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class LatestSnapshot:
    """A project's latest snapshot; ``is_stale`` if settings or facts changed after it."""

    snapshot_id: SnapshotId
    digest: str
    is_stale: bool


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks or decides, when, and what they add."""

    user_id: UserId
    at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalRequest:
    """One request. ``approval_number`` counts a project's approvals, None unless approved.

    ``allow_single_approver`` is the project's rule when it was asked.
    """

    approval_id: ApprovalId
    project_id: ProjectId
    snapshot_id: SnapshotId
    digest: str
    requested: Asker
    allow_single_approver: bool
    state: ApprovalState = ApprovalState.PENDING
    decided: Asker | None = None
    approval_number: int | None = None

    def is_stale(self, latest: LatestSnapshot | None) -> bool:
        """True if the request is not about what the plan is now."""
        return latest is None or latest.is_stale or latest.digest != self.digest


def request_approval(
    approval_id: ApprovalId,
    project_id: ProjectId,
    *,
    digest: str,
    latest: LatestSnapshot,
    earlier: Sequence[ApprovalRequest],
    asker: Asker,
    allow_single_approver: bool,
) -> ApprovalRequest:
    """A new request for the snapshot with ``digest``.

    Raises:
        NotTheLatestSnapshot, PlanStale: it is not what the plan is now.
        ApprovalPending: the snapshot waits for a decision already.
        AlreadyApproved: it is the one approved last.
    """
    _check_current(digest, latest)
    for other in earlier:
        if other.digest == digest and other.state is ApprovalState.PENDING:
            raise ApprovalPending(
                "This plan already waits for a decision.",
                context={"approval_id": str(other.approval_id)},
            )
    last = max(earlier, key=lambda request: request.approval_number or 0, default=None)
    if last is not None and last.approval_number is not None and last.digest == digest:
        raise AlreadyApproved(
            "This plan is approved already.", context={"approval_id": str(last.approval_id)}
        )
    return ApprovalRequest(
        approval_id=approval_id,
        project_id=project_id,
        snapshot_id=latest.snapshot_id,
        digest=digest,
        requested=asker,
        allow_single_approver=allow_single_approver,
    )


def decide(
    request: ApprovalRequest,
    verdict: Verdict,
    *,
    approver: Asker,
    latest: LatestSnapshot,
    next_number: int,
) -> ApprovalRequest:
    """The request with its decision; an approval gets ``next_number``.

    Raises:
        AlreadyDecided: it has one.
        NotTheLatestSnapshot, PlanStale: the plan has changed since it was asked.
        ApproverIsRequester: the same person asked, and the project wanted two then. Taking one's
            own request back by rejecting it is allowed.
    """
    if request.state is not ApprovalState.PENDING:
        raise AlreadyDecided(f"This request is {request.state} already.")
    if verdict is Verdict.REJECT:
        return replace(request, state=ApprovalState.REJECTED, decided=approver)
    _check_current(request.digest, latest)
    if approver.user_id == request.requested.user_id and not request.allow_single_approver:
        raise ApproverIsRequester(
            "Whoever asks for an approval cannot give it. Ask a second person with the permission "
            "migration:approve. The rule is the one that held when this approval was asked for."
        )
    return replace(
        request, state=ApprovalState.APPROVED, decided=approver, approval_number=next_number
    )


def _check_current(digest: str, latest: LatestSnapshot) -> None:
    if digest != latest.digest:
        raise NotTheLatestSnapshot(
            "There is a newer plan than the one with this digest. Look at it, then ask again.",
            context={"latest_digest": latest.digest},
        )
    if latest.is_stale:
        raise PlanStale(
            "Settings or facts have changed since this plan was made. Build it again first."
        )
