"""``assessment.completed`` queues one build of each assessment, newest first."""

import asyncio

from tests.services.planner.builders import an_id
from tests.services.planner.upstream import an_estate
from tests.services.planner.workbench import Workbench


async def test_an_assessment_is_queued_once_however_often_it_is_told_of(bench: Workbench) -> None:
    event = bench.assessment.completes(an_estate())

    for _ in range(3):
        await bench.deliver(event)

    assert await bench.job_states() == ["queued"]


async def test_deliveries_at_the_same_moment_queue_one_build(bench: Workbench) -> None:
    event = bench.assessment.completes(an_estate())

    await asyncio.gather(*(bench.deliver(event) for _ in range(4)))

    assert await bench.job_states() == ["queued"]


async def test_an_older_assessment_that_comes_late_is_ignored(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(), number=2))
    await bench.deliver(bench.assessment.completes(an_estate(), number=1))

    assert await bench.job_states() == ["queued"]
    assert (await bench.current()).assessment.assessment_number == 2


async def test_the_plan_follows_the_newest_assessment(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(3), number=1))
    await bench.deliver(bench.assessment.completes(an_estate(8), number=2))

    assert await bench.work() == {"outcome": "superseded"}
    assert (await bench.work())["vms"] == 8


async def test_projects_do_not_disturb_each_other(bench: Workbench) -> None:
    await bench.deliver(
        bench.assessment.completes(an_estate(), number=5, project_id=an_id("other"))
    )
    await bench.deliver(bench.assessment.completes(an_estate(), number=1))

    assert await bench.job_states() == ["queued", "queued"]
