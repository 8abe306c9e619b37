"""What the provisioner forgets when a project is cleared or deleted."""

import pytest
from sqlalchemy import update

from services.provisioner.domain.states import RunState
from services.provisioner.persistence.store import find_preparation
from services.provisioner.persistence.tables import prep_runs
from shared.kernel.ids import ProjectId
from tests.services.provisioner.builders import ENGAGEMENT, an_estate
from tests.services.provisioner.workbench import Workbench, a_store


async def forget(bench: Workbench, through: int | None) -> None:
    async with bench.database.transactions(a_store)() as tx:
        await tx.store.forget(ProjectId(ENGAGEMENT), through=through)


async def has_preparation(bench: Workbench) -> bool:
    async with bench.database.read() as connection:
        return await find_preparation(connection, ProjectId(ENGAGEMENT)) is not None


@pytest.mark.parametrize(
    ("inventory_number", "through", "stays"),
    [(2, 1, True), (2, 2, False), (2, None, False), (None, 1, False)],
)
async def test_a_preparation_goes_with_its_inventory(
    bench: Workbench, inventory_number: int | None, through: int | None, stays: bool
) -> None:
    approved = bench.planner.approves(an_estate())
    await bench.compile(approved.model_copy(update={"inventory_number": inventory_number}))

    await forget(bench, through)

    runs, tasks = await bench.stored()
    assert (await has_preparation(bench), runs > 0, tasks > 0) == (stays, stays, stays)


async def test_a_run_that_was_started_stays_as_history(bench: Workbench) -> None:
    await bench.compile(bench.planner.approves(an_estate()))
    async with bench.database.write() as connection:
        await connection.execute(update(prep_runs).values(state=RunState.RUNNING))

    await forget(bench, None)

    assert not await has_preparation(bench)
    assert (await bench.stored())[0] == 1
