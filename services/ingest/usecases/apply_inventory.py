"""Apply an inventory that was held back, or throw it away."""

from dataclasses import replace
from datetime import datetime

from services.ingest.domain.errors import (
    INVENTORY_APPLIED,
    INVENTORY_NOT_READY,
    NEWER_INVENTORY_APPLIED,
)
from services.ingest.domain.inventory import ImportMode, Inventory
from services.ingest.usecases.ports import IngestStore
from shared.auth.principal import Principal
from shared.contracts import inventory as contract
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from shared.db.uow import Transaction
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict


async def announce(
    tx: Transaction[IngestStore],
    inventory: Inventory,
    manifest: SnapshotManifest,
    *,
    imported_at: datetime,
    snapshot_path: str,
) -> None:
    """Make the project work with ``inventory``, and state the fact ``inventory.imported``."""
    await tx.store.apply(inventory)
    await tx.publish(
        contract.InventoryImported(
            project_id=inventory.project_id,
            inventory_id=inventory.id,
            inventory_number=inventory.number,
            snapshot=SnapshotRef(
                id=manifest.id,
                record_count=manifest.record_count,
                page_count=manifest.page_count,
                digest=manifest.digest(),
                path=snapshot_path,
            ),
            imported_at=imported_at,
            mode=contract.ImportMode(inventory.mode),
        ),
        aggregate_version=inventory.number,
    )


class ApplyInventory:
    """The command; one instance serves all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def __call__(
        self,
        tx: Transaction[IngestStore],
        inventory: Inventory,
        mode: ImportMode,
        *,
        snapshot_path: str,
        by: Principal,
    ) -> Inventory:
        """The inventory, which the project works with from now on.

        Raises:
            Conflict: it is applied already, is not stored (yet), or a newer one is applied.
        """
        current = await tx.store.applied(inventory.project_id)
        inventory = await tx.store.inventory(inventory.id)
        manifest = await tx.store.manifest(inventory.id)
        if manifest is None or inventory.imported_at is None:
            raise _not_ready()
        if inventory.applied_at is not None:
            raise _applied(inventory)
        if current is not None and current.number > inventory.number:
            raise Conflict(
                f"Import {current.number} is newer and is applied already. To go back to this "
                "workbook, upload it again with force=true.",
                code=NEWER_INVENTORY_APPLIED,
            )
        applied = replace(inventory, mode=mode, applied_at=self._clock.now())
        await announce(
            tx,
            applied,
            manifest,
            imported_at=inventory.imported_at,
            snapshot_path=snapshot_path,
        )
        after = {"number": applied.number, "mode": mode.value}
        before = {"number": current.number} if current else None
        await tx.audit(
            "inventory.applied", by=by, subject=applied.subject, before=before, after=after
        )
        return applied


async def discard_inventory(
    tx: Transaction[IngestStore], inventory: Inventory, *, by: Principal
) -> None:
    """Remove an import that nobody has applied: a held, failed or cancelled one.

    Raises:
        Conflict: the project works or has worked with it, or its import is still running.
    """
    await tx.store.applied(inventory.project_id)  # nobody applies it meanwhile
    inventory = await tx.store.inventory(inventory.id)
    if inventory.applied_at is not None:
        raise _applied(inventory)
    if not await tx.store.has_ended(inventory):
        raise Conflict(
            "This import is still running. Cancel its operation first.", code=INVENTORY_NOT_READY
        )
    await tx.store.forget_inventory(inventory.id)
    before = {
        "number": inventory.number,
        "file_name": inventory.upload.file_name,
        "sha256": inventory.upload.sha256,
    }
    await tx.audit("inventory.discarded", by=by, subject=inventory.subject, before=before)


def _not_ready() -> Conflict:
    return Conflict(
        "The VMs of this inventory are not stored yet. Watch the import's operation.",
        code=INVENTORY_NOT_READY,
    )


def _applied(inventory: Inventory) -> Conflict:
    return Conflict(
        f"Import {inventory.number} is applied already: the project works with it, or has.",
        code=INVENTORY_APPLIED,
    )
