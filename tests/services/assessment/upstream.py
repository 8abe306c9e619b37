"""Ingest, as far as the assessment sees it: snapshots behind the port."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from shared.contracts.inventory import InventoryImported
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import (
    SnapshotManifest,
    SnapshotRef,
    encode_page,
    page_sha256,
    paged,
)
from shared.http.pages import snapshot_path
from shared.kernel.errors import NotFound, Unavailable

PROJECT = UUID("0193a1b2-0000-7000-8000-000000000001")
IMPORTED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class FakeIngest:
    """Serves the snapshots it has made; can be made to fail at one page."""

    def __init__(self) -> None:
        self.pages_served: list[int] = []
        self.fails_at: int | None = None
        self._snapshots: dict[UUID, tuple[SnapshotManifest, list[bytes]]] = {}

    def imports(
        self,
        vms: Sequence[VmRecord],
        *,
        number: int = 1,
        project_id: UUID = PROJECT,
        per_page: int = 4,
        record_schema: str = VmRecord.SCHEMA,
        record_count: int | None = None,
    ) -> InventoryImported:
        """The fact that a workbook with these VMs has been imported."""
        pages = [encode_page(page) for page in paged(vms, per_page)]
        manifest = SnapshotManifest(
            id=uuid4(),
            record_schema=record_schema,
            record_count=len(vms) if record_count is None else record_count,
            page_sha256=[page_sha256(page) for page in pages],
        )
        self._snapshots[manifest.id] = (manifest, pages)
        return InventoryImported(
            project_id=project_id,
            inventory_id=uuid4(),
            inventory_number=number,
            snapshot=SnapshotRef(
                id=manifest.id,
                record_count=manifest.record_count,
                page_count=manifest.page_count,
                digest=manifest.digest(),
                path=snapshot_path(manifest.id),
            ),
            imported_at=IMPORTED_AT,
        )

    async def manifest(self, ref: SnapshotRef) -> SnapshotManifest:
        if ref.id not in self._snapshots:
            raise NotFound("no such snapshot", code="snapshot-not-found")
        return self._snapshots[ref.id][0]

    async def page(self, ref: SnapshotRef, manifest: SnapshotManifest, number: int) -> bytes:
        if number == self.fails_at:
            raise Unavailable("ingest is away")
        self.pages_served.append(number)
        return self._snapshots[manifest.id][1][number]
