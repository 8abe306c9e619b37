"""What the use cases need from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.assessment.domain.networks import NetworkUse
from services.assessment.domain.runs import AssessmentRun
from services.assessment.domain.totals import Totals
from services.assessment.usecases.decision_ports import (
    ChosenVms,
    DecisionCounts,
    NetworkStore,
    PreviewStore,
    RuleStore,
    TenantStore,
    WaiverStore,
)
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from shared.kernel.ids import AssessmentId, ProjectId


@dataclass(frozen=True, slots=True)
class AssessedPage:
    """Page ``number`` (from 0) of an assessed snapshot: its bytes, and the same VMs as records.

    ``records`` have the fields of ``AssessedVmRecord``; ``source`` is the inventory's page with the
    same VMs in the same order; ``network_uses`` are of those in scope.
    """

    number: int
    content: bytes
    records: Sequence[Mapping[str, Any]]
    source: bytes
    network_uses: Sequence[NetworkUse] = ()


class AssessmentStore(Protocol):
    """Assessments, and what they go by, inside one transaction."""

    @property
    def rules(self) -> RuleStore:
        """The rules of projects."""
        ...

    @property
    def tenants(self) -> TenantStore:
        """Tenants, their keys, and VMs assigned by hand."""
        ...

    @property
    def waivers(self) -> WaiverStore:
        """Findings that are let pass."""
        ...

    @property
    def networks(self) -> NetworkStore:
        """Networks, and the classes that people gave them."""
        ...

    @property
    def vms(self) -> ChosenVms:
        """The VMs that people decide about."""
        ...

    @property
    def previews(self) -> PreviewStore:
        """Previews of rules."""
        ...

    async def decisions(self, project_id: ProjectId) -> DecisionCounts:
        """How much people have decided of the project."""
        ...

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

    async def newest_held(self, project_id: ProjectId) -> AssessmentRun | None:
        """As :meth:`newest`; its worker, if it has one, waits for this transaction too."""
        ...

    async def can_begin(self, run: AssessmentRun) -> bool:
        """Whether ``run`` has not begun and will, without anybody's doing."""
        ...

    async def begin(self, assessment_id: AssessmentId, *, rules_version: int) -> None:
        """From here on the assessment goes by what is decided now."""
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
        """Store the totals of each tenant and network; give those of the whole."""
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
        """Remove what only served the API of the project's earlier assessments, the pages of those
        that were never completed, and all but the newest complete ones of the same inventory."""
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
