"""From an approval to the listed tasks, on a real database."""

import tracemalloc

import pytest

from services.provisioner.domain.compile import compile_tasks
from services.provisioner.domain.estate import Estate
from services.provisioner.domain.states import RunState, TaskState
from services.provisioner.domain.tasks import Kind
from services.provisioner.persistence.queries import TaskFilter
from services.provisioner.usecases.count_page import count_page
from shared.contracts.snapshots import encode_page
from shared.db import jobs
from shared.kernel.errors import Conflict, Invalid, Unavailable, Unsupported
from tests.services.provisioner.builders import ENGAGEMENT, a_record, an_estate
from tests.services.provisioner.workbench import NOW, Workbench


async def test_an_approved_plan_becomes_a_draft_whose_tasks_are_pending(bench: Workbench) -> None:
    approval = bench.planner.approves(an_estate())

    tasks = await bench.compile(approval)

    view = await bench.show()
    assert view.run is not None
    assert (view.run.state, view.run.compiled_at) == (RunState.DRAFT, NOW)
    assert view.run.snapshot_digest == approval.snapshot.digest
    assert {listed.state for listed in tasks} == {TaskState.PENDING}
    assert [listed.position for listed in tasks] == list(range(1, len(tasks) + 1))
    assert {count.kind: count.total for count in view.counts} == {
        Kind.DOMAIN: 3,
        Kind.PROJECT: 3,
        Kind.QUOTA: 3,
        Kind.NETWORK: 2,
        Kind.FLAVOR: 1,
        Kind.USER: 3,
        Kind.ROLE: 3,
    }
    assert view.job is not None
    assert view.job.result == {
        "outcome": "compiled",
        "run_id": str(view.run.id),
        "tasks": 18,
        "blocked": 0,
    }


async def test_what_is_stored_is_what_was_compiled(bench: Workbench) -> None:
    blocked = a_record(19, "Default", networks=["n" * 300])

    listed = await bench.compile(bench.planner.approves([*an_estate(), blocked]))

    estate = Estate()
    count_page(estate, encode_page([*an_estate(), blocked]))
    assert [one.task for one in listed] == compile_tasks(estate, ENGAGEMENT)


async def test_tasks_come_in_pages_and_by_kind_state_and_blocker(bench: Workbench) -> None:
    every = await bench.compile(bench.planner.approves([*an_estate(), a_record(19, "Default")]))

    assert await bench.tasks(limit=5) == every
    users = await bench.tasks(TaskFilter(kind=Kind.USER), limit=2)
    assert users == [listed for listed in every if listed.task.kind is Kind.USER]
    assert await bench.tasks(TaskFilter(state=TaskState.PENDING)) == every
    assert await bench.tasks(TaskFilter(state=TaskState.RUNNING)) == []
    stuck = await bench.tasks(TaskFilter(is_blocked=True), limit=2)
    assert stuck == [listed for listed in every if listed.task.blocker]
    assert 0 < len(stuck) < len(every)
    assert await bench.tasks(TaskFilter(is_blocked=False)) == [
        listed for listed in every if not listed.task.blocker
    ]


async def test_a_newer_approval_takes_over(bench: Workbench) -> None:
    await bench.compile(bench.planner.approves(an_estate(), number=1))

    tasks = await bench.compile(bench.planner.approves([a_record(1, "acme")], number=2))

    assert (await bench.show()).preparation.approval_number == 2
    assert await bench.stored() == (1, len(tasks))
    assert len(tasks) == 8


async def test_the_tasks_of_an_old_approval_are_not_shown_for_a_new_one(bench: Workbench) -> None:
    await bench.compile(bench.planner.approves(an_estate(), number=1))
    await bench.deliver(bench.planner.approves(an_estate(), number=2))

    assert (await bench.show()).run is None
    with pytest.raises(Conflict) as refused:
        await bench.tasks()
    assert refused.value.code == "preparation-not-compiled"


async def test_a_job_whose_approval_is_replaced_before_it_begins_does_nothing(
    bench: Workbench,
) -> None:
    await bench.deliver(bench.planner.approves(an_estate(), number=1))
    old = await bench.claim()
    await bench.deliver(bench.planner.approves([a_record()], number=2))

    assert await bench.run(old) == {"outcome": "superseded"}
    assert bench.planner.pages_served == []
    assert await bench.stored() == (0, 0)


async def test_a_job_whose_approval_is_replaced_while_it_works_stores_nothing(
    bench: Workbench,
) -> None:
    await bench.deliver(bench.planner.approves(an_estate(), number=1))
    old = await bench.claim()
    newer = bench.planner.approves([a_record()], number=2)
    page = bench.planner.page

    async def page_and_approval(*arguments: object) -> bytes:
        await bench.deliver(newer)
        return await page(*arguments)

    bench.planner.page = page_and_approval

    assert await bench.run(old) == {"outcome": "superseded"}
    assert await bench.stored() == (0, 0)


async def test_delivering_an_approval_twice_queues_one_job(bench: Workbench) -> None:
    approval = bench.planner.approves(an_estate())

    await bench.deliver(approval)
    await bench.deliver(approval)

    assert await bench.job_states() == ["queued"]


async def test_a_planner_that_is_away_leaves_the_job_to_be_repeated(bench: Workbench) -> None:
    await bench.deliver(bench.planner.approves(an_estate()))
    job = await bench.claim()
    bench.planner.fails_at = 2

    with pytest.raises(Unavailable):
        await bench.run(job)
    bench.planner.fails_at = None
    await bench.run(job)

    assert await bench.stored() == (1, 18)


async def test_records_of_another_version_are_refused(bench: Workbench) -> None:
    await bench.deliver(bench.planner.approves(an_estate(), record_schema="planned-vm.v9"))

    with pytest.raises(Unsupported, match=r"planned-vm\.v9"):
        await bench.run(await bench.claim())


async def test_a_plan_with_fewer_vms_than_announced_is_refused(bench: Workbench) -> None:
    await bench.deliver(bench.planner.approves(an_estate(18), record_count=19))

    with pytest.raises(Invalid, match="hold 18 VMs, 19 were announced"):
        await bench.run(await bench.claim())
    assert await bench.stored() == (0, 0)


async def test_a_cancelled_compiling_leaves_no_tasks_and_can_be_retried(bench: Workbench) -> None:
    await bench.deliver(bench.planner.approves(an_estate()))
    view = await bench.show()
    assert view.job is not None
    async with bench.database.write() as connection:
        await jobs.cancel(connection, view.job.id)
        await jobs.retry(connection, view.job.id)

    await bench.run(await bench.claim())

    assert await bench.stored() == (1, 18)


def test_counting_pages_takes_no_memory_for_each_vm() -> None:
    page = encode_page([a_record(n, f"tenant-{n % 10}", name=f"vm-{n}") for n in range(1, 501)])
    estate = Estate()
    count_page(estate, page)

    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for _ in range(8):
        count_page(estate, page)
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert estate.vms == 4500
    assert after - before < 100_000
