"""An assessment as a piece of work on one inventory."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from shared.kernel.ids import AssessmentId, InventoryId, JobId, ProjectId, SnapshotId


@dataclass(frozen=True, slots=True)
class SourceSnapshot:
    """Where ingest keeps the inventory's VMs."""

    id: SnapshotId
    path: str
    digest: str
    record_count: int
    page_count: int


@dataclass(frozen=True, slots=True)
class Inventory:
    """An imported inventory; ``number`` counts from 1 within its project."""

    id: InventoryId
    project_id: ProjectId
    number: int
    imported_at: datetime
    snapshot: SourceSnapshot


class Cause(StrEnum):
    """What an assessment was queued for."""

    IMPORT = "import"
    RULES = "rules"
    TENANTS = "tenants"
    WAIVERS = "waivers"
    NETWORKS = "networks"


@dataclass(frozen=True, slots=True)
class AssessmentRun:
    """The assessment of ``inventory``, and how far it is. Its snapshot has its id.

    ``number`` counts from 1 within the project; one that was superseded keeps its number. Once it
    ``is_begun`` it has read what people decided, and goes by the rules of ``rules_version``: a
    decision made later needs another assessment.
    """

    id: AssessmentId
    number: int
    inventory: Inventory
    job_id: JobId
    pages_done: int = 0
    vms_done: int = 0
    cause: Cause = Cause.IMPORT
    rules_version: int | None = None
    is_superseded: bool = False
    is_forgotten: bool = False
    """Its inventory was cleared away; only its number counts."""
    completed_at: datetime | None = None

    @property
    def is_begun(self) -> bool:
        """Whether it has read what people decided."""
        return self.rules_version is not None


def is_news(inventory: Inventory, newest: AssessmentRun | None) -> bool:
    """Whether ``inventory`` is newer than what the project's newest assessment is based on.

    Deliveries may come late, twice or in any order; a lower or equal number changes nothing.
    """
    return newest is None or inventory.number > newest.inventory.number
