"""What people decide and what a worker does meanwhile: nothing is lost, nobody waits for ever."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import func, select

from services.assessment.domain.rule_set import default_rule_set
from services.assessment.domain.runs import Cause
from services.assessment.persistence.store import KEPT_OF_AN_INVENTORY
from services.assessment.persistence.tables import assessments
from services.assessment.usecases.assign_vms import assign_vms
from services.assessment.usecases.change_rules import reset_rules
from services.assessment.usecases.decision_ports import Author, VmChoice
from services.assessment.usecases.edit_tenants import create_tenant
from services.assessment.usecases.reassess import reassess
from services.assessment.worker.assess_inventory import AssessInventory
from shared.auth.principal import Principal
from shared.contracts.records import VmRecord
from shared.db.job_leases import JobCancelled
from shared.kernel.errors import Unavailable
from shared.kernel.ids import AssessmentId, ProjectId, TenantId, VmId
from shared.testing.waiting import eventually
from tests.services.assessment.builders import a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import NOW, Workbench, a_store
from tests.support.job_bench import FixedClock

ANNA = Principal("user", str(UUID(int=1)), "Anna")
OURS = ProjectId(PROJECT)


def an_estate(count: int = 9) -> list[VmRecord]:
    return [a_vm(number, folder="/DC1/vm/Acme") for number in range(1, count + 1)]


async def decide(bench: Workbench) -> None:
    """Somebody decides something that every assessment goes by."""
    async with bench.database.transactions(a_store)() as tx:
        newest = await tx.store.newest_held(OURS)
        await tx.store.rules.add(
            OURS,
            (await tx.store.rules.current(OURS)).version + 1,
            default_rule_set(),
            is_reset=True,
            by=Author(ANNA.key, ANNA.name),
        )
        await reassess(
            tx,
            newest,
            cause=Cause.RULES,
            assessment_id=AssessmentId(bench.database.ids.new()),
            by=ANNA.key,
        )


async def assign_first_vm(bench: Workbench) -> TenantId:
    """A new tenant with the first VM."""
    tenant_id = TenantId(bench.database.ids.new())
    async with bench.database.transactions(a_store)() as tx:
        await create_tenant(tx, OURS, name="Borealis", org_vdc=None, tenant_id=tenant_id, by=ANNA)
        await assign_vms(
            tx,
            OURS,
            VmChoice(vm_ids=(VmId(UUID(int=1)),)),
            tenant_id=tenant_id,
            note=None,
            assessment_id=AssessmentId(bench.database.ids.new()),
            by=ANNA,
        )
    return tenant_id


async def test_a_decision_waits_for_the_page_that_is_being_stored(bench: Workbench) -> None:
    """The worker has locked its job and may want the rows that are decided about: no deadlock."""
    await bench.assess(bench.ingest.imports(an_estate(), number=1))
    await bench.deliver(bench.ingest.imports(an_estate(), number=2))
    running = await bench.claim()
    bench.ingest.fails_at = 1
    with pytest.raises(Unavailable):
        await AssessInventory(bench.ingest, FixedClock(NOW))(running)
    bench.ingest.fails_at = None

    async with running.transaction() as tx:
        decision = asyncio.create_task(assign_first_vm(bench))
        await eventually(bench.somebody_waits_for_a_lock)
        await tx.store.tenants.assigned(OURS, [VmId(UUID(int=1))])
    tenant_id = await decision

    with pytest.raises(JobCancelled):
        await AssessInventory(bench.ingest, FixedClock(NOW))(running)
    await bench.work()
    assert (await bench.records())[0].tenant_id == tenant_id


async def test_a_decision_made_while_an_assessment_begins_is_not_lost(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate()))
    job = await bench.claim()
    assessment_id = AssessmentId(UUID(job.payload["assessment_id"]))

    async with job.transaction() as tx:
        decision = asyncio.create_task(decide(bench))
        await eventually(bench.somebody_waits_for_a_lock)
        rules = await tx.store.rules.current(OURS)
        await tx.store.begin(assessment_id, rules_version=rules.version)
    await decision

    with pytest.raises(JobCancelled):
        await AssessInventory(bench.ingest, FixedClock(NOW))(job)
    await bench.work()
    (announced,) = await bench.announced()
    assert announced["data"]["assessment_number"] == 2


async def test_a_worker_that_is_resumed_goes_by_the_rules_it_began_with(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate()))
    bench.ingest.fails_at = 2
    with pytest.raises(Unavailable):
        await bench.work()
    await bench.lose_the_worker()
    bench.ingest.fails_at = None

    await bench.work()

    assert bench.ingest.pages_served == [0, 1, 2]
    assert len(await bench.records()) == 9


async def test_of_one_inventory_the_newest_assessments_are_kept(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports(an_estate(), number=1))
    await bench.assess(bench.ingest.imports(an_estate(), number=2))
    for _ in range(KEPT_OF_AN_INVENTORY + 1):
        await decide(bench)
        await bench.work()

    async with bench.database.read() as connection:
        rows = await connection.execute(
            select(assessments.c.inventory_number, func.array_agg(assessments.c.number)).group_by(
                assessments.c.inventory_number
            )
        )
        kept = {inventory: sorted(numbers) for inventory, numbers in rows}
    assert kept == {1: [1], 2: [4, 5, 6]}
    assert len(await bench.vm_rows()) == 9


async def test_before_the_first_import_a_decision_queues_nothing(bench: Workbench) -> None:
    async with bench.database.transactions(a_store)() as tx:
        change = await reset_rules(
            tx,
            OURS,
            based_on=0,
            assessment_id=AssessmentId(bench.database.ids.new()),
            by=ANNA,
        )

    assert change.assessment is None
    assert await bench.job_states() == []
