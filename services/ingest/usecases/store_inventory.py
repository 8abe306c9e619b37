"""Store a parsed workbook and announce it, in one transaction."""

from datetime import datetime

from services.ingest.domain.inventory import Inventory
from services.ingest.usecases.ports import IngestStore, ParsedWorkbook
from shared.contracts.inventory import InventoryImported
from shared.contracts.snapshots import SnapshotRef
from shared.db.uow import Transaction


async def store_inventory(
    tx: Transaction[IngestStore],
    inventory: Inventory,
    parsed: ParsedWorkbook,
    *,
    snapshot_path: str,
    imported_at: datetime,
) -> SnapshotRef:
    """Make ``inventory`` ready: rows, snapshot, report, and the fact ``inventory.imported``.

    The workbook's bytes are dropped; its digest and size stay.
    """
    manifest = parsed.manifest
    await tx.store.store_rows(inventory.id, parsed)
    await tx.store.complete(inventory.id, parsed=parsed, imported_at=imported_at)
    await tx.store.forget_upload(inventory.id)
    snapshot = SnapshotRef(
        id=manifest.id,
        record_count=manifest.record_count,
        page_count=manifest.page_count,
        digest=manifest.digest(),
        path=snapshot_path,
    )
    await tx.publish(
        InventoryImported(
            project_id=inventory.project_id,
            inventory_id=inventory.id,
            inventory_number=inventory.number,
            snapshot=snapshot,
            imported_at=imported_at,
        ),
        aggregate_version=inventory.number,
    )
    return snapshot
