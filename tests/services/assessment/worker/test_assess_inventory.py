"""The job: page by page, resumable, announced once."""

import asyncio
from uuid import UUID

import pytest
from sqlalchemy import delete, func, select

from services.assessment.domain.tenancy import key_id
from services.assessment.persistence.queries import AssessedSnapshots
from services.assessment.persistence.tables import assessments, source_pages, vm_keys, vm_terms
from services.assessment.usecases.ports import AssessedPage, AssessmentStore
from services.assessment.worker.assess_inventory import AssessInventory
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.envelope import Envelope
from shared.contracts.records import AssessedVmRecord, VmRecord
from shared.contracts.registry import parse_data
from shared.contracts.snapshots import SnapshotManifest, decode_page
from shared.db import job_leases, jobs
from shared.db.job_context import JobContext
from shared.db.job_leases import JobCancelled, LeaseLost
from shared.kernel.errors import Conflict, Invalid, Unavailable, Unsupported
from shared.kernel.ids import AssessmentId, ProjectId
from shared.testing.waiting import eventually
from tests.services.assessment.builders import GIB, a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import NOW, Workbench, a_store
from tests.support.job_bench import FixedClock

TENANTS = ["Acme", "Borealis", "Cinder"]


def an_estate(count: int = 22) -> list[VmRecord]:
    """VMs of three tenants; every seventh is off, every ninth a template."""
    return [
        a_vm(
            number,
            folder=f"/DC1/vm/Customers/{TENANTS[number % 3]}",
            datacenter="DC1",
            power_state="poweredOff" if number % 7 == 0 else "poweredOn",
            is_template=number % 9 == 0,
            disk_mib=number * 300 * GIB,
            used_mib=number * 100 * GIB,
        )
        for number in range(1, count + 1)
    ]


async def completed(bench: Workbench) -> AssessmentCompleted:
    """The one fact that was announced."""
    (envelope,) = await bench.announced()
    event = parse_data(Envelope.model_validate(envelope))
    assert isinstance(event, AssessmentCompleted)
    return event


async def assessed_records(bench: Workbench) -> list[AssessedVmRecord]:
    """The VMs as the planner will read them."""
    event = await completed(bench)
    pages = await bench.pages(event.assessment_id)
    return [vm for page in pages for vm in decode_page(page, AssessedVmRecord)]


async def end_as_cancelled(bench: Workbench, job: JobContext[AssessmentStore]) -> None:
    """What the job runner records when a job stops because it was cancelled."""
    async with bench.database.write() as connection:
        await job_leases.end_cancelled(connection, job._lease)


async def test_every_vm_is_assessed_and_the_result_is_announced(bench: Workbench) -> None:
    imported = bench.ingest.imports(an_estate())

    await bench.assess(imported)

    event = await completed(bench)
    assert (event.project_id, event.assessment_number) == (PROJECT, 1)
    assert (event.inventory_id, event.inventory_number) == (imported.inventory_id, 1)
    assert (event.tenant_count, event.completed_at) == (3, NOW)
    assert (event.snapshot.record_count, event.snapshot.page_count) == (22, 6)
    records = await assessed_records(bench)
    assert [vm.vm_id for vm in records] == [vm.vm_id for vm in an_estate()]
    assert {vm.tenant_name for vm in records} == set(TENANTS)
    assert await bench.job_states() == ["succeeded"]


async def test_the_announced_snapshot_is_the_one_that_is_served(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports(an_estate()))

    ref = (await completed(bench)).snapshot
    source = AssessedSnapshots(bench.database)
    manifest = await source.manifest(ref.id)

    assert manifest is not None
    assert (manifest.digest(), manifest.record_schema) == (ref.digest, "assessed-vm.v1")
    assert ref.path == f"/internal/v1/snapshots/{ref.id}"
    assert await source.page(ref.id, 0) == (await bench.pages(ref.id))[0]
    assert await source.page(ref.id, ref.page_count) is None


async def test_the_same_inventory_gives_the_same_digest(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports(an_estate(), number=1))
    await bench.assess(bench.ingest.imports(an_estate(), number=2))

    first, second = [envelope["data"]["snapshot"] for envelope in await bench.announced()]
    assert first["id"] != second["id"]
    assert first["digest"] == second["digest"]


