"""Hand out the affected rows of an import as a workbook."""

from services.ingest.domain.errors import INVENTORY_NOT_FOUND, INVENTORY_NOT_READY
from services.ingest.domain.inventory import Inventory
from services.ingest.usecases.ports import IngestStore
from shared.auth.principal import Principal
from shared.db.uow import Transaction
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import InventoryId, ProjectId


async def take_affected_rows(
    tx: Transaction[IngestStore],
    project_id: ProjectId,
    inventory_id: InventoryId,
    *,
    by: Principal,
) -> Inventory:
    """The project's inventory, whose affected rows may be sent once this has committed.

    The audit entry is there before the first byte leaves: nobody has the rows without one.

    Raises:
        NotFound: the project has no such inventory.
        Conflict: its rows are not stored yet; code ``inventory-not-ready``.
    """
    inventory = await tx.store.inventory(inventory_id)
    if inventory.project_id != project_id:
        raise NotFound("There is no such inventory.", code=INVENTORY_NOT_FOUND)
    if inventory.imported_at is None:
        raise Conflict(
            "The rows of this inventory are not stored yet. Watch the import's operation.",
            code=INVENTORY_NOT_READY,
        )
    await tx.audit(
        "inventory.affected_rows_taken",
        by=by,
        subject=inventory.subject,
        after={"number": inventory.number, "sha256": inventory.upload.sha256},
    )
    return inventory
