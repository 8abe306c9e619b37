"""The exporter's parts on a real database, driven by hand: ask for an export, run a job once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.exporter.adapters.documents import WRITERS
from services.exporter.domain.exports import Export, Format, PlanSnapshot
from services.exporter.persistence.queries import content_chunks, show_export
from services.exporter.persistence.store import PostgresExportStore
from services.exporter.persistence.tables import export_chunks
from services.exporter.usecases.ports import ExportStore
from services.exporter.usecases.request_export import RENDER, RequestExport
from services.exporter.worker.render_export import RenderExport
from shared.auth.principal import Principal
from shared.db import job_leases
from shared.db.job_context import JobContext
from shared.db.jobs import Job
from shared.kernel.ids import ExportId, ProjectId
from tests.services.exporter.builders import PROJECT_ID
from tests.services.exporter.upstream import FakePlanner
from tests.support.job_bench import FixedClock, JobBench

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
ANNA = Principal("user", "anna", "Anna")


def a_store(connection: AsyncConnection) -> ExportStore:
    return PostgresExportStore(connection)


@dataclass(frozen=True)
class Workbench(JobBench[ExportStore]):
    """A database and a planner."""

    kind = RENDER
    store = staticmethod(a_store)
    planner: FakePlanner

    async def request(
        self, snapshot: PlanSnapshot, format_: Format = Format.JSON, project_id: UUID = PROJECT_ID
    ) -> ExportId:
        """Ask for an export as the route does."""
        async with self.database.transactions(a_store)() as tx:
            return await RequestExport(self.database.ids, FixedClock(NOW))(
                tx, ProjectId(project_id), snapshot, format_, by=ANNA
            )

    async def work(self, job: JobContext[ExportStore] | None = None) -> None:
        """Run the next job to its end, or to the error that it raises."""
        job = job or await self.claim()
        await RenderExport(self.planner, WRITERS, FixedClock(NOW))(job)

    async def fail(self, code: str) -> None:
        """What the job runner records when the next job fails for good."""
        job = await self.claim()
        error = {"kind": "NotFound", "code": code, "detail": "It failed.", "errors": []}
        async with self.database.write() as connection:
            await job_leases.fail(connection, job._lease, error)

    async def export(self, export_id: ExportId, project_id: UUID = PROJECT_ID) -> Export:
        return (await self._view(export_id, project_id))[0]

    async def job(self, export_id: ExportId) -> Job:
        return (await self._view(export_id, PROJECT_ID))[1]

    async def _view(self, export_id: ExportId, project_id: UUID) -> tuple[Export, Job]:
        async with self.database.read() as connection:
            view = await show_export(connection, ProjectId(project_id), export_id)
        return view.export, view.job

    async def content(self, export_id: ExportId) -> bytes:
        """The whole document."""
        export = await self.export(export_id)
        return b"".join([chunk async for chunk in content_chunks(self.database, export)])

    async def stored_chunks(self) -> int:
        """How many pieces of content there are, of all exports."""
        async with self.database.read() as connection:
            return await connection.scalar(select(func.count()).select_from(export_chunks)) or 0
