"""The provisioner's parts on a real database, driven by hand: deliver an approval, run a job."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.provisioner.domain.runs import ListedTask
from services.provisioner.handlers.on_plan_approved import on_plan_approved
from services.provisioner.persistence.queries import (
    PreparationView,
    TaskFilter,
    list_tasks,
    show_preparation,
)
from services.provisioner.persistence.store import PostgresPreparationStore
from services.provisioner.persistence.tables import prep_runs, prep_tasks
from services.provisioner.usecases.ports import PreparationStore
from services.provisioner.usecases.record_approval import COMPILE
from services.provisioner.worker.compile_preparation import CompilePreparation
from shared.contracts.envelope import Envelope
from shared.contracts.plan import PlanApproved
from shared.contracts.registry import schema_id
from shared.db import job_leases
from shared.db.job_context import JobContext
from shared.db.tables import TABLES
from shared.db.uow import Database
from shared.kernel.ids import ProjectId
from tests.services.provisioner.builders import ENGAGEMENT
from tests.services.provisioner.upstream import FakePlanner

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
LEASE_S = 60.0
ALL = TaskFilter()


class FixedClock:
    """It is always 10 o'clock."""

    def now(self) -> datetime:
        return NOW


def a_store(connection: AsyncConnection) -> PreparationStore:
    return PostgresPreparationStore(connection)


@dataclass(frozen=True)
class Workbench:
    """A database and a planner."""

    db: Database
    planner: FakePlanner

    async def deliver(self, event: PlanApproved) -> None:
        """Handle the event as the consumer does, without its inbox."""
        envelope = Envelope(
            id=uuid4(),
            source="/services/planner",
            type=event.TYPE,
            subject=event.subject,
            time=NOW,
            dataschema=schema_id(PlanApproved),
            aggregateversion=event.approval_number,
            data=event.model_dump(mode="json"),
        )
        async with self.db.transactions(a_store)() as tx:
            await on_plan_approved(event, envelope, tx)

    async def claim(self) -> JobContext[PreparationStore]:
        """Take the next job as a worker does."""
        async with self.db.write() as connection:
            job = await job_leases.claim(connection, kinds=[COMPILE], owner="test", lease_s=LEASE_S)
        assert job is not None, "there is no job to run"
        return JobContext(job, db=self.db, store=a_store, lease_s=LEASE_S)

    async def run(self, job: JobContext[PreparationStore]) -> dict[str, Any] | None:
        """Do the work of a claimed job."""
        return await CompilePreparation(self.planner, self.db.ids, FixedClock())(job)

    async def compile(self, event: PlanApproved) -> list[ListedTask]:
        """Deliver, work, and list the tasks."""
        await self.deliver(event)
        await self.run(await self.claim())
        return await self.tasks()

    async def tasks(self, only: TaskFilter = ALL, *, limit: int = 1000) -> list[ListedTask]:
        """The project's tasks, pulled in pages of ``limit``."""
        found: list[ListedTask] = []
        cursor = None
        while True:
            async with self.db.read() as connection:
                page = await list_tasks(
                    connection, ENGAGEMENT, only=only, cursor=cursor, limit=limit
                )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def show(self, project_id: UUID = ENGAGEMENT) -> PreparationView:
        """The project's preparation."""
        async with self.db.read() as connection:
            return await show_preparation(connection, ProjectId(project_id))

    async def job_states(self) -> list[str]:
        """The states of all jobs, oldest first."""
        async with self.db.read() as connection:
            states = await connection.scalars(
                select(TABLES.jobs.c.state).order_by(TABLES.jobs.c.created_at, TABLES.jobs.c.id)
            )
        return list(states)

    async def stored(self) -> tuple[int, int]:
        """How many runs and how many tasks there are, of whatever project."""
        async with self.db.read() as connection:
            runs = await connection.scalar(select(func.count()).select_from(prep_runs))
            tasks = await connection.scalar(select(func.count()).select_from(prep_tasks))
        return runs or 0, tasks or 0