async def test_totals_leave_out_templates_and_count_vms_that_are_off(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports(an_estate()))

    in_scope = [vm for vm in an_estate() if not vm.is_template]
    totals = {row["tenant_id"]: row for row in await bench.total_rows()}
    for i, name in enumerate(TENANTS):
        own = [vm for vm in in_scope if int(vm.name.removeprefix("vm")) % 3 == i]
        row = totals.pop(key_id(ProjectId(PROJECT), name, None))
        assert row["vms"] == len(own)
        assert row["powered_off"] == sum(vm.power_state == "poweredOff" for vm in own)
        assert row["disk_mib"] == sum(vm.disk_mib or 0 for vm in own)
        assert row["vcpus"] == 2 * len(own)
        assert row["cold_required"] == row["powered_off"]
        assert row["detection_method"] == "folder_path"
    assert totals == {}


async def test_a_tenant_of_templates_only_is_not_counted(bench: Workbench) -> None:
    vms = [a_vm(1, folder="/DC1/Acme"), a_vm(2, folder="/DC1/Images", is_template=True)]

    await bench.assess(bench.ingest.imports(vms))

    assert (await completed(bench)).tenant_count == 1


async def test_an_inventory_without_vms_is_assessed(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports([]))

    assert (await completed(bench)).tenant_count == 0


@pytest.mark.parametrize("page", [0, 2, 5])
async def test_a_worker_that_dies_at_a_page_is_continued_there(bench: Workbench, page: int) -> None:
    await bench.deliver(bench.ingest.imports(an_estate()))
    bench.ingest.fails_at = page
    with pytest.raises(Unavailable):
        await bench.work()
    await bench.lose_the_worker()

    bench.ingest.fails_at = None
    await bench.work()

    assert bench.ingest.pages_served == [0, 1, 2, 3, 4, 5]
    event = await completed(bench)
    again = Workbench(bench.database, bench.ingest)
    rows, totals = await bench.vm_rows(), await bench.total_rows()
    await again.assess(bench.ingest.imports(an_estate(), number=2))
    assert (await again.vm_rows(), await again.total_rows()) == (rows, totals)
    uninterrupted = (await again.announced())[1]["data"]["snapshot"]
    assert event.snapshot.digest == uninterrupted["digest"]


async def test_a_worker_that_was_presumed_dead_writes_nothing_more(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate()))
    zombie = await bench.claim()
    await bench.lose_the_worker()
    await bench.work()

    with pytest.raises(LeaseLost):
        await AssessInventory(bench.ingest, FixedClock(NOW))(zombie)

    assert len(await bench.announced()) == 1


async def test_a_newer_inventory_stops_the_assessment_that_is_running(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate(), number=1))
    bench.ingest.fails_at = 3
    running = await bench.claim()
    with pytest.raises(Unavailable):
        await AssessInventory(bench.ingest, FixedClock(NOW))(running)
    bench.ingest.fails_at = None

    await bench.deliver(bench.ingest.imports(an_estate(30), number=2))
    with pytest.raises(JobCancelled):
        await AssessInventory(bench.ingest, FixedClock(NOW))(running)
    await bench.work()

    event = await completed(bench)
    assert (event.assessment_number, event.inventory_number) == (2, 2)
    assert len(await bench.vm_rows()) == 30  # nothing is left of the first


async def test_a_newer_inventory_waits_for_the_page_that_is_being_stored(
    bench: Workbench,
) -> None:
    """The worker has locked its job and not yet its assessment: no deadlock."""
    await bench.deliver(bench.ingest.imports(an_estate(), number=1))
    job = await bench.claim()
    assessment_id = AssessmentId(UUID(job.payload["assessment_id"]))

    async with job.transaction() as tx:
        newer = bench.ingest.imports(an_estate(), number=2)
        delivery = asyncio.create_task(bench.deliver(newer))
        await eventually(bench.somebody_waits_for_a_lock)
        await tx.store.add_page(assessment_id, AssessedPage(0, b"", [], b""))
    await delivery

    await end_as_cancelled(bench, job)
    await bench.work()
    assert (await completed(bench)).inventory_number == 2


