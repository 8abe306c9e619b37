"""What the planner forgets when a project is cleared or deleted, and what it keeps."""

from sqlalchemy import func, select

from services.planner.persistence.tables import (
    approval_requests,
    assessed_vms,
    plan_settings,
    plan_snapshots,
    plans,
)
from services.planner.usecases.approve_plan import ask_for_approval
from shared.contracts.project import ProjectChanged
from shared.db import project_marks
from shared.kernel.ids import ApprovalId
from tests.services.planner.builders import an_id
from tests.services.planner.upstream import PROJECT, an_estate
from tests.services.planner.workbench import DANA, DANA_HERSELF, NOW, THE_PROJECT, Workbench

TABLES = {
    "plans": plans,
    "vms": assessed_vms,
    "snapshots": plan_snapshots,
    "requests": approval_requests,
    "settings": plan_settings,
}


async def counts(bench: Workbench) -> dict[str, int]:
    async with bench.database.read() as connection:
        return {
            name: await connection.scalar(select(func.count()).select_from(table)) or 0
            for name, table in TABLES.items()
        }


async def forget(bench: Workbench, through: int | None) -> None:
    async with bench.transactions() as tx:
        await tx.store.forget(THE_PROJECT, through=through)


async def ask(bench: Workbench, digest: str) -> None:
    async with bench.transactions() as tx:
        await ask_for_approval(
            tx, THE_PROJECT, ApprovalId(an_id("a")), digest=digest, asker=DANA, by=DANA_HERSELF
        )


async def test_a_cleared_project_has_no_plan_and_keeps_settings_and_what_was_asked_for(
    bench: Workbench,
) -> None:
    asked_for = await bench.plan(an_estate(3))
    await ask(bench, asked_for["digest"])
    await bench.set(efficiency=0.5)
    await bench.rebuild()
    await bench.work()
    assert (await counts(bench))["snapshots"] == 2

    await forget(bench, 1)
    await forget(bench, 1)

    assert await counts(bench) == {
        "plans": 0,
        "vms": 0,
        "snapshots": 1,
        "requests": 1,
        "settings": 1,
    }


async def test_a_deleted_project_leaves_nothing(bench: Workbench) -> None:
    plan = await bench.plan(an_estate(3))
    await ask(bench, plan["digest"])
    await bench.set(efficiency=0.5)

    await forget(bench, None)

    assert set((await counts(bench)).values()) == {0}


async def test_a_build_that_waits_is_stopped(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate()))

    await forget(bench, 1)

    assert await bench.job_states() == ["cancelled"]


async def test_the_plan_of_a_newer_inventory_stays(bench: Workbench) -> None:
    await bench.plan(an_estate(3))
    before = await counts(bench)

    await forget(bench, 0)

    assert await counts(bench) == before


async def test_an_assessment_of_a_cleared_inventory_that_comes_late_is_ignored(
    bench: Workbench,
) -> None:
    cleared = ProjectChanged.model_validate(
        {
            "project_id": PROJECT,
            "project_version": 2,
            "life": "active",
            "cleared_through": 1,
            "changed_at": NOW,
        }
    )
    async with bench.transactions() as tx:
        await project_marks.note(tx.connection, cleared)

    await bench.deliver(bench.assessment.completes(an_estate()))

    assert await bench.job_states() == []
