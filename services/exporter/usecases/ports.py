"""What the use cases need from outside."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from services.exporter.domain.exports import Content, Export, Format, PlanSnapshot
from services.exporter.domain.json_values import Document
from shared.contracts.snapshots import SnapshotManifest
from shared.kernel.ids import ExportId, JobId, ProjectId


@dataclass(frozen=True, slots=True)
class KnownExport:
    """A stored export; ``has_failed`` if its job ended without rendering it."""

    export: Export
    has_failed: bool


class ExportStore(Protocol):
    """Exports inside one transaction."""

    async def find(
        self, project_id: ProjectId, snapshot: PlanSnapshot, format_: Format, template_version: int
    ) -> KnownExport | None:
        """The project's export of this plan; others who ask for it wait for this transaction."""
        ...

    async def add(self, export: Export) -> None:
        """Add an export that is not rendered."""
        ...

    async def set_job(self, export_id: ExportId, job_id: JobId) -> None:
        """Another job renders it now."""
        ...

    async def get(self, export_id: ExportId) -> Export:
        """The export. Raises NotFound."""
        ...

    async def complete(
        self, export_id: ExportId, content: Content, chunks: Iterable[bytes]
    ) -> None:
        """Store what was rendered, piece by piece."""
        ...

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove what followed from the project's inventories with numbers up to ``through``; for
        None everything of the project."""
        ...


class PlanSnapshots(Protocol):
    """The planner's frozen plans."""

    async def manifest(self, snapshot: PlanSnapshot) -> SnapshotManifest:
        """The manifest with the snapshot's digest.

        Raises:
            NotFound: there is no such snapshot.
            Invalid: it has another digest.
            Unavailable: the planner does not answer now.
        """
        ...

    async def page(self, manifest: SnapshotManifest, number: int) -> bytes:
        """Page ``number`` (from 0), its digest checked. Raises as :meth:`manifest` does."""
        ...


class DocumentWriter(Protocol):
    """Writes a plan as a file."""

    def __call__(
        self, path: Path, header: Document, vms: Iterable[Document], *, digest: str
    ) -> None:
        """Write to ``path``; ``vms`` is read once, and never kept as a whole."""
        ...