async def test_a_superseded_assessment_cannot_be_retried(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate(), number=1))
    first = await bench.claim()
    await bench.deliver(bench.ingest.imports(an_estate(), number=2))
    await end_as_cancelled(bench, first)
    await bench.work()
    async with bench.database.write() as connection:
        await jobs.retry(connection, first.job_id)

    with pytest.raises(Conflict, match="newer inventory"):
        await bench.work()

    assert (await completed(bench)).inventory_number == 2


async def test_a_cancelled_assessment_goes_on_where_it_stopped(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate()))
    bench.ingest.fails_at = 2
    job = await bench.claim()
    with pytest.raises(Unavailable):
        await AssessInventory(bench.ingest, FixedClock(NOW))(job)
    bench.ingest.fails_at = None
    async with bench.database.write() as connection:
        await jobs.cancel(connection, job.job_id)
    await end_as_cancelled(bench, job)

    async with bench.database.write() as connection:
        await jobs.retry(connection, job.job_id)
    await bench.work()

    assert bench.ingest.pages_served == [0, 1, 2, 3, 4, 5]
    assert (await completed(bench)).snapshot.record_count == 22


async def test_the_rows_of_former_assessments_are_removed_their_snapshots_stay(
    bench: Workbench,
) -> None:
    await bench.assess(bench.ingest.imports(an_estate(22), number=1))
    await bench.assess(bench.ingest.imports(an_estate(7), number=2))

    assert len(await bench.vm_rows()) == 7
    source = AssessedSnapshots(bench.database)
    for envelope in await bench.announced():
        ref = envelope["data"]["snapshot"]
        manifest = await source.manifest(ref["id"])
        assert isinstance(manifest, SnapshotManifest)
        assert len(await bench.pages(ref["id"])) == manifest.page_count


async def test_what_lists_are_made_of_goes_with_its_assessment(bench: Workbench) -> None:
    async def counts() -> list[int]:
        async with bench.database.read() as connection:
            return [
                await connection.scalar(select(func.count()).select_from(table)) or 0
                for table in (vm_keys, vm_terms, source_pages)
            ]

    await bench.assess(bench.ingest.imports(an_estate(22), number=1))
    assert await counts() == [22, 22, 6]
    await bench.assess(bench.ingest.imports(an_estate(7), number=2))
    assert await counts() == [7, 7, 2]
    async with bench.database.write() as connection:
        await connection.execute(delete(assessments))
    assert await counts() == [0, 0, 0]


async def test_clearing_a_project_leaves_no_keys(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports(an_estate(7)))

    async with bench.database.transactions(a_store)() as tx:
        await tx.store.forget(ProjectId(PROJECT), through=1)

    async with bench.database.read() as connection:
        for table in (vm_keys, vm_terms, source_pages):
            assert await connection.scalar(select(func.count()).select_from(table)) == 0


async def test_an_unfinished_snapshot_is_not_served(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate()))
    bench.ingest.fails_at = 3
    job = await bench.claim()
    with pytest.raises(Unavailable):
        await AssessInventory(bench.ingest, FixedClock(NOW))(job)

    assessment_id = UUID(job.payload["assessment_id"])
    source = AssessedSnapshots(bench.database)
    assert await source.manifest(assessment_id) is None
    assert await source.page(assessment_id, 0) is None


async def test_a_snapshot_that_holds_another_number_of_vms_is_refused(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate(22), record_count=23))

    with pytest.raises(Invalid, match="hold 22 VMs, its manifest says 23"):
        await bench.work()

    assert await bench.announced() == []


async def test_records_of_another_kind_are_refused(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports(an_estate(), record_schema="vm.v2"))

    with pytest.raises(Unsupported, match=r"vm\.v2"):
        await bench.work()


async def test_a_name_longer_than_an_index_entry_is_stored(bench: Workbench) -> None:
    name = "".join(chr(0x4E00 + i) for i in range(4000))

    await bench.assess(bench.ingest.imports([a_vm(1, name=name, folder=f"/DC1/{name}")]))

    assert [row["name"] for row in await bench.vm_rows()] == [name]
