"""What the use cases need from outside."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from services.ingest.domain.inventory import Counts, Inventory
from services.ingest.domain.project import Project
from shared.contracts.snapshots import SnapshotManifest
from shared.kernel.ids import InventoryId, ProjectId


class IngestStore(Protocol):
    """Projects, uploads and inventories inside one transaction."""

    async def add_project(self, project: Project) -> None:
        """Add a project."""
        ...

    async def project(self, project_id: ProjectId) -> Project:
        """The project. Raises NotFound ``project-not-found``."""
        ...

    async def replace_project(self, project: Project, *, expected_version: int) -> None:
        """Store ``project``. Raises PreconditionFailed when it changed since."""
        ...

    async def begin_upload(self, inventory_id: InventoryId, project_id: ProjectId) -> None:
        """Make room for the bytes of an upload. Raises as :meth:`next_number` does."""
        ...

    async def add_chunks(self, inventory_id: InventoryId, chunks: Mapping[int, bytes]) -> None:
        """Add pieces by position.

        Raises:
            Invalid: the upload was swept away meanwhile; code ``upload-expired``.
        """
        ...

    async def forget_upload(self, inventory_id: InventoryId) -> None:
        """Remove the bytes of an upload."""
        ...

    async def forget_abandoned_uploads(self) -> None:
        """Remove some of the bytes that nobody sent to their end, or needs any more."""
        ...

    async def former_inventory(self, project_id: ProjectId, *, sha256: str) -> Inventory | None:
        """The project's newest inventory of the same workbook that is ready, or else is still
        being imported."""
        ...

    async def next_number(self, project_id: ProjectId) -> int:
        """The number of the project's next inventory; others wait for this transaction.

        Raises:
            NotFound: there is no such project.
            Conflict: it is archived; code ``project-archived``.
        """
        ...

    async def highest_number(self, project_id: ProjectId) -> int:
        """The highest number that an inventory of the project ever had; 0 if there was none."""
        ...

    async def remove_inventories(self, project_id: ProjectId, *, at: datetime) -> None:
        """Take all inventories of the project out of sight, and stop their imports."""
        ...

    async def removed_inventories(self, project_id: ProjectId) -> Sequence[InventoryId]:
        """Those that are out of sight and still there."""
        ...

    async def add_inventory(self, inventory: Inventory) -> None:
        """Add an inventory whose rows are not there yet."""
        ...

    async def inventory(self, inventory_id: InventoryId) -> Inventory:
        """The inventory. Raises NotFound ``inventory-not-found``."""
        ...

    async def store_rows(self, inventory_id: InventoryId, parsed: "ParsedWorkbook") -> None:
        """Store the rows of all tables and the snapshot pages from the parser's files."""
        ...

    async def complete(
        self,
        inventory_id: InventoryId,
        *,
        parsed: "ParsedWorkbook",
        imported_at: datetime,
    ) -> None:
        """The inventory is ready: its report and its snapshot's manifest."""
        ...

    async def manifest(self, inventory_id: InventoryId) -> SnapshotManifest | None:
        """The manifest of its snapshot; None before its rows are stored."""
        ...

    async def applied(self, project_id: ProjectId) -> Inventory | None:
        """The inventory that the project works with; others who apply one wait."""
        ...

    async def apply(self, inventory: Inventory) -> None:
        """Remember that the inventory is applied, and how."""
        ...

    async def has_ended(self, inventory: Inventory) -> bool:
        """Whether its import has ended, well or badly."""
        ...

    async def forget_inventory(self, inventory_id: InventoryId) -> None:
        """Remove an inventory with everything that it holds."""
        ...


class ParsedWorkbook(Protocol):
    """What the parser made of a workbook: files to store, nothing in memory."""

    @property
    def counts(self) -> Counts:
        """Rows in the files."""
        ...

    @property
    def manifest(self) -> SnapshotManifest:
        """The snapshot's table of contents."""
        ...

    @property
    def report(self) -> Mapping[str, Any]:
        """The import report, JSON."""
        ...

    def rows(self, table: str) -> Path:
        """Rows of ``table`` in COPY's text format."""
        ...

    def page(self, number: int) -> Path:
        """Snapshot page ``number``, from 0."""
        ...


OnProgress = Callable[[Mapping[str, Any]], Awaitable[None]]


class WorkbookReader(Protocol):
    """Reads a workbook where it can do no harm."""

    async def read(
        self, folder: Path, inventory: Inventory, on_progress: OnProgress
    ) -> ParsedWorkbook:
        """The workbook in ``folder``, parsed.

        Raises:
            Invalid, Unsupported, TooLarge: it is refused; the text says why and what to do.
        """
        ...
