"""What must be true of the ingest's rows (see :mod:`shared.db.invariants`)."""

from sqlalchemy import and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.persistence.tables import inventories, snapshot_pages, vms


class ReadyInventoryHasRows:
    """An imported inventory that counts VMs has VMs, and the pages that its manifest lists.

    The rows are not counted: with hundreds of inventories that would be millions of them a minute.
    """

    name = "ready_inventory_has_its_rows"

    async def violations(self, connection: AsyncConnection) -> int:
        """How many imported inventories lack rows or pages."""
        listed = func.jsonb_array_length(inventories.c.manifest["page_sha256"])
        pages = (
            select(func.count())
            .where(snapshot_pages.c.inventory_id == inventories.c.id)
            .scalar_subquery()
        )
        has_vms = exists().where(vms.c.inventory_id == inventories.c.id)
        broken = select(func.count()).where(
            inventories.c.imported_at.is_not(None),
            or_(
                inventories.c.manifest.is_(None),
                and_(inventories.c.vm_count > 0, ~has_vms),
                listed != pages,
            ),
        )
        return await connection.scalar(broken) or 0
