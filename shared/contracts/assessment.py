"""``assessment.completed``: every VM of an inventory has a tenant, a risk and a mode."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts.envelope import EventData
from shared.contracts.snapshots import SnapshotRef


class AssessmentCompleted(EventData):
    """An assessment is complete. Its VMs are the records (``assessed-vm.v1``) of ``snapshot``."""

    TYPE: ClassVar[str] = "assessment.completed"

    project_id: UUID
    assessment_id: UUID
    assessment_number: int = Field(ge=1, description="1 for a project's first assessment")
    inventory_id: UUID
    inventory_number: int = Field(ge=1)
    imported_at: datetime
    snapshot: SnapshotRef
    tenant_count: int = Field(ge=0)
    completed_at: datetime

    @property
    def subject(self) -> str:
        """The project: its assessments follow one another by number."""
        return f"projects/{self.project_id}"
