"""The provisioner's parts on a real database, driven by hand: deliver an approval, run a job."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

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
from shared.contracts.plan import PlanApproved
from shared.db.job_context import JobContext
from shared.kernel.ids import ProjectId
from tests.services.provisioner.builders import ENGAGEMENT
from tests.services.provisioner.upstream import FakePlanner
from tests.support.job_bench import FixedClock, JobBench, envelope_of

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
ALL = TaskFilter()


def a_store(connection: AsyncConnection) -> PreparationStore:
    return PostgresPreparationStore(connection)


@dataclass(frozen=True)
class Workbench(JobBench[PreparationStore]):
    """A database and a planner."""

    kind = COMPILE
    store = staticmethod(a_store)
    planner: FakePlanner

    async def deliver(self, event: PlanApproved) -> None:
        """Handle the event as the consumer does, without its inbox."""
        envelope = envelope_of(event, source="planner", version=event.approval_number, at=NOW)
        async with self.database.transactions(a_store)() as tx:
            await on_plan_approved(event, envelope, tx)

    async def run(self, job: JobContext[PreparationStore]) -> dict[str, Any] | None:
        """Do the work of a claimed job."""
        return await CompilePreparation(self.planner, self.database.ids, FixedClock(NOW))(job)

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
            async with self.database.read() as connection:
                page = await list_tasks(
                    connection, ENGAGEMENT, only=only, cursor=cursor, limit=limit
                )
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    async def show(self, project_id: UUID = ENGAGEMENT) -> PreparationView:
        """The project's preparation."""
        async with self.database.read() as connection:
            return await show_preparation(connection, ProjectId(project_id))

    async def stored(self) -> tuple[int, int]:
        """How many runs and how many tasks there are, of whatever project."""
        async with self.database.read() as connection:
            runs = await connection.scalar(select(func.count()).select_from(prep_runs))
            tasks = await connection.scalar(select(func.count()).select_from(prep_tasks))
        return runs or 0, tasks or 0
