"""``inventory.imported``: a workbook has been read completely and its rows are stored."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts.envelope import EventData
from shared.contracts.snapshots import SnapshotRef


class InventoryImported(EventData):
    """An inventory is ready. Its VMs are the records (``vm.v1``) of ``snapshot``."""

    TYPE: ClassVar[str] = "inventory.imported"

    project_id: UUID
    inventory_id: UUID
    inventory_number: int = Field(ge=1, description="1 for a project's first inventory, then 2, …")
    snapshot: SnapshotRef
    imported_at: datetime

    @property
    def subject(self) -> str:
        """The project: its inventories follow one another by number."""
        return f"projects/{self.project_id}"
