"""What the assessment forgets when a project is cleared or deleted; its numbers go on."""

from sqlalchemy import func, select

from services.assessment.persistence.queries import newest_assessment
from services.assessment.persistence.tables import (
    assessed_vms,
    assessments,
    snapshot_pages,
    tenant_totals,
    tenants,
)
from shared.kernel.ids import ProjectId
from tests.services.assessment.builders import a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench, a_store

CONTENTS = (assessed_vms, tenant_totals, snapshot_pages, tenants)


async def counts(bench: Workbench) -> dict[str, int]:
    async with bench.database.read() as connection:
        return {
            table.name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for table in (*CONTENTS, assessments)
        }


async def forget(bench: Workbench, through: int | None) -> None:
    async with bench.database.transactions(a_store)() as tx:
        await tx.store.forget(ProjectId(PROJECT), through=through)


async def test_a_cleared_project_has_no_assessment_and_goes_on_counting(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports([a_vm()], number=1))

    await forget(bench, 1)
    await forget(bench, 1)

    assert await counts(bench) == {table.name: 0 for table in CONTENTS} | {"assessments": 1}
    async with bench.database.read() as connection:
        assert await newest_assessment(connection, ProjectId(PROJECT)) is None
    await bench.assess(bench.ingest.imports([a_vm()], number=2))
    async with bench.database.read() as connection:
        view = await newest_assessment(connection, ProjectId(PROJECT))
    assert view is not None
    assert (view.run.number, view.totals is not None) == (2, True)


async def test_a_deleted_project_leaves_nothing(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports([a_vm()], number=1))

    await forget(bench, None)

    assert set((await counts(bench)).values()) == {0}


async def test_what_came_of_a_newer_inventory_stays(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports([a_vm()], number=2))
    before = await counts(bench)

    await forget(bench, 1)

    assert await counts(bench) == before


async def test_an_assessment_that_waits_is_stopped(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports([a_vm()], number=1))

    await forget(bench, 1)

    assert await bench.job_states() == ["cancelled"]
