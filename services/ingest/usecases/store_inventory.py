"""Store a parsed workbook and, unless it is held, announce it, in one transaction."""

from dataclasses import replace
from datetime import datetime

from services.ingest.domain.inventory import Inventory
from services.ingest.usecases.apply_inventory import announce
from services.ingest.usecases.ports import IngestStore, ParsedWorkbook
from shared.db.uow import Transaction


async def store_inventory(
    tx: Transaction[IngestStore],
    inventory: Inventory,
    parsed: ParsedWorkbook,
    *,
    snapshot_path: str,
    imported_at: datetime,
) -> None:
    """Make ``inventory`` ready: rows, snapshot, report, and the fact ``inventory.imported``.

    The workbook's bytes are dropped; its digest and size stay. One that is held waits: the fact is
    stated when somebody applies it.
    """
    await tx.store.store_rows(inventory.id, parsed)
    await tx.store.complete(inventory.id, parsed=parsed, imported_at=imported_at)
    await tx.store.forget_upload(inventory.id)
    if not inventory.is_held:
        imported = replace(inventory, imported_at=imported_at, applied_at=imported_at)
        await announce(
            tx, imported, parsed.manifest, imported_at=imported_at, snapshot_path=snapshot_path
        )
