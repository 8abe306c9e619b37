"""The job ``remove_inventories``: the rows of what was cleared away, inventory by inventory."""

from typing import Any
from uuid import UUID

from services.ingest.usecases.ports import IngestStore
from shared.db.job_context import JobContext
from shared.kernel.ids import ProjectId


async def remove_inventories(job: JobContext[IngestStore]) -> dict[str, Any] | None:
    """Remove what is out of sight already. A worker that dies leaves whole inventories."""
    project_id = ProjectId(UUID(job.payload["project_id"]))
    async with job.transaction() as tx:
        gone = await tx.store.removed_inventories(project_id)
    for done, inventory_id in enumerate(gone, start=1):
        async with job.transaction() as tx:
            await tx.store.forget_inventory(inventory_id)
        await job.report({"inventories_done": done, "inventories_total": len(gone)})
    return {"inventories": len(gone)}
