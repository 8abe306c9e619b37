"""``inventory.imported``: queue its assessment."""

from services.assessment.domain.runs import Inventory, SourceSnapshot
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.queue_assessment import queue_assessment
from shared.contracts.envelope import Envelope
from shared.contracts.inventory import ImportMode, InventoryImported
from shared.db import project_marks
from shared.db.uow import Transaction
from shared.kernel.ids import AssessmentId, Ids, InventoryId, ProjectId, SnapshotId


class OnInventoryImported:
    """Queues a job; pulling and assessing the inventory is the job's work. An import that replaces
    the one before takes along what people decided of VMs and tenants.

    Safe twice and late: an inventory that is not newer than the newest one seen, or that was
    cleared away, changes nothing.
    """

    def __init__(self, ids: Ids) -> None:
        self._ids = ids

    async def __call__(
        self, event: InventoryImported, envelope: Envelope, tx: Transaction[AssessmentStore]
    ) -> None:
        """Handle one delivery inside its transaction."""
        del envelope
        if await project_marks.is_gone(tx.connection, event.project_id, event.inventory_number):
            return
        snapshot = SourceSnapshot(
            id=SnapshotId(event.snapshot.id),
            path=event.snapshot.path,
            digest=event.snapshot.digest,
            record_count=event.snapshot.record_count,
            page_count=event.snapshot.page_count,
        )
        inventory = Inventory(
            id=InventoryId(event.inventory_id),
            project_id=ProjectId(event.project_id),
            number=event.inventory_number,
            imported_at=event.imported_at,
            snapshot=snapshot,
        )
        await queue_assessment(
            tx,
            inventory,
            assessment_id=AssessmentId(self._ids.new()),
            is_clean_slate=event.mode is ImportMode.REPLACE,
        )
