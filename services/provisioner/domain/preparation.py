"""A preparation: an approved plan snapshot that may be provisioned."""

from dataclasses import dataclass
from datetime import datetime

from shared.kernel.ids import ApprovalId, InventoryId, ProjectId, SnapshotId, UserId


@dataclass(frozen=True, slots=True)
class Preparation:
    """What an approval allows. The counts are those of the snapshot, in scope only.

    ``inventory_number`` is None where the fact was stated before it told of that.
    """

    approval_id: ApprovalId
    approval_number: int
    project_id: ProjectId
    inventory_id: InventoryId
    snapshot_id: SnapshotId
    snapshot_digest: str
    snapshot_path: str
    page_count: int
    tenant_count: int
    vm_count: int
    approved_at: datetime
    approved_by: UserId
    inventory_number: int | None = None


def is_newer(candidate: Preparation, current: Preparation | None) -> bool:
    """Whether ``candidate`` replaces ``current``: approvals are numbered in their project.

    Deliveries may come late or twice; a lower or equal number changes nothing.
    """
    return current is None or candidate.approval_number > current.approval_number
