"""Bodies of plans and approvals. Figures of a plan are those of its snapshot, to the digit."""

from datetime import date
from enum import StrEnum
from typing import Self
from uuid import UUID

from pydantic import Field

from services.planner.domain.approval import ApprovalRequest, ApprovalState, LatestSnapshot, Verdict
from services.planner.domain.bandwidth import Constraint
from services.planner.domain.project import SnapshotHead, StaleReason
from services.planner.persistence.queries import PlanView
from shared.contracts.records import ModeClass, RiskBand
from shared.db.jobs import JobState
from shared.http.models import ReplyModel, RequestModel, UtcTime
from shared.http.operations import OperationError, operation_path, present_operation


class PlanState(StrEnum):
    """Where the newest build of a plan stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


_STATES = {
    JobState.QUEUED: PlanState.QUEUED,
    JobState.RUNNING: PlanState.RUNNING,
    JobState.SUCCEEDED: PlanState.COMPLETE,
    JobState.FAILED: PlanState.FAILED,
    JobState.CANCELLED: PlanState.CANCELLED,
}


class BasedOnReply(ReplyModel):
    """The facts of a plan."""

    inventory_id: UUID
    inventory_number: int
    assessment_id: UUID
    assessment_number: int
    imported_at: UtcTime


class SnapshotReply(ReplyModel):
    """A frozen plan. Equal input gives an equal digest, and the same snapshot."""

    id: UUID
    digest: str = Field(description="SHA-256 of the content; approvals are bound to it")
    vm_count: int
    tenant_count: int
    created_at: UtcTime

    @classmethod
    def of(cls, head: SnapshotHead) -> Self:
        """``head`` as a reply."""
        return cls(
            id=head.snapshot_id,
            digest=head.digest,
            vm_count=head.vm_count,
            tenant_count=head.tenant_count,
            created_at=head.created_at,
        )


class TotalsReply(ReplyModel):
    """Sums over VMs in scope. Figures missing in the workbook count as 0."""

    vms: int
    powered_off: int
    vcpus: int
    memory_gib: float
    disk_gib: float
    used_gib: float
    copy_gib: float = Field(description="What has to be copied, changes while copying included")
    downtime_h: float = Field(description="Sum of the VMs' uncontended downtimes")
    warm: int
    cold: int
    mode_classes: dict[ModeClass, int]
    risk_bands: dict[RiskBand, int]


class DeadlineReply(ReplyModel):
    """Whether the plan ends within the project's duration."""

    last_date: date
    working_days: int = Field(description="Working days until then")
    needed_working_days: int
    is_met: bool
    late_by_working_days: int


class UnknownReply(ReplyModel):
    """How many VMs lack a figure in the workbook."""

    vcpus: int
    memory: int
    disk: int
    used: int


class PlanSummary(TotalsReply):
    """What the plan adds up to."""

    tenants: int
    start_date: date | None = Field(description="Local date in the project's time zone")
    finish_date: date | None = Field(description="Local date; null for a plan without VMs")
    working_days: int
    deadline: DeadlineReply | None
    bottleneck: Constraint
    bottleneck_mbit_s: float
    warm_not_convergent: int = Field(
        description="Warm VMs that change faster than they copy, estimated as cold"
    )
    unknown: UnknownReply
    excluded: dict[str, int] = Field(description="VMs left out of every total, by reason")
    counted: str = Field(description="What was counted, in words")


class RateLimitReply(ReplyModel):
    """One part of the way from source to target."""

    constraint: Constraint
    rate_mbit_s: float | None = Field(description="null: limits nothing")
    explanation: str
    settings: list[str] = Field(description="Plan settings that change it")


class BandwidthReply(ReplyModel):
    """How fast data can flow, and what binds."""

    bottleneck: Constraint
    bottleneck_mbit_s: float
    limits: list[RateLimitReply]
    efficiency: float
    pipe_mbit_s: float = Field(description="Efficiency times bottleneck: all streams together")
    stream_cap_mbit_s: float
    lone_stream_gib_h: float
    lone_stream_bound_by: str


