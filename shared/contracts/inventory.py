"""``inventory.imported``: a workbook has been read completely and its rows are stored."""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts.envelope import EventData
from shared.contracts.snapshots import SnapshotRef


class ImportMode(StrEnum):
    """What an import does with what was decided on VMs and tenants of the one before it."""

    MERGE = "merge"
    """Decisions on VMs that are recognised stay."""
    REPLACE = "replace"
    """Everything keyed to a VM or a tenant goes; settings and rules stay."""


class InventoryImported(EventData):
    """An inventory is ready. Its VMs are the records (``vm.v1``) of ``snapshot``."""

    TYPE: ClassVar[str] = "inventory.imported"

    project_id: UUID
    inventory_id: UUID
    inventory_number: int = Field(ge=1, description="1 for a project's first inventory, then 2, …")
    snapshot: SnapshotRef
    imported_at: datetime
    mode: ImportMode = Field(
        default=ImportMode.MERGE,
        description="merge: what was decided on VMs and tenants of the import before stays where "
        "they are recognised; replace: it goes",
    )

    @property
    def subject(self) -> str:
        """The project: its inventories follow one another by number."""
        return f"projects/{self.project_id}"
