"""Everything the planner owns, in PostgreSQL, inside one transaction."""

from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, any_, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.planner.domain.approval import ApprovalRequest
from services.planner.domain.project import CurrentPlan, ProjectSettings, SnapshotHead
from services.planner.domain.settings import PlanSettings, settings_from_json, settings_json
from services.planner.domain.snapshot import BasedOn
from services.planner.domain.vms import Tenant, Vm
from services.planner.persistence import rows
from services.planner.persistence.tables import (
    approval_requests,
    assessed_vms,
    assessments,
    plan_settings,
    plan_snapshot_pages,
    plan_snapshots,
    plans,
)
from services.planner.usecases.ports import Assessment, VmDetails
from shared.contracts.snapshots import SnapshotManifest
from shared.db import jobs
from shared.db.uow import copy_records
from shared.kernel.errors import Conflict
from shared.kernel.ids import AssessmentId, JobId, ProjectId, SnapshotId, VmId

ROWS_AT_A_TIME: Final = 1000
READ_MODEL_COLUMNS: Final = [column.name for column in assessed_vms.columns]
"""The order of values in a row given to ``merge_page``."""


class PostgresPlannerStore:
    """The planner's tables. ``allow_single_approver`` holds for projects that say nothing."""

    def __init__(self, connection: AsyncConnection, *, allow_single_approver: bool) -> None:
        self._connection = connection
        self._allow_single_approver = allow_single_approver

    async def settings(self, project_id: ProjectId) -> ProjectSettings:
        """The project's settings; the defaults, version 1, if nobody has changed them."""
        row = (
            await self._connection.execute(
                select(plan_settings).where(plan_settings.c.project_id == project_id)
            )
        ).one_or_none()
        if row is None:
            return ProjectSettings(PlanSettings(), self._allow_single_approver)
        return ProjectSettings(
            settings_from_json(row.settings), row.allow_single_approver, row.version
        )

    async def save_settings(
        self, project_id: ProjectId, settings: ProjectSettings, *, by: str
    ) -> bool:
        """Store ``settings`` if their version is one above the stored one; else False."""
        values = {
            "version": settings.version,
            "settings": settings_json(settings.plan),
            "allow_single_approver": settings.allow_single_approver,
            "changed_at": func.now(),
            "changed_by": by,
        }
        if settings.version == 2:  # the first change makes the row
            statement = insert(plan_settings).values(project_id=project_id, **values)
            result = await self._connection.execute(statement.on_conflict_do_nothing())
        else:
            result = await self._connection.execute(
                update(plan_settings)
                .where(
                    plan_settings.c.project_id == project_id,
                    plan_settings.c.version == settings.version - 1,
                )
                .values(values)
            )
        return result.rowcount == 1

    async def current_plan(self, project_id: ProjectId) -> CurrentPlan | None:
        """The project's plan, locked until the transaction ends; None before an assessment."""
        lock = func.pg_advisory_xact_lock(func.hashtextextended(f"planner.plan/{project_id}", 0))
        await self._connection.execute(select(lock))
        return await find_current_plan(self._connection, project_id)

    async def announce(self, assessment: Assessment) -> None:
        """Remember an assessment. Doing it twice changes nothing."""
        based_on = assessment.based_on
        await self._connection.execute(
            insert(assessments)
            .values(
                assessment_id=based_on.assessment_id,
                project_id=assessment.project_id,
                assessment_number=based_on.assessment_number,
                inventory_id=based_on.inventory_id,
                inventory_number=based_on.inventory_number,
                imported_at=based_on.imported_at,
                snapshot=assessment.snapshot.model_dump(mode="json"),
            )
            .on_conflict_do_nothing()
        )

    async def plan_with(self, project_id: ProjectId, assessment: BasedOn, job_id: JobId) -> None:
        """Say which assessment is the project's newest and which job plans it."""
        values = {"assessment_id": assessment.assessment_id, "job_id": job_id}
        await self._connection.execute(
            insert(plans)
            .values(project_id=project_id, **values)
            .on_conflict_do_update(index_elements=[plans.c.project_id], set_=values)
        )

    async def assessment(self, assessment_id: AssessmentId) -> Assessment | None:
        """An announced assessment; None once a newer one has replaced it."""
        row = (
            await self._connection.execute(
                select(assessments).where(assessments.c.assessment_id == assessment_id)
            )
        ).one_or_none()
        return None if row is None else rows.assessment(row)

    async def merge_page(
        self, assessment_id: AssessmentId, number: int, vms: Sequence[tuple[object, ...]]
    ) -> bool:
        """Add page ``number`` to the read model; False if it is not the next one any more."""
        result = await self._connection.execute(
            update(assessments)
            .where(assessments.c.assessment_id == assessment_id)
            .where(assessments.c.pages_merged == number)
            .values(pages_merged=number + 1)
        )
        if result.rowcount != 1:
            return False
        await copy_records(
            self._connection,
            assessed_vms.name,
            READ_MODEL_COLUMNS,
            ((assessment_id, *values) for values in vms),
        )
        return True

    async def vms(self, assessment_id: AssessmentId) -> AsyncIterator[Sequence[Vm]]:
        """The in-scope VMs, some at a time."""
        tenants: dict[UUID, Tenant] = {}
        result = await self._connection.stream(
            select(*rows.VM_COLUMNS).where(
                assessed_vms.c.assessment_id == assessment_id, ~assessed_vms.c.is_excluded
            ),
            execution_options={"yield_per": ROWS_AT_A_TIME},
        )
        async for some in result.partitions():
            yield [rows.vm(row, tenants) for row in some]

    async def excluded(self, assessment_id: AssessmentId) -> dict[str, int]:
        """How many VMs are not in scope, by reason."""
        reason = func.coalesce(assessed_vms.c.excluded_because, "unknown")
        result = await self._connection.execute(
            select(reason, func.count())
            .where(assessed_vms.c.assessment_id == assessment_id, assessed_vms.c.is_excluded)
            .group_by(reason)
        )
        return {name: count for name, count in result}

    async def details(
        self, assessment_id: AssessmentId, vm_ids: Sequence[VmId]
    ) -> dict[VmId, VmDetails]:
        """What the plan shows of these VMs."""
        vm = assessed_vms.c
        result = await self._connection.execute(
            select(
                vm.vm_id,
                vm.name,
                vm.cluster,
                vm.os_family,
                vm.os_text,
                vm.networks,
                vm.risk_score,
                vm.disk_count,
                vm.nic_count,
            ).where(
                vm.assessment_id == assessment_id,
                vm.vm_id == any_(literal(list(vm_ids), ARRAY(Uuid))),
            )
        )
        return {VmId(vm_id): VmDetails(*values) for vm_id, *values in result}

    async def find_snapshot(self, project_id: ProjectId, digest: str) -> SnapshotId | None:
        """The project's snapshot with this content."""
        found: UUID | None = await self._connection.scalar(
            select(plan_snapshots.c.snapshot_id).where(
                plan_snapshots.c.project_id == project_id, plan_snapshots.c.digest == digest
            )
        )
        return None if found is None else SnapshotId(found)

    async def add_snapshot(
        self,
        project_id: ProjectId,
        manifest: SnapshotManifest,
        pages: Sequence[bytes],
        *,
        digest: str,
    ) -> None:
        """Freeze a plan whose manifest has this ``digest``."""
        await self._connection.execute(
            insert(plan_snapshots).values(
                snapshot_id=manifest.id,
                project_id=project_id,
                digest=digest,
                record_schema=manifest.record_schema,
                record_count=manifest.record_count,
                page_sha256=manifest.page_sha256,
                header=manifest.header,
            )
        )
        await copy_records(
            self._connection,
            plan_snapshot_pages.name,
            ["snapshot_id", "number", "body"],
            ((manifest.id, number, page) for number, page in enumerate(pages)),
        )

    async def set_latest(self, project_id: ProjectId, snapshot_id: SnapshotId) -> None:
        """Make this the project's latest plan, and forget the read models before its own."""
        await self._connection.execute(
            update(plans).where(plans.c.project_id == project_id).values(snapshot_id=snapshot_id)
        )
        newest = (
            select(assessments.c.assessment_number)
            .join(plans, plans.c.assessment_id == assessments.c.assessment_id)
            .where(plans.c.project_id == project_id)
            .scalar_subquery()
        )
        await self._connection.execute(
            delete(assessments).where(
                assessments.c.project_id == project_id, assessments.c.assessment_number < newest
            )
        )

    async def approval_requests(self, project_id: ProjectId) -> list[ApprovalRequest]:
        """All requests of the project, oldest first."""
        result = await self._connection.execute(
            select(approval_requests)
            .where(approval_requests.c.project_id == project_id)
            .order_by(approval_requests.c.requested_at, approval_requests.c.approval_id)
        )
        return [rows.approval_request(row) for row in result]

    async def add_approval_request(self, request: ApprovalRequest) -> None:
        """Store a new request."""
        await self._connection.execute(
            insert(approval_requests).values(rows.approval_values(request))
        )

    async def save_decision(self, request: ApprovalRequest) -> None:
        """Store the decision of a request."""
        await self._connection.execute(
            update(approval_requests)
            .where(approval_requests.c.approval_id == request.approval_id)
            .values(rows.approval_values(request))
        )

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove what followed from the project's inventories with numbers up to ``through``.

        What was approved stays, with its snapshot, as history. For None all goes, settings too.
        """
        await self.current_plan(project_id)
        of_project = assessments.c.project_id == project_id
        gone = (
            of_project
            if through is None
            else of_project & (assessments.c.inventory_number <= through)
        )
        gone_ids = select(assessments.c.assessment_id).where(gone)
        mine = plans.c.project_id == project_id
        job_ids = await self._connection.scalars(
            delete(plans).where(mine, plans.c.assessment_id.in_(gone_ids)).returning(plans.c.job_id)
        )
        for job_id in job_ids.all():
            with suppress(Conflict):  # it has ended
                await jobs.cancel(self._connection, JobId(job_id))
        await self._connection.execute(delete(assessments).where(gone))
        await self._forget_snapshots(project_id, through=through)
        if through is None:
            await self._connection.execute(
                delete(plan_settings).where(plan_settings.c.project_id == project_id)
            )

    async def _forget_snapshots(self, project_id: ProjectId, *, through: int | None) -> None:
        asked_for = approval_requests.c.project_id == project_id
        unwanted = plan_snapshots.c.project_id == project_id
        if through is None:
            await self._connection.execute(delete(approval_requests).where(asked_for))
        else:
            number = plan_snapshots.c.header["based_on"]["inventory_number"].as_integer()
            kept = select(approval_requests.c.snapshot_id).where(asked_for)
            unwanted &= (number <= through) & plan_snapshots.c.snapshot_id.not_in(kept)
        ids = select(plan_snapshots.c.snapshot_id).where(unwanted)
        await self._connection.execute(
            delete(plan_snapshot_pages).where(plan_snapshot_pages.c.snapshot_id.in_(ids))
        )
        await self._connection.execute(delete(plan_snapshots).where(unwanted))


async def find_current_plan(
    connection: AsyncConnection, project_id: ProjectId
) -> CurrentPlan | None:
    """The project's plan; None before an assessment."""
    row = (
        await connection.execute(
            select(assessments, plans.c.job_id, plans.c.snapshot_id)
            .join(plans, plans.c.assessment_id == assessments.c.assessment_id)
            .where(plans.c.project_id == project_id)
        )
    ).one_or_none()
    if row is None:
        return None
    return CurrentPlan(
        project_id=project_id,
        assessment=rows.based_on(row),
        job_id=JobId(row.job_id),
        snapshot=await find_snapshot_head(connection, row.snapshot_id),
    )


async def find_snapshot_head(
    connection: AsyncConnection, snapshot_id: UUID | None
) -> SnapshotHead | None:
    """A snapshot without its contents."""
    if snapshot_id is None:
        return None
    row = (
        await connection.execute(
            select(*rows.SNAPSHOT_HEAD).where(plan_snapshots.c.snapshot_id == snapshot_id)
        )
    ).one()
    return rows.snapshot_head(row)
