"""What the exporter forgets when a project is cleared or deleted."""

from uuid import UUID

from sqlalchemy import func, select

from services.exporter.domain.exports import Format
from services.exporter.persistence.tables import export_chunks, exports
from shared.kernel.ids import ProjectId
from tests.services.exporter.builders import PROJECT_ID
from tests.services.exporter.workbench import Workbench, a_store

OTHER = UUID("0193a1b2-0000-7000-8000-0000000000ff")


async def counts(bench: Workbench) -> list[int]:
    async with bench.database.read() as connection:
        return [
            await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (exports, export_chunks)
        ]


async def test_the_projects_exports_go_and_those_that_wait_are_stopped(bench: Workbench) -> None:
    await bench.request(bench.planner.freezes())
    await bench.work()
    await bench.request(bench.planner.freezes(), Format.XLSX)
    await bench.request(bench.planner.freezes(project_id=OTHER), project_id=OTHER)
    assert await counts(bench) == [3, 1]

    async with bench.database.transactions(a_store)() as tx:
        await tx.store.forget(ProjectId(PROJECT_ID), through=1)

    assert await counts(bench) == [1, 0]
    assert sorted(await bench.job_states()) == ["cancelled", "queued", "succeeded"]
