"""What the use cases need from outside."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.planner.domain.approval import ApprovalRequest
from services.planner.domain.project import CurrentPlan, ProjectSettings
from services.planner.domain.snapshot import BasedOn
from services.planner.domain.vms import Vm
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from shared.kernel.ids import AssessmentId, JobId, ProjectId, SnapshotId, VmId


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """An assessment that was announced, and how many of its pages are merged."""

    project_id: ProjectId
    based_on: BasedOn
    snapshot: SnapshotRef
    pages_merged: int = 0


@dataclass(frozen=True, slots=True)
class VmDetails:
    """What a plan shows of a VM and does not depend on."""

    name: str
    cluster: str | None
    os_family: str
    os_text: str | None
    networks: list[str]
    risk_score: int
    disk_count: int | None = None
    nic_count: int | None = None


class AssessedSnapshots(Protocol):
    """The assessed snapshots of the assessment service."""

    async def manifest(self, ref: SnapshotRef) -> SnapshotManifest:
        """The manifest that ``ref`` promises. Raises NotFound, Invalid, Unavailable."""
        ...

    async def page(self, ref: SnapshotRef, manifest: SnapshotManifest, number: int) -> bytes:
        """Page ``number``, from 0. Raises NotFound, Unavailable."""
        ...


class PlannerStore(Protocol):
    """Everything the planner owns, inside one transaction."""

    async def settings(self, project_id: ProjectId) -> ProjectSettings:
        """The project's settings; the defaults, version 1, if nobody has changed them."""
        ...

    async def save_settings(
        self, project_id: ProjectId, settings: ProjectSettings, *, by: str
    ) -> bool:
        """Store ``settings`` if their version is one above the stored one; else False."""
        ...

    async def current_plan(self, project_id: ProjectId) -> CurrentPlan | None:
        """The project's plan, locked until the transaction ends; None before an assessment."""
        ...

    async def announce(self, assessment: Assessment) -> None:
        """Remember an assessment. Doing it twice changes nothing."""
        ...

    async def plan_with(self, project_id: ProjectId, assessment: BasedOn, job_id: JobId) -> None:
        """Say which assessment is the project's newest and which job plans it."""
        ...

    async def assessment(self, assessment_id: AssessmentId) -> Assessment | None:
        """An announced assessment; None once a newer one has replaced it."""
        ...

    async def merge_page(
        self, assessment_id: AssessmentId, number: int, vms: Sequence[tuple[object, ...]]
    ) -> bool:
        """Add page ``number`` to the read model; False if it is not the next one any more."""
        ...

    def vms(self, assessment_id: AssessmentId) -> AsyncIterator[Sequence[Vm]]:
        """The in-scope VMs, some at a time."""
        ...

    async def excluded(self, assessment_id: AssessmentId) -> dict[str, int]:
        """How many VMs are not in scope, by reason."""
        ...

    async def details(
        self, assessment_id: AssessmentId, vm_ids: Sequence[VmId]
    ) -> dict[VmId, VmDetails]:
        """What the plan shows of these VMs."""
        ...

    async def find_snapshot(self, project_id: ProjectId, digest: str) -> SnapshotId | None:
        """The project's snapshot with this content."""
        ...

    async def add_snapshot(
        self,
        project_id: ProjectId,
        manifest: SnapshotManifest,
        pages: Sequence[bytes],
        *,
        digest: str,
    ) -> None:
        """Freeze a plan whose manifest has this ``digest``."""
        ...

    async def set_latest(self, project_id: ProjectId, snapshot_id: SnapshotId) -> None:
        """Make this the project's latest plan, and forget the read models before its own."""
        ...

    async def approval_requests(self, project_id: ProjectId) -> list[ApprovalRequest]:
        """All requests of the project, oldest first."""
        ...

    async def add_approval_request(self, request: ApprovalRequest) -> None:
        """Store a new request."""
        ...

    async def save_decision(self, request: ApprovalRequest) -> None:
        """Store the decision of a request."""
        ...

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove what followed from the project's inventories with numbers up to ``through``; for
        None everything of the project."""
        ...
