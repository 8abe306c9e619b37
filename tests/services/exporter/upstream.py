"""The planner, as far as the exporter sees it: plan snapshots behind the port, or over HTTP."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from services.exporter.domain.exports import PlanSnapshot
from shared.contracts.records import PlannedVmRecord
from shared.contracts.snapshots import SnapshotManifest
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.ids import SnapshotId
from tests.services.exporter.builders import PROJECT_ID, a_header, a_planned_vm
from tests.support.frozen_snapshots import FrozenSnapshots


class FakePlanner(FrozenSnapshots):
    """Freezes plans and serves them; the exporter's port asks by its own reference."""

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
        frozen = self.freeze(
            [a_planned_vm()] if vms is None else vms,
            record_schema=record_schema,
            per_page=per_page,
            header=a_header() | {"project_id": str(project_id)} | header,
        )
        return PlanSnapshot(SnapshotId(frozen.id), frozen.digest)

    def header(self, snapshot: PlanSnapshot) -> dict[str, Any]:
        """The header of a snapshot."""
        return self.frozen(snapshot.id)[0].header

    async def manifest(self, snapshot: PlanSnapshot) -> SnapshotManifest:
        manifest, _ = self.frozen(snapshot.id)
        if manifest.digest() != snapshot.digest:
            raise Invalid("another digest", code="snapshot-mismatch")
        return manifest

    async def page(self, manifest: SnapshotManifest, number: int) -> bytes:
        return self.served(manifest.id, number)


class ServedSnapshots:
    """The same snapshots as the planner's own routes serve them."""

    def __init__(self, planner: FakePlanner) -> None:
        self._planner = planner

    async def manifest(self, snapshot_id: UUID) -> SnapshotManifest | None:
        try:
            return self._planner.frozen(snapshot_id)[0]
        except NotFound:
            return None

    async def page(self, snapshot_id: UUID, number: int) -> bytes | None:
        try:
            return self._planner.frozen(snapshot_id)[1][number]
        except (NotFound, IndexError):
            return None