class AgentsReply(ReplyModel):
    """The recommended agents; the schedule uses the configured ones."""

    agents: int
    slots: int
    vcpus_per_agent: int
    memory_gib_per_agent: float
    disk_gib_per_agent: float
    because: str


class PlanReply(ReplyModel):
    """A project's plan: the newest build, and the latest frozen plan."""

    project_id: UUID
    state: PlanState = Field(description="Of the newest build")
    based_on: BasedOnReply = Field(
        description="Facts of the snapshot; before there is one, of the build under way"
    )
    operation: str = Field(description="Path of the newest build: watch, cancel, retry")
    error: OperationError | None
    stale: bool = Field(description="The snapshot is not what would be planned now")
    stale_because: list[StaleReason]
    snapshot: SnapshotReply | None = Field(description="The latest frozen plan")
    summary: PlanSummary | None
    bandwidth: BandwidthReply | None
    agents: AgentsReply | None

    @classmethod
    def of(cls, view: PlanView) -> Self:
        """``view`` as a reply."""
        current, header = view.current, view.header
        snapshot = current.snapshot
        reasons = current.stale_because(view.settings.plan)
        return cls(
            project_id=current.project_id,
            state=_STATES[view.job.state],
            based_on=BasedOnReply.model_validate(
                snapshot.based_on if snapshot else current.assessment
            ),
            operation=operation_path("planner", current.job_id),
            error=present_operation("planner", view.job).error,
            stale=bool(reasons),
            stale_because=reasons,
            snapshot=SnapshotReply.of(snapshot) if snapshot else None,
            summary=PlanSummary.model_validate(header["summary"]) if header else None,
            bandwidth=BandwidthReply.model_validate(header["bandwidth"]) if header else None,
            agents=AgentsReply.model_validate(header["agents"]) if header else None,
        )


class PlannedTenant(TotalsReply):
    """A tenant's sums and its span in the schedule."""

    tenant_id: UUID
    name: str
    org_vdc: str | None
    first_day: int
    last_day: int
    start: UtcTime
    end: UtcTime


class PlannedDay(ReplyModel):
    """One working day of the schedule."""

    day: int
    date: date
    opens: UtcTime
    closes: UtcTime
    starts: int = Field(description="VMs that start")
    ends: int = Field(description="VMs whose cut-over ends")
    copied_gib: float
    slots_busy_max: int
    slot_utilisation_pct: float
    pipe_utilisation_pct: float


class ScheduleReply(ReplyModel):
    """The working days of the latest plan."""

    snapshot_id: UUID
    time_zone: str
    days: list[PlannedDay]


class NewApprovalRequest(RequestModel):
    """Asks for the approval of the latest plan."""

    snapshot_digest: str = Field(pattern="^[0-9a-f]{64}$", description="The digest you looked at")
    note: str | None = Field(None, max_length=2000)


class Decision(RequestModel):
    """The decision on a request."""

    decision: Verdict
    note: str | None = Field(None, max_length=2000)


class ApprovalReply(ReplyModel):
    """A request for approval and what became of it."""

    id: UUID
    project_id: UUID
    snapshot_id: UUID
    snapshot_digest: str
    state: ApprovalState
    stale: bool = Field(description="The plan has changed since; it can only be rejected")
    requested_by: UUID
    requested_at: UtcTime
    note: str | None
    decided_by: UUID | None
    decided_at: UtcTime | None
    decision_note: str | None
    approval_number: int | None = Field(description="1 for the project's first approval")

    @classmethod
    def of(cls, request: ApprovalRequest, latest: LatestSnapshot | None) -> Self:
        """``request`` as it stands against the ``latest`` plan."""
        decided = request.decided
        return cls(
            id=request.approval_id,
            project_id=request.project_id,
            snapshot_id=request.snapshot_id,
            snapshot_digest=request.digest,
            state=request.state,
            stale=request.is_stale(latest),
            requested_by=request.requested.user_id,
            requested_at=request.requested.at,
            note=request.requested.note,
            decided_by=decided.user_id if decided else None,
            decided_at=decided.at if decided else None,
            decision_note=decided.note if decided else None,
            approval_number=request.approval_number,
        )
