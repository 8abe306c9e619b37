"""Assessments as rows: find the newest, read one."""

from typing import Any

from sqlalchemy import Row, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.runs import AssessmentRun, Cause, Inventory, SourceSnapshot
from services.assessment.persistence.tables import assessments
from shared.kernel.ids import AssessmentId, InventoryId, JobId, ProjectId, SnapshotId


async def find_newest(
    connection: AsyncConnection,
    project_id: ProjectId,
    *,
    is_complete: bool = False,
    with_forgotten: bool = False,
) -> AssessmentRun | None:
    """The project's assessment with the highest number; only complete ones if asked."""
    wanted = assessments.c.project_id == project_id
    if not with_forgotten:
        wanted = and_(wanted, assessments.c.forgotten_at.is_(None))
    if is_complete:
        wanted = and_(wanted, assessments.c.completed_at.is_not(None))
    row = (
        await connection.execute(
            select(assessments).where(wanted).order_by(assessments.c.number.desc()).limit(1)
        )
    ).one_or_none()
    return run_from(row) if row else None


def run_from(row: Row[Any]) -> AssessmentRun:
    """The assessment in a row of the table."""
    source = SourceSnapshot(
        id=SnapshotId(row.source_id),
        path=row.source_path,
        digest=row.source_digest,
        record_count=row.source_record_count,
        page_count=row.source_page_count,
    )
    inventory = Inventory(
        id=InventoryId(row.inventory_id),
        project_id=ProjectId(row.project_id),
        number=row.inventory_number,
        imported_at=row.imported_at,
        snapshot=source,
    )
    return AssessmentRun(
        id=AssessmentId(row.id),
        number=row.number,
        inventory=inventory,
        job_id=JobId(row.job_id),
        pages_done=row.pages_done,
        vms_done=row.vms_done,
        cause=Cause(row.cause),
        rules_version=row.rules_version,
        is_superseded=row.is_superseded,
        is_forgotten=row.forgotten_at is not None,
        completed_at=row.completed_at,
    )
