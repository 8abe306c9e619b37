"""The job: merge page by page, plan, freeze once."""

import random
from datetime import date

import pytest

from services.planner.domain.errors import IncompleteSnapshot, PlanTooLong, UnknownRecords
from services.planner.domain.project import StaleReason
from services.planner.domain.settings import PlanSettings
from shared.contracts.records import EffectiveMode
from shared.contracts.snapshots import page_sha256
from shared.db import jobs
from shared.db.job_leases import LeaseLost
from shared.kernel.errors import Unavailable
from tests.services.planner.builders import GIB, an_id
from tests.services.planner.upstream import a_record, an_estate
from tests.services.planner.workbench import Workbench


async def test_every_vm_in_scope_is_planned_once_in_order(bench: Workbench) -> None:
    result = await bench.plan(an_estate(10))

    vms = await bench.planned(result["snapshot_id"])
    assert [vm.sequence for vm in vms] == list(range(1, 11))
    assert {vm.name for vm in vms} == {f"vm-{number:04}" for number in range(10)}
    assert [vm.tenant_name for vm in vms] == sorted(vm.tenant_name for vm in vms)
    assert [vm.start for vm in vms] == sorted(vm.start for vm in vms)
    assert await bench.job_states() == ["succeeded"]


async def test_a_record_says_what_the_vm_is_when_it_moves_and_why(bench: Workbench) -> None:
    result = await bench.plan([a_record("web-01", disk_mib=100 * GIB, used_mib=50 * GIB)])

    [vm] = await bench.planned(result["snapshot_id"])
    assert (vm.name, vm.tenant_name, vm.cluster) == ("web-01", "Acme", "cl-1")
    assert (vm.os_text, vm.networks, vm.risk_score) == ("Debian 12", ["front", "back"], 10)
    assert (vm.disk_count, vm.nic_count) == (1, 2)
    assert (vm.vcpus, vm.memory_mib, vm.disk_mib) == (2, 4 * GIB, 100 * GIB)
    assert (vm.mode, vm.bound_by, vm.day) == (EffectiveMode.WARM, "stream_cap", 1)
    assert vm.start.isoformat() == "2026-03-02T09:00:00+00:00"
    assert vm.copy_h == pytest.approx(0.1193, abs=0.0001)
    assert vm.copy_low_h is not None
    assert vm.copy_high_h is not None
    assert vm.copy_low_h < vm.copy_h < vm.copy_high_h
    assert vm.why_here == "Tenant Acme: 1 of 1, largest first. Started as the day opened."
    assert vm.findings == []


async def test_missing_figures_are_zero_and_named(bench: Workbench) -> None:
    result = await bench.plan([a_record(vcpus=None, memory_mib=None, disk_mib=None, used_mib=None)])

    [vm] = await bench.planned(result["snapshot_id"])
    assert (vm.vcpus, vm.memory_mib, vm.disk_mib, vm.used_mib) == (0, 0, 0, 0)
    assert vm.findings == ["vcpus_unknown", "memory_unknown", "disk_unknown", "used_unknown"]
    summary = (await bench.manifest(result["snapshot_id"])).header["summary"]
    assert summary["unknown"] == {"vcpus": 1, "memory": 1, "disk": 1, "used": 1}


async def test_the_header_counts_what_is_in_scope(bench: Workbench) -> None:
    result = await bench.plan(an_estate(10))

    header = (await bench.manifest(result["snapshot_id"])).header
    summary = header["summary"]
    assert (summary["vms"], summary["tenants"], summary["powered_off"]) == (10, 3, 2)
    assert summary["disk_gib"] == sum(10 * n for n in range(1, 11))
    assert summary["used_gib"] == sum(4 * n for n in range(1, 11))
    assert summary["excluded"] == {"template": 1}
    assert summary["finish_date"] == "2026-03-02"
    assert sum(tenant["vms"] for tenant in header["tenants"]) == 10
    assert sum(day["starts"] for day in header["days"]) == 10
    assert header["project_id"] == str(an_id("project"))


async def test_what_is_stored_has_the_digest_that_was_announced(bench: Workbench) -> None:
    await bench.set(efficiency=0.1 + 0.2, stream_cap_mbit_s=1e3 / 3, time_zone="Europe/Berlin")
    result = await bench.plan(an_estate(10))

    manifest = await bench.manifest(result["snapshot_id"])
    assert manifest.digest() == result["digest"]
    assert manifest.record_schema == "planned-vm.v1"
    pages = await bench.pages(result["snapshot_id"])
    assert manifest.page_sha256 == [page_sha256(page) for page in pages]


async def test_a_plan_has_pages_of_a_thousand(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(1_234), per_page=1000))
    result = await bench.work()

    manifest = await bench.manifest(result["snapshot_id"])
    assert (manifest.record_count, manifest.page_count) == (1_234, 2)
    vms = await bench.planned(result["snapshot_id"])
    assert [vm.sequence for vm in vms] == list(range(1, 1_235))


async def test_an_inventory_without_vms_gives_an_empty_plan(bench: Workbench) -> None:
    result = await bench.plan([])

    manifest = await bench.manifest(result["snapshot_id"])
    assert (manifest.record_count, manifest.page_count) == (0, 0)
    assert manifest.header["summary"]["finish_date"] is None


