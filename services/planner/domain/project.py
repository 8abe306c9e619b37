"""What the planner knows of a project: its settings, and whether its latest plan still holds."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from services.planner.domain.approval import LatestSnapshot
from services.planner.domain.settings import PlanSettings
from services.planner.domain.snapshot import BasedOn
from shared.kernel.ids import JobId, ProjectId, SnapshotId


class StaleReason(StrEnum):
    """Why a plan is not what it would be if it were made now."""

    SETTINGS_CHANGED = "settings_changed"
    NEWER_ASSESSMENT = "newer_assessment"


@dataclass(frozen=True, slots=True)
class ProjectSettings:
    """A project's settings. ``version`` 1 means that nobody has changed the defaults yet."""

    plan: PlanSettings
    allow_single_approver: bool
    version: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotHead:
    """A frozen plan without its contents. ``path`` is where other services pull it."""

    snapshot_id: SnapshotId
    digest: str
    path: str
    settings: PlanSettings
    based_on: BasedOn
    vm_count: int
    tenant_count: int
    page_count: int
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentPlan:
    """A project's newest assessment, the job that plans it, and the latest plan, if any."""

    project_id: ProjectId
    assessment: BasedOn
    job_id: JobId
    snapshot: SnapshotHead | None

    def stale_because(self, settings: PlanSettings) -> list[StaleReason]:
        """Why the latest plan does not hold any more; empty if it does, or if there is none."""
        if self.snapshot is None:
            return []
        reasons = {
            StaleReason.SETTINGS_CHANGED: self.snapshot.settings != settings,
            StaleReason.NEWER_ASSESSMENT: (
                self.snapshot.based_on.assessment_number < self.assessment.assessment_number
            ),
        }
        return [reason for reason, holds in reasons.items() if holds]

    def latest(self, settings: PlanSettings) -> LatestSnapshot | None:
        """The latest plan as approvals see it."""
        if self.snapshot is None:
            return None
        is_stale = bool(self.stale_because(settings))
        return LatestSnapshot(self.snapshot.snapshot_id, self.snapshot.digest, is_stale)
