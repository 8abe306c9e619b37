"""The planner's parts on a real database, driven by hand: deliver an event, run a job once."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.planner.domain.approval import Asker
from services.planner.domain.project import CurrentPlan
from services.planner.handlers.on_assessment_completed import on_assessment_completed
from services.planner.persistence.queries import PlanSnapshots
from services.planner.persistence.store import PostgresPlannerStore, find_current_plan
from services.planner.persistence.tables import assessed_vms, plan_snapshots
from services.planner.usecases.change_settings import change_settings
from services.planner.usecases.note_assessment import BUILD_PLAN
from services.planner.usecases.ports import PlannerStore
from services.planner.usecases.rebuild_plan import rebuild_plan
from services.planner.worker.build_plan import BuildPlan
from shared.auth.principal import Principal
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.records import AssessedVmRecord, PlannedVmRecord
from shared.contracts.snapshots import SnapshotManifest, decode_page
from shared.db import job_leases, jobs
from shared.db.job_context import JobContext
from shared.db.job_runner import error_document
from shared.db.uow import Transactions
from shared.kernel.errors import AppError
from shared.kernel.ids import JobId, ProjectId, UserId
from tests.services.planner.builders import an_id
from tests.services.planner.upstream import PROJECT, FakeAssessment
from tests.support.job_bench import JobBench, envelope_of

NOW = datetime(2026, 3, 1, 13, 0, tzinfo=UTC)
THE_PROJECT = ProjectId(PROJECT)
DANA = Asker(UserId(an_id("dana")), NOW)
DANA_HERSELF = Principal("user", str(an_id("dana")), "dana")
KIM = Asker(UserId(an_id("kim")), NOW)


def a_store(connection: AsyncConnection) -> PlannerStore:
    return PostgresPlannerStore(connection, allow_single_approver=False)


@dataclass(frozen=True)
class Workbench(JobBench[PlannerStore]):
    """A database and an assessment service."""

    kind = BUILD_PLAN
    store = staticmethod(a_store)
    assessment: FakeAssessment = field(default_factory=FakeAssessment)

    @property
    def transactions(self) -> Transactions[PlannerStore]:
        return self.database.transactions(a_store)

    async def deliver(self, event: AssessmentCompleted) -> None:
        """Handle the event as the consumer does, without its inbox."""
        envelope = envelope_of(event, source="assessment", version=event.assessment_number, at=NOW)
        async with self.transactions() as tx:
            await on_assessment_completed(event, envelope, tx)

    async def run(self, job: JobContext[PlannerStore]) -> dict[str, Any]:
        """Run a claimed job as the job runner does; its result."""
        result = await BuildPlan(self.assessment, self.database.ids).run(job)
        if not job.is_finished:
            async with job.transaction() as tx:
                await job.finish(tx, result)
        async with self.database.read() as connection:
            return (await jobs.get(connection, job.job_id)).result or {}

    async def work(self) -> dict[str, Any]:
        """Run the next job to its end, or to the error that it raises; its result."""
        job = await self.claim()
        return await self.run(job)

    async def fail(self) -> None:
        """Run the next job, which fails for good, and record it as the job runner does."""
        job = await self.claim()
        with pytest.raises(AppError) as failed:
            await self.run(job)
        async with self.database.write() as connection:
            await job_leases.fail(connection, job._lease, error_document(failed.value))

    async def plan(self, vms: list[AssessedVmRecord], *, number: int = 1) -> dict[str, Any]:
        """Deliver an assessment of ``vms``, then work."""
        await self.deliver(self.assessment.completes(vms, number=number))
        return await self.work()

    async def rebuild(self) -> JobId:
        async with self.transactions() as tx:
            return await rebuild_plan(tx, THE_PROJECT, by=DANA_HERSELF)

    async def set(self, **changes: object) -> int:
        """Change settings; the new version."""
        async with self.transactions() as tx:
            version = (await tx.store.settings(THE_PROJECT)).version
            changed = await change_settings(
                tx, THE_PROJECT, changes, based_on=version, by=DANA_HERSELF, may_approve=True
            )
        return changed.version

    async def current(self) -> CurrentPlan:
        async with self.database.read() as connection:
            found = await find_current_plan(connection, THE_PROJECT)
        assert found is not None
        return found

    async def manifest(self, snapshot_id: UUID | str) -> SnapshotManifest:
        """The snapshot as other services see it."""
        found = await PlanSnapshots(self.database).manifest(UUID(str(snapshot_id)))
        assert found is not None
        return found

    async def pages(self, snapshot_id: UUID | str) -> list[bytes]:
        source, pages = PlanSnapshots(self.database), []
        while page := await source.page(UUID(str(snapshot_id)), len(pages)):
            pages.append(page)
        return pages

    async def planned(self, snapshot_id: UUID | str) -> list[PlannedVmRecord]:
        pages = await self.pages(snapshot_id)
        return [vm for page in pages for vm in decode_page(page, PlannedVmRecord)]

    async def count_snapshots(self) -> int:
        async with self.database.read() as connection:
            return int(
                await connection.scalar(select(func.count()).select_from(plan_snapshots)) or 0
            )

    async def read_model_sizes(self) -> dict[UUID, int]:
        """How many VMs are merged, by assessment."""
        statement = select(assessed_vms.c.assessment_id, func.count()).group_by(
            assessed_vms.c.assessment_id
        )
        async with self.database.read() as connection:
            return {key: count for key, count in await connection.execute(statement)}
