"""Approval requests: bound to a digest, decided by a second person."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from services.planner.domain.approval import (
    ApprovalRequest,
    ApprovalState,
    Asker,
    LatestSnapshot,
    Verdict,
    decide,
    request_approval,
)
from services.planner.domain.errors import (
    AlreadyApproved,
    AlreadyDecided,
    ApprovalPending,
    ApproverIsRequester,
    NotTheLatestSnapshot,
    PlanStale,
)
from shared.kernel.ids import ApprovalId, ProjectId, SnapshotId, UserId
from tests.services.planner.builders import an_id

AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
DANA = Asker(UserId(an_id("dana")), AT, "please")
KIM = Asker(UserId(an_id("kim")), AT, "fine")
LATEST = LatestSnapshot(SnapshotId(an_id("snapshot")), "a" * 64, is_stale=False)
NEWER = LatestSnapshot(SnapshotId(an_id("newer")), "b" * 64, is_stale=False)


def ask(
    *earlier: ApprovalRequest,
    latest: LatestSnapshot = LATEST,
    digest: str = LATEST.digest,
    single: bool = False,
) -> ApprovalRequest:
    return request_approval(
        ApprovalId(an_id(f"approval-{len(earlier)}")),
        ProjectId(an_id("project")),
        digest=digest,
        latest=latest,
        earlier=earlier,
        asker=DANA,
        allow_single_approver=single,
    )


def answer(
    request: ApprovalRequest,
    verdict: Verdict = Verdict.APPROVE,
    *,
    approver: Asker = KIM,
    latest: LatestSnapshot = LATEST,
    number: int = 1,
) -> ApprovalRequest:
    return decide(
        request,
        verdict,
        approver=approver,
        latest=latest,
        next_number=number,
    )


def test_a_request_is_bound_to_the_latest_snapshot() -> None:
    request = ask()
    assert (LATEST.snapshot_id, LATEST.digest) == (request.snapshot_id, request.digest)
    assert request.state is ApprovalState.PENDING


def test_an_older_digest_cannot_be_asked_for() -> None:
    with pytest.raises(NotTheLatestSnapshot):
        ask(digest="c" * 64)


def test_a_stale_plan_cannot_be_asked_for() -> None:
    with pytest.raises(PlanStale):
        ask(latest=replace(LATEST, is_stale=True))


def test_one_plan_waits_for_one_decision_only() -> None:
    with pytest.raises(ApprovalPending):
        ask(ask())


def test_a_second_person_approves_and_the_approval_is_numbered() -> None:
    approved = answer(ask(), number=7)
    assert (
        approved.state,
        approved.decided,
        approved.approval_number,
    ) == (ApprovalState.APPROVED, KIM, 7)


def test_the_requester_may_not_approve() -> None:
    with pytest.raises(ApproverIsRequester):
        answer(ask(), approver=DANA)


def test_the_requester_may_approve_where_the_project_allows_one_person() -> None:
    assert answer(ask(single=True), approver=DANA).state is ApprovalState.APPROVED


def test_the_requester_may_take_the_request_back() -> None:
    assert answer(ask(), Verdict.REJECT, approver=DANA).state is ApprovalState.REJECTED


def test_a_rejection_has_no_number_and_leaves_room_for_a_new_request() -> None:
    rejected = answer(ask(), Verdict.REJECT)
    assert rejected.approval_number is None
    assert ask(rejected).state is ApprovalState.PENDING


@pytest.mark.parametrize("verdict", Verdict)
@pytest.mark.parametrize("first", Verdict)
def test_a_decision_is_final(first: Verdict, verdict: Verdict) -> None:
    with pytest.raises(AlreadyDecided):
        answer(answer(ask(), first), verdict)


def test_a_request_is_stale_after_a_newer_snapshot_and_cannot_be_approved() -> None:
    request = ask()
    assert request.is_stale(NEWER)
    with pytest.raises(NotTheLatestSnapshot):
        answer(request, latest=NEWER)


def test_a_stale_request_can_still_be_rejected() -> None:
    assert answer(ask(), Verdict.REJECT, latest=NEWER).state is ApprovalState.REJECTED


def test_a_change_of_settings_blocks_the_approval() -> None:
    with pytest.raises(PlanStale):
        answer(ask(), latest=replace(LATEST, is_stale=True))


def test_the_plan_approved_last_is_not_asked_for_again() -> None:
    with pytest.raises(AlreadyApproved):
        ask(answer(ask()))


def test_a_plan_approved_earlier_can_be_asked_for_again_to_return_to_it() -> None:
    first = answer(ask(), number=1)
    second = answer(ask(first, latest=NEWER, digest=NEWER.digest), latest=NEWER, number=2)
    assert ask(first, second).state is ApprovalState.PENDING
