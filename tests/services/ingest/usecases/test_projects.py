"""Projects change as asked, or not at all."""

import pytest

from services.ingest.usecases.projects import change_project
from shared.kernel.errors import Invalid, NotFound, PreconditionFailed
from shared.kernel.ids import ProjectId
from tests.services.ingest.worker.workbench import ANNA, NOW, Workbench
from tests.support.job_bench import FixedClock

CLOCK = FixedClock(NOW)


async def test_what_is_not_named_stays(bench: Workbench) -> None:
    project_id = await bench.project()
    for version, changes in enumerate([{"description": " new "}, {"name": " Zen "}, {}], start=1):
        async with bench.transactions() as tx:
            changed = await change_project(
                tx, project_id, changes, expected_version=version, by=ANNA, clock=CLOCK
            )

    assert (changed.name, changed.description, changed.version) == ("Zen", "new", 4)
    (row,) = await bench.rows("projects")
    assert (row["name"], row["description"], row["version"]) == ("Zen", "new", 4)


async def test_a_change_of_an_older_version_changes_nothing(bench: Workbench) -> None:
    project_id = await bench.project()
    with pytest.raises(PreconditionFailed):
        async with bench.transactions() as tx:
            await change_project(
                tx, project_id, {"name": "x"}, expected_version=2, by=ANNA, clock=CLOCK
            )
    assert [row["version"] for row in await bench.rows("projects")] == [1]


async def test_a_name_cannot_be_taken_away(bench: Workbench) -> None:
    project_id = await bench.project()
    with pytest.raises(Invalid) as refused:
        async with bench.transactions() as tx:
            await change_project(
                tx, project_id, {"name": " "}, expected_version=1, by=ANNA, clock=CLOCK
            )
    assert [error.pointer for error in refused.value.errors] == ["/name"]


async def test_there_is_nothing_to_change_in_a_project_that_is_not_there(
    bench: Workbench,
) -> None:
    with pytest.raises(NotFound):
        async with bench.transactions() as tx:
            await change_project(
                tx,
                ProjectId(bench.database.ids.new()),
                {},
                expected_version=1,
                by=ANNA,
                clock=CLOCK,
            )
