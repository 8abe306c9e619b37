"""``inventory.imported`` queues one assessment of each inventory, newest first."""

import asyncio

from tests.services.assessment.builders import a_vm
from tests.services.assessment.upstream import FakeIngest
from tests.services.assessment.workbench import Workbench

VMS = [a_vm(number) for number in range(1, 10)]


async def test_an_inventory_is_queued_once_however_often_it_is_told_of(bench: Workbench) -> None:
    event = bench.ingest.imports(VMS)

    for _ in range(3):
        await bench.deliver(event)

    assert await bench.job_states() == ["queued"]


async def test_deliveries_at_the_same_moment_queue_one_assessment(bench: Workbench) -> None:
    event = bench.ingest.imports(VMS)

    await asyncio.gather(*(bench.deliver(event) for _ in range(4)))

    assert await bench.job_states() == ["queued"]


async def test_an_older_inventory_that_comes_late_is_ignored(bench: Workbench) -> None:
    first, second = bench.ingest.imports(VMS, number=1), bench.ingest.imports(VMS, number=2)

    await bench.deliver(second)
    await bench.deliver(first)

    assert await bench.job_states() == ["queued"]
    await bench.work()
    (announced,) = await bench.announced()
    assert announced["data"]["inventory_number"] == 2


async def test_a_newer_inventory_supersedes_one_that_waits(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(VMS, number=1))
    await bench.deliver(bench.ingest.imports(VMS, number=2))

    assert await bench.job_states() == ["cancelled", "queued"]


async def test_projects_do_not_disturb_each_other(bench: Workbench) -> None:
    theirs = FakeIngest().imports(VMS, number=5, project_id=VMS[0].vm_id)
    await bench.deliver(bench.ingest.imports(VMS, number=1))
    await bench.deliver(theirs)

    assert await bench.job_states() == ["queued", "queued"]
