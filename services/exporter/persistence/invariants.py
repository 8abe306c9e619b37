"""What must be true of the exporter's rows (see :mod:`shared.db.invariants`)."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.exporter.persistence.tables import export_chunks, exports


class CompleteExportHasContent:
    """A completed document has all its bytes."""

    name = "complete_export_has_its_content"

    async def violations(self, connection: AsyncConnection) -> int:
        """How many completed exports have other bytes than they tell."""
        stored = (
            select(func.coalesce(func.sum(func.length(export_chunks.c.content)), 0))
            .where(export_chunks.c.export_id == exports.c.id)
            .scalar_subquery()
        )
        broken = select(func.count()).where(
            exports.c.completed_at.is_not(None), exports.c.size_bytes != stored
        )
        return await connection.scalar(broken) or 0
