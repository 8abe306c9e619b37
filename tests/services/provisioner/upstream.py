"""The planner, as far as the provisioner sees it: approvals, and plan snapshots behind the port."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from shared.contracts.plan import PlanApproved
from shared.contracts.records import PlannedVmRecord
from shared.contracts.snapshots import (
    SnapshotManifest,
    SnapshotRef,
    encode_page,
    page_sha256,
    paged,
)
from shared.http.pages import snapshot_path
from shared.kernel.errors import NotFound, Unavailable
from tests.services.provisioner.builders import PROJECT

APPROVER = UUID("0193a1b2-0000-7000-8000-00000000000a")


class FakePlanner:
    """Freezes plans, has them approved and serves them; can be made to fail at one page."""

    def __init__(self) -> None:
        self.pages_served: list[int] = []
        self.fails_at: int | None = None
        self._snapshots: dict[UUID, tuple[SnapshotManifest, list[bytes]]] = {}

    def approves(
        self,
        vms: Sequence[PlannedVmRecord],
        *,
        number: int = 1,
        project_id: UUID = PROJECT,
        per_page: int = 4,
        record_schema: str = PlannedVmRecord.SCHEMA,
        record_count: int | None = None,
    ) -> PlanApproved:
        """The fact that a plan of these VMs is approved."""
        pages = [encode_page(page) for page in paged(vms, per_page)]
        manifest = SnapshotManifest(
            id=uuid4(),
            record_schema=record_schema,
            record_count=len(vms) if record_count is None else record_count,
            page_sha256=[page_sha256(page) for page in pages],
        )
        self._snapshots[manifest.id] = (manifest, pages)
        return PlanApproved(
            project_id=project_id,
            approval_id=uuid4(),
            approval_number=number,
            inventory_id=UUID(int=7),
            snapshot=SnapshotRef(
                id=manifest.id,
                record_count=manifest.record_count,
                page_count=manifest.page_count,
                digest=manifest.digest(),
                path=snapshot_path(manifest.id),
            ),
            tenant_count=len({vm.tenant_id for vm in vms}),
            vm_count=manifest.record_count,
            approved_at=datetime(2026, 11, 23, 9, number, tzinfo=UTC),
            approved_by=APPROVER,
        )

    async def manifest(self, ref: SnapshotRef) -> SnapshotManifest:
        if ref.id not in self._snapshots:
            raise NotFound("no such snapshot", code="snapshot-not-found")
        manifest = self._snapshots[ref.id][0]
        assert ref.digest == manifest.digest()
        assert ref.record_count == manifest.record_count
        return manifest

    async def page(self, ref: SnapshotRef, manifest: SnapshotManifest, number: int) -> bytes:
        if number == self.fails_at:
            raise Unavailable("the planner is away")
        self.pages_served.append(number)
        return self._snapshots[manifest.id][1][number]
