"""The planner, as far as the exporter sees it: plan snapshots behind the port, or over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from services.exporter.domain.exports import PlanSnapshot
from shared.contracts.records import PlannedVmRecord
from shared.contracts.snapshots import SnapshotManifest, encode_page, page_sha256, paged
from shared.kernel.errors import Invalid, NotFound, Unavailable
from shared.kernel.ids import SnapshotId
from tests.services.exporter.builders import PROJECT_ID, a_header, a_planned_vm


class FakePlanner:
    """Freezes plans and serves them; can be made to fail at one page."""

    def __init__(self) -> None:
        self.fails_at: int | None = None
        self.pages_served: list[int] = []
        self._snapshots: dict[UUID, tuple[SnapshotManifest, list[bytes]]] = {}

    def freezes(
        self,
        vms: Sequence[PlannedVmRecord] | None = None,
        *,
        project_id: UUID = PROJECT_ID,
        record_schema: str = PlannedVmRecord.SCHEMA,
        per_page: int = 4,
        **header: Any,
    ) -> PlanSnapshot:
        """A new plan snapshot."""
        records = [a_planned_vm()] if vms is None else vms
        pages = [encode_page(page) for page in paged(records, per_page)]
        manifest = SnapshotManifest(
            id=uuid4(),
            record_schema=record_schema,
            record_count=len(records),
            page_sha256=[page_sha256(page) for page in pages],
            header=a_header() | {"project_id": str(project_id)} | header,
        )
        self._snapshots[manifest.id] = (manifest, pages)
        return PlanSnapshot(SnapshotId(manifest.id), manifest.digest())

    def header(self, snapshot: PlanSnapshot) -> dict[str, Any]:
        """The header of a snapshot."""
        return self._snapshots[snapshot.id][0].header

    async def manifest(self, snapshot: PlanSnapshot) -> SnapshotManifest:
        if snapshot.id not in self._snapshots:
            raise NotFound("no such snapshot", code="snapshot-not-found")
        manifest = self._snapshots[snapshot.id][0]
        if manifest.digest() != snapshot.digest:
            raise Invalid("another digest", code="snapshot-mismatch")
        return manifest

    async def page(self, manifest: SnapshotManifest, number: int) -> bytes:
        if number == self.fails_at:
            raise Unavailable("the planner is away")
        self.pages_served.append(number)
        return self._snapshots[manifest.id][1][number]


class ServedSnapshots:
    """The same snapshots as the planner's own routes serve them."""

    def __init__(self, planner: FakePlanner) -> None:
        self._planner = planner

    async def manifest(self, snapshot_id: UUID) -> SnapshotManifest | None:
        found = self._planner._snapshots.get(snapshot_id)
        return found[0] if found else None

    async def page(self, snapshot_id: UUID, number: int) -> bytes | None:
        found = self._planner._snapshots.get(snapshot_id)
        return found[1][number] if found and number < len(found[1]) else None
