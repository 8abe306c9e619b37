"""Complete an assessment whose pages are all stored, and announce it."""

from datetime import datetime

from services.assessment.domain.errors import INCOMPLETE_SNAPSHOT
from services.assessment.domain.runs import AssessmentRun
from services.assessment.usecases.ports import AssessmentStore
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.records import AssessedVmRecord
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from shared.db.uow import Transaction
from shared.kernel.errors import Invalid


async def complete_assessment(
    tx: Transaction[AssessmentStore],
    run: AssessmentRun,
    *,
    snapshot_path: str,
    rules_version: int,
    completed_at: datetime,
) -> SnapshotRef:
    """Add up, freeze the assessed snapshot and state ``assessment.completed``.

    Raises:
        Invalid: the stored pages hold another number of VMs than the inventory's manifest says;
            code ``incomplete-snapshot``.
    """
    done = await tx.store.get(run.id)
    wanted = run.inventory.snapshot
    if (done.pages_done, done.vms_done) != (wanted.page_count, wanted.record_count):
        raise Invalid(
            f"The inventory's pages hold {done.vms_done} VMs, its manifest says "
            f"{wanted.record_count}. Import the workbook again.",
            code=INCOMPLETE_SNAPSHOT,
        )
    await tx.store.index_vms(run.id)
    totals = await tx.store.add_up(run.id)
    manifest = SnapshotManifest(
        id=run.id,
        record_schema=AssessedVmRecord.SCHEMA,
        record_count=done.vms_done,
        page_sha256=list(await tx.store.page_digests(run.id)),
        header={"risk_rules_version": rules_version, "tenant_count": totals.tenants},
    )
    await tx.store.complete(run.id, manifest=manifest, totals=totals, completed_at=completed_at)
    await tx.store.forget_others(run)
    reference = SnapshotRef(
        id=run.id,
        record_count=manifest.record_count,
        page_count=manifest.page_count,
        digest=manifest.digest(),
        path=snapshot_path,
    )
    event = AssessmentCompleted(
        project_id=run.inventory.project_id,
        assessment_id=run.id,
        assessment_number=run.number,
        inventory_id=run.inventory.id,
        inventory_number=run.inventory.number,
        imported_at=run.inventory.imported_at,
        snapshot=reference,
        tenant_count=totals.tenants,
        completed_at=completed_at,
    )
    await tx.publish(event, aggregate_version=run.number)
    return reference
