"""``plan.approved``: a frozen plan snapshot may be provisioned."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts.envelope import EventData
from shared.contracts.snapshots import SnapshotRef


class PlanApproved(EventData):
    """A plan snapshot is approved; the approval is bound to ``snapshot.digest``."""

    TYPE: ClassVar[str] = "plan.approved"

    project_id: UUID
    approval_id: UUID
    approval_number: int = Field(ge=1, description="1 for a project's first approval")
    inventory_id: UUID
    inventory_number: int | None = Field(
        default=None, ge=1, description="Null in facts that were stated before it existed"
    )
    snapshot: SnapshotRef
    tenant_count: int = Field(ge=0)
    vm_count: int = Field(ge=0)
    approved_at: datetime
    approved_by: UUID = Field(description="User id of the approver, never a name")

    @property
    def subject(self) -> str:
        """The project: its approvals follow one another by number."""
        return f"projects/{self.project_id}"
