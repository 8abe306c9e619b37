"""``plan.approved``: the snapshot may be prepared; its tasks are compiled by a job."""

from services.provisioner.domain.preparation import Preparation
from services.provisioner.usecases.ports import PreparationStore
from services.provisioner.usecases.record_approval import record_approval
from shared.contracts.envelope import Envelope
from shared.contracts.plan import PlanApproved
from shared.db import project_marks
from shared.db.uow import Transaction
from shared.kernel.ids import ApprovalId, InventoryId, ProjectId, SnapshotId, UserId


async def on_plan_approved(
    event: PlanApproved, envelope: Envelope, tx: Transaction[PreparationStore]
) -> None:
    """Makes the snapshot the project's preparation and queues the compiling of its tasks.

    Safe twice and late: the highest approval number wins, and the plan of an inventory that was
    cleared away is prepared no more.
    """
    del envelope
    if await project_marks.is_gone(tx.connection, event.project_id, event.inventory_number):
        return
    await record_approval(
        tx,
        Preparation(
            approval_id=ApprovalId(event.approval_id),
            approval_number=event.approval_number,
            project_id=ProjectId(event.project_id),
            inventory_id=InventoryId(event.inventory_id),
            snapshot_id=SnapshotId(event.snapshot.id),
            snapshot_digest=event.snapshot.digest,
            snapshot_path=event.snapshot.path,
            page_count=event.snapshot.page_count,
            tenant_count=event.tenant_count,
            vm_count=event.vm_count,
            approved_at=event.approved_at,
            approved_by=UserId(event.approved_by),
            inventory_number=event.inventory_number,
        ),
    )