async def test_the_same_input_gives_the_same_snapshot(bench: Workbench) -> None:
    first = await bench.plan(an_estate())
    await bench.rebuild()
    second = await bench.work()

    assert (first["is_new"], second["is_new"]) == (True, False)
    assert second["snapshot_id"] == first["snapshot_id"]
    assert await bench.count_snapshots() == 1


async def test_rows_in_another_order_give_byte_identical_pages(bench: Workbench) -> None:
    shuffled = an_estate(30)
    random.Random(7).shuffle(shuffled)
    first = await bench.plan(an_estate(30), number=1)
    second = await bench.plan(shuffled, number=2)

    assert first["digest"] != second["digest"]  # it says that it is based on another import
    assert await bench.pages(first["snapshot_id"]) == await bench.pages(second["snapshot_id"])


async def test_other_settings_give_another_plan_and_returning_gives_the_first(
    bench: Workbench,
) -> None:
    first = await bench.plan(an_estate())
    await bench.set(target_vms_per_day=2)
    await bench.rebuild()
    second = await bench.work()
    await bench.set(target_vms_per_day=None)
    await bench.rebuild()
    third = await bench.work()

    assert second["snapshot_id"] != first["snapshot_id"]
    assert (third["snapshot_id"], third["is_new"]) == (first["snapshot_id"], False)
    current = await bench.current()
    assert current.snapshot is not None
    assert str(current.snapshot.snapshot_id) == first["snapshot_id"]
    assert current.stale_because(PlanSettings()) == []


@pytest.mark.parametrize("page", [0, 1, 2])
async def test_a_worker_that_dies_at_a_page_is_continued_there(bench: Workbench, page: int) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(10), per_page=4))
    bench.assessment.fails_at = page
    with pytest.raises(Unavailable):
        await bench.work()
    await bench.lose_the_worker()

    bench.assessment.fails_at = None
    result = await bench.work()

    assert bench.assessment.pages_served == [0, 1, 2]
    assert result["vms"] == 10
    assert list((await bench.read_model_sizes()).values()) == [11]


async def test_a_worker_that_has_lost_its_lease_writes_nothing(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate()))
    slow = await bench.claim()
    await bench.lose_the_worker()
    await bench.work()

    with pytest.raises(LeaseLost):
        await bench.run(slow)
    assert await bench.count_snapshots() == 1


async def test_two_workers_on_one_assessment_merge_every_page_once(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(10), per_page=4))
    first = await bench.claim()
    await bench.rebuild()
    second = await bench.claim()
    bench.assessment.fails_at = 2
    with pytest.raises(Unavailable):
        await bench.run(first)
    bench.assessment.fails_at = None

    results = [await bench.run(second), await bench.run(first)]

    assert [result["outcome"] for result in results] == ["planned", "superseded"]
    assert list((await bench.read_model_sizes()).values()) == [11]


async def test_a_newer_assessment_replaces_the_read_model_and_makes_the_plan_stale(
    bench: Workbench,
) -> None:
    await bench.plan(an_estate(10), number=1)
    newer = bench.assessment.completes(an_estate(4), number=2)
    await bench.deliver(newer)
    stale = (await bench.current()).stale_because(PlanSettings())

    result = await bench.work()

    assert stale == [StaleReason.NEWER_ASSESSMENT]
    assert result["vms"] == 4
    assert await bench.read_model_sizes() == {newer.assessment_id: 5}
    assert (await bench.current()).stale_because(PlanSettings()) == []


async def test_a_build_that_is_overtaken_while_it_runs_changes_nothing(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(10), number=1))
    overtaken = await bench.claim()
    await bench.plan(an_estate(4), number=2)

    assert await bench.run(overtaken) == {"outcome": "superseded"}
    current = await bench.current()
    assert current.snapshot is not None
    assert current.snapshot.vm_count == 4


async def test_progress_is_shown_while_pages_are_merged(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(10), per_page=4))
    bench.assessment.fails_at = 2
    with pytest.raises(Unavailable):
        await bench.work()

    async with bench.database.read() as connection:
        job = await jobs.get(connection, (await bench.current()).job_id)
    assert job.progress == {"stage": "merging", "pages_done": 2, "pages_total": 3}


async def test_settings_are_those_of_the_moment_the_job_runs(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(10)))
    await bench.set(target_vms_per_day=1, blackout_dates=[date(2026, 3, 2)])

    result = await bench.work()

    header = (await bench.manifest(result["snapshot_id"])).header
    assert header["summary"]["start_date"] == "2026-03-03"
    assert header["summary"]["working_days"] == 10


async def test_an_estate_that_never_finishes_fails_with_advice(bench: Workbench) -> None:
    await bench.set(target_storage_write_mb_s=1, efficiency=0.05)
    vms = [a_record(disk_mib=2**40, used_mib=2**40)]

    with pytest.raises(PlanTooLong, match="more bandwidth"):
        await bench.plan(vms)


async def test_pages_that_miss_vms_are_not_planned(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(), record_count=99))

    with pytest.raises(IncompleteSnapshot, match="hold 11 VMs, 99 were announced"):
        await bench.work()


async def test_records_of_another_version_are_refused(bench: Workbench) -> None:
    await bench.deliver(bench.assessment.completes(an_estate(), record_schema="assessed-vm.v9"))

    with pytest.raises(UnknownRecords):
        await bench.work()
