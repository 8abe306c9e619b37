"""Assessments in PostgreSQL."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, delete, false, func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.errors import NOT_ASSESSED
from services.assessment.domain.runs import AssessmentRun
from services.assessment.domain.totals import Totals
from services.assessment.persistence.chosen_vms import PostgresChosenVms
from services.assessment.persistence.copied_rows import VM_COLUMNS, copied_rows
from services.assessment.persistence.decisions import count_decisions
from services.assessment.persistence.networks import PostgresNetworkStore
from services.assessment.persistence.previews import PostgresPreviewStore
from services.assessment.persistence.rules import PostgresRuleStore
from services.assessment.persistence.runs import find_newest, run_from
from services.assessment.persistence.tables import (
    assessed_networks,
    assessed_vms,
    assessments,
    network_tenants,
    network_uses,
    snapshot_pages,
    source_pages,
    tenant_totals,
    vm_keys,
    vm_terms,
)
from services.assessment.persistence.tenancy import PostgresTenantStore
from services.assessment.persistence.totals import add_up, tenant_totals_of
from services.assessment.persistence.vm_keys import fill_vm_keys
from services.assessment.persistence.waivers import PostgresWaiverStore
from services.assessment.usecases.decision_ports import DecisionCounts
from services.assessment.usecases.ports import AssessedPage
from shared.contracts.snapshots import SnapshotManifest, page_sha256
from shared.db import jobs
from shared.db.uow import copy_records
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import (
    AssessmentId,
    JobId,
    ProjectId,
)

KEPT_OF_AN_INVENTORY: Final = 3
"""Complete assessments that are kept: every decision makes one, and the planner may still pull the
one before."""
_FOR_READERS: Final = (
    assessed_vms,
    vm_keys,
    vm_terms,
    source_pages,
    tenant_totals,
    network_uses,
    assessed_networks,
    network_tenants,
)
"""What only serves the API; the planner pulls ``snapshot_pages``."""


class PostgresAssessmentStore:
    """The assessment's tables inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection
        self.rules = PostgresRuleStore(connection)
        self.tenants = PostgresTenantStore(connection)
        self.waivers = PostgresWaiverStore(connection)
        self.networks = PostgresNetworkStore(connection)
        self.vms = PostgresChosenVms(connection)
        self.previews = PostgresPreviewStore(connection)

    async def decisions(self, project_id: ProjectId) -> DecisionCounts:
        """How much people have decided of the project."""
        return await count_decisions(self._connection, project_id)

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
                cause=run.cause,
                rules_version=run.rules_version,
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
        await self._cancel(job_ids.all())
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

    async def newest_held(self, project_id: ProjectId) -> AssessmentRun | None:
        """As ``newest``, and its job is locked: its worker neither begins nor stores meanwhile.

        In this order everywhere: the project, the job, then what assessments go by.
        """
        run = await self.newest(project_id)
        if run is not None:
            await jobs.lock(self._connection, run.job_id)
            run = await self.get(run.id)  # what its worker had not committed before
        return run

    async def can_begin(self, run: AssessmentRun) -> bool:
        """Whether ``run`` has not begun and waits for a worker, or has one."""
        if run.is_begun or run.is_superseded:
            return False
        job = await jobs.get(self._connection, run.job_id)
        return job.state not in jobs.ENDED and not job.cancel_requested

    async def begin(self, assessment_id: AssessmentId, *, rules_version: int) -> None:
        """From here on the assessment goes by what is decided now."""
        await self._connection.execute(
            update(assessments)
            .where(assessments.c.id == assessment_id)
            .values(rules_version=rules_version)
        )

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
        await self.networks.add_uses(assessment_id, page.number, page.network_uses)
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
        """Store the totals of each tenant and network; give those of the whole."""
        await self.networks.add_up(assessment_id)
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
        """Remove the rows of earlier assessments, the pages of those never completed, and, of those
        of the same inventory, all but the newest complete ones."""
        of_project = assessments.c.project_id == run.inventory.project_id
        of_inventory = and_(of_project, assessments.c.inventory_id == run.inventory.id)
        earlier = select(assessments.c.id).where(of_project, assessments.c.number < run.number)
        for table in _FOR_READERS:
            await self._connection.execute(delete(table).where(table.c.assessment_id.in_(earlier)))
        abandoned = earlier.where(assessments.c.completed_at.is_(None))
        await self._connection.execute(
            delete(snapshot_pages).where(snapshot_pages.c.assessment_id.in_(abandoned))
        )
        oldest_kept = (
            select(assessments.c.number)
            .where(of_inventory, assessments.c.completed_at.is_not(None))
            .order_by(assessments.c.number.desc())
            .offset(KEPT_OF_AN_INVENTORY - 1)
            .limit(1)
            .scalar_subquery()
        )
        await self._connection.execute(
            delete(assessments).where(of_inventory, assessments.c.number < oldest_kept)
        )

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove what followed from the project's inventories with numbers up to ``through``, and
        what was decided of them, unless there is a newer one.

        The assessments' numbers stay, because they are never given again. For None all goes.
        """
        await self.newest(project_id)
        gone = assessments.c.project_id == project_id
        newer: ColumnElement[bool] = false()
        if through is not None:
            newer = and_(gone, assessments.c.inventory_number > through)
            gone &= assessments.c.inventory_number <= through
        job_ids = await self._connection.scalars(
            select(assessments.c.job_id).where(gone).order_by(assessments.c.job_id)
        )
        await self._cancel(job_ids.all())
        ids = select(assessments.c.id).where(gone)
        for table in (*_FOR_READERS, snapshot_pages):
            await self._connection.execute(delete(table).where(table.c.assessment_id.in_(ids)))
        if not await self._connection.scalar(
            select(func.count()).select_from(assessments).where(newer)
        ):
            await self._forget_decisions(project_id)
        if through is None:
            await self.rules.forget(project_id)
            await self._connection.execute(delete(assessments).where(gone))
            return
        nothing = {"manifest": null(), "totals": null(), "completed_at": null()}
        await self._connection.execute(
            update(assessments)
            .where(gone)
            .values(is_superseded=True, forgotten_at=func.now(), **nothing)
        )

    async def _forget_decisions(self, project_id: ProjectId) -> None:
        await self._cancel(await self.previews.forget(project_id))
        await self.waivers.forget(project_id)
        await self.networks.forget(project_id)
        await self.tenants.forget(project_id)

    async def _cancel(self, job_ids: Sequence[UUID]) -> None:
        for job_id in job_ids:
            with suppress(Conflict):  # it has ended, well or badly
                await jobs.cancel(self._connection, JobId(job_id))
