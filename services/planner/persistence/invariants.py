"""What must be true of the planner's rows (see :mod:`shared.db.invariants`)."""

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.planner.persistence.tables import (
    approval_requests,
    plan_snapshot_pages,
    plan_snapshots,
)


class ApprovedPlanHasSnapshot:
    """What was approved can be read: the snapshot with that digest, and each of its pages."""

    name = "approved_plan_has_its_snapshot"

    async def violations(self, connection: AsyncConnection) -> int:
        """How many approvals approve something that is not there."""
        pages = (
            select(func.count())
            .where(plan_snapshot_pages.c.snapshot_id == plan_snapshots.c.snapshot_id)
            .scalar_subquery()
        )
        is_whole = exists().where(
            plan_snapshots.c.snapshot_id == approval_requests.c.snapshot_id,
            plan_snapshots.c.digest == approval_requests.c.digest,
            pages == func.cardinality(plan_snapshots.c.page_sha256),
        )
        broken = select(func.count()).where(approval_requests.c.state == "approved", ~is_whole)
        return await connection.scalar(broken) or 0
