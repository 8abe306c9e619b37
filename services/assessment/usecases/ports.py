"""What the use cases need from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.assessment.domain.runs import AssessmentRun
from services.assessment.domain.totals import Totals
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from shared.kernel.ids import AssessmentId, ProjectId, TenantId


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant by its stable id, spelt as when it was first seen."""

    id: TenantId
    name: str
    org_vdc: str | None


@dataclass(frozen=True, slots=True)
class AssessedPage:
    """Page ``number`` (from 0) of an assessed snapshot: its bytes, and the same VMs as records.

    ``records`` have the fields of ``AssessedVmRecord``; ``source`` is the inventory's page with the
    same VMs in the same order.
    """

    number: int
    content: bytes
    records: Sequence[Mapping[str, Any]]
    source: bytes


class AssessmentStore(Protocol):
    """Assessments inside one transaction."""

    async def newest(self, project_id: ProjectId) -> AssessmentRun | None:
        """The project's assessment with the highest number; the project's others wait for this
        transaction."""
        ...

    async def add(self, run: AssessmentRun) -> None:
        """Add a queued assessment."""
        ...

    async def supersede(self, project_id: ProjectId, *, before: int) -> None:
        """Stop the project's unfinished assessments with numbers under ``before``, for good."""
        ...

    async def get(self, assessment_id: AssessmentId) -> AssessmentRun:
        """The assessment. Raises NotFound."""
        ...

    async def tenants(
        self, project_id: ProjectId, detected: Sequence[Tenant]
    ) -> Mapping[TenantId, Tenant]:
        """The tenants with the ids of ``detected``, added where they are new."""
        ...

    async def add_page(self, assessment_id: AssessmentId, page: AssessedPage) -> None:
        """Store a page and its source, its VMs for the API, and that it is done."""
        ...

    async def page_digests(self, assessment_id: AssessmentId) -> Sequence[str]:
        """SHA-256 (hex) of the stored pages, in order."""
        ...

    async def index_vms(self, assessment_id: AssessmentId) -> None:
        """Make the VMs of all pages ready to be listed in any order."""
        ...

    async def add_up(self, assessment_id: AssessmentId) -> Totals:
        """Store the totals of each tenant; give those of the whole."""
        ...

    async def complete(
        self,
        assessment_id: AssessmentId,
        *,
        manifest: SnapshotManifest,
        totals: Totals,
        completed_at: datetime,
    ) -> None:
        """The assessment is complete: its snapshot may be pulled, its VMs listed."""
        ...

    async def forget_others(self, run: AssessmentRun) -> None:
        """Remove what only served the API of the project's earlier assessments, and the pages of
        those that were never completed."""
        ...

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove what followed from the project's inventories with numbers up to ``through``; for
        None everything of the project."""
        ...


class InventorySnapshots(Protocol):
    """The snapshots of ingest; :class:`shared.http.pages.SnapshotClient` is one."""

    async def manifest(self, ref: SnapshotRef) -> SnapshotManifest:
        """The manifest that ``ref`` promises."""
        ...

    async def page(self, ref: SnapshotRef, manifest: SnapshotManifest, number: int) -> bytes:
        """Page ``number``, from 0."""
        ...
