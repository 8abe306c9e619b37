"""Assessments in PostgreSQL."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row, and_, delete, exists, func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.errors import NOT_ASSESSED
from services.assessment.domain.runs import AssessmentRun, Inventory, SourceSnapshot
from services.assessment.domain.totals import Totals
from services.assessment.persistence.copied_rows import VM_COLUMNS, copied_rows
from services.assessment.persistence.tables import (
    assessed_vms,
    assessments,
    snapshot_pages,
    source_pages,
    tenant_totals,
    tenants,
    vm_keys,
    vm_terms,
)
from services.assessment.persistence.totals import add_up, tenant_totals_of
from services.assessment.persistence.vm_keys import fill_vm_keys
from services.assessment.usecases.ports import AssessedPage, Tenant
from shared.contracts.snapshots import SnapshotManifest, page_sha256
from shared.db import jobs
from shared.db.uow import copy_records
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import (
    AssessmentId,
    InventoryId,
    JobId,
    ProjectId,
    SnapshotId,
    TenantId,
)

_FOR_READERS: Final = (assessed_vms, vm_keys, vm_terms, source_pages, tenant_totals)
"""What only serves the API; the planner pulls ``snapshot_pages``."""


class PostgresAssessmentStore:
    """The assessment's tables inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def newest(self, project_id: ProjectId) -> AssessmentRun | None:
        """The project's newest assessment, a forgotten one too; queueing in one project goes one
        after another."""
        lock = f"assessment.newest/{project_id}"
        await self._connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(lock, 0)))
        )
        return await find_newest(self._connection, project_id, with_forgotten=True)

    async def add(self, run: AssessmentRun) -> None:
        """Add a queued assessment."""
        inventory, source = run.inventory, run.inventory.snapshot
        await self._connection.execute(
            insert(assessments).values(
                id=run.id,
                project_id=inventory.project_id,
                number=run.number,
                inventory_id=inventory.id,
                inventory_number=inventory.number,
                imported_at=inventory.imported_at,
                source_id=source.id,
                source_path=source.path,
                source_digest=source.digest,
                source_record_count=source.record_count,
                source_page_count=source.page_count,
                job_id=run.job_id,
                pages_done=run.pages_done,
                vms_done=run.vms_done,
                is_superseded=run.is_superseded,
            )
        )

    async def supersede(self, project_id: ProjectId, *, before: int) -> None:
        """Cancel the jobs of the project's unfinished assessments before this number; mark them.

        Jobs first: a worker locks its job before its assessment, and nobody may do the reverse.
        """
        unfinished = and_(
            assessments.c.project_id == project_id,
            assessments.c.number < before,
            assessments.c.completed_at.is_(None),
        )
        job_ids = await self._connection.scalars(
            select(assessments.c.job_id).where(unfinished).order_by(assessments.c.job_id)
        )
        for job_id in job_ids.all():
            with suppress(Conflict):  # it has ended, well or badly
                await jobs.cancel(self._connection, JobId(job_id))
        await self._connection.execute(
            update(assessments).where(unfinished).values(is_superseded=True)
        )

    async def get(self, assessment_id: AssessmentId) -> AssessmentRun:
        """The assessment. Raises NotFound."""
        row = (
            await self._connection.execute(
                select(assessments).where(assessments.c.id == assessment_id)
            )
        ).one_or_none()
        if row is None:
            raise NotFound(f"There is no assessment {assessment_id}.", code=NOT_ASSESSED)
        return run_from(row)

    async def tenants(
        self, project_id: ProjectId, detected: Sequence[Tenant]
    ) -> Mapping[TenantId, Tenant]:
        """The tenants with these ids, added where they are new."""
        if not detected:
            return {}
        rows = [asdict(tenant) | {"project_id": project_id} for tenant in detected]
        await self._connection.execute(insert(tenants).on_conflict_do_nothing(), rows)
        found = await self._connection.execute(
            select(tenants.c.id, tenants.c.name, tenants.c.org_vdc).where(
                tenants.c.id.in_([tenant.id for tenant in detected])
            )
        )
        return {TenantId(row.id): Tenant(TenantId(row.id), row.name, row.org_vdc) for row in found}

    async def add_page(self, assessment_id: AssessmentId, page: AssessedPage) -> None:
        """Store a page and its source, its VMs for the API, and that it is done."""
        await copy_records(
            self._connection,
            assessed_vms.name,
            VM_COLUMNS,
            copied_rows(assessment_id, page),
        )
        await self._connection.execute(
            insert(source_pages).values(
                assessment_id=assessment_id, number=page.number, content=page.source
            )
        )
        await self._connection.execute(
            insert(snapshot_pages).values(
                assessment_id=assessment_id,
                number=page.number,
                sha256=page_sha256(page.content),
                content=page.content,
            )
        )
        await self._connection.execute(
            update(assessments)
            .where(assessments.c.id == assessment_id)
            .values(pages_done=page.number + 1, vms_done=assessments.c.vms_done + len(page.records))
        )

    async def page_digests(self, assessment_id: AssessmentId) -> Sequence[str]:
        """SHA-256 of the stored pages, in order."""
        digests = await self._connection.scalars(
            select(snapshot_pages.c.sha256)
            .where(snapshot_pages.c.assessment_id == assessment_id)
            .order_by(snapshot_pages.c.number)
        )
        return digests.all()

    async def index_vms(self, assessment_id: AssessmentId) -> None:
        """Make the VMs of all pages ready to be listed in any order."""
        await fill_vm_keys(self._connection, assessment_id)

    async def add_up(self, assessment_id: AssessmentId) -> Totals:
        """Store the totals of each tenant; give those of the whole."""
        await self._connection.execute(
            insert(tenant_totals).from_select(
                [column.name for column in tenant_totals.columns], tenant_totals_of(assessment_id)
            )
        )
        return await add_up(self._connection, assessment_id)

    async def complete(
        self,
        assessment_id: AssessmentId,
        *,
        manifest: SnapshotManifest,
        totals: Totals,
        completed_at: datetime,
    ) -> None:
        """The assessment is complete: its snapshot may be pulled, its VMs listed."""
        await self._connection.execute(
            update(assessments)
            .where(assessments.c.id == assessment_id)
            .values(
                manifest=manifest.model_dump(mode="json"),
                totals=asdict(totals),
                completed_at=completed_at,
            )
        )

    async def forget_others(self, run: AssessmentRun) -> None:
        """Remove the rows of earlier assessments, and the pages of those never completed."""
        earlier = select(assessments.c.id).where(
            assessments.c.project_id == run.inventory.project_id,
            assessments.c.number < run.number,
        )
        for table in _FOR_READERS:
            await self._connection.execute(delete(table).where(table.c.assessment_id.in_(earlier)))
        abandoned = earlier.where(assessments.c.completed_at.is_(None))
        await self._connection.execute(
            delete(snapshot_pages).where(snapshot_pages.c.assessment_id.in_(abandoned))
        )

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove what followed from the project's inventories with numbers up to ``through``.

        The assessments' numbers stay, because they are never given again. For None all goes.
        """
        await self.newest(project_id)
        gone = assessments.c.project_id == project_id
        if through is not None:
            gone &= assessments.c.inventory_number <= through
        job_ids = await self._connection.scalars(
            select(assessments.c.job_id).where(gone).order_by(assessments.c.job_id)
        )
        for job_id in job_ids.all():
            with suppress(Conflict):  # it has ended, well or badly
                await jobs.cancel(self._connection, JobId(job_id))
        ids = select(assessments.c.id).where(gone)
        for table in (*_FOR_READERS, snapshot_pages):
            await self._connection.execute(delete(table).where(table.c.assessment_id.in_(ids)))
        is_used = exists().where(assessed_vms.c.tenant_id == tenants.c.id)
        await self._connection.execute(
            delete(tenants).where(tenants.c.project_id == project_id, ~is_used)
        )
        if through is None:
            await self._connection.execute(delete(assessments).where(gone))
        else:
            await self._connection.execute(
                update(assessments)
                .where(gone)
                .values(
                    is_superseded=True,
                    manifest=null(),
                    totals=null(),
                    completed_at=null(),
                    forgotten_at=func.now(),
                )
            )


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
        is_superseded=row.is_superseded,
        completed_at=row.completed_at,
    )
