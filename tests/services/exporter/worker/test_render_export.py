"""The job: whole documents, once, of the right project."""

import asyncio
import hashlib
import io
import json
from pathlib import Path
from threading import Event

import openpyxl
import pytest

from services.exporter.domain.exports import CHUNK_BYTES, Format
from services.exporter.usecases.render_document import Stopped, render_document
from shared.db import jobs
from shared.db.job_leases import JobCancelled, LeaseLost
from shared.db.jobs import JobState
from shared.kernel.errors import Invalid, NotFound, Unavailable, Unsupported
from shared.kernel.ids import SnapshotId
from tests.services.exporter.builders import a_planned_vm
from tests.services.exporter.workbench import NOW, Workbench
from tests.services.planner.builders import an_id


async def test_a_plan_becomes_json_with_the_figures_of_the_snapshot(bench: Workbench) -> None:
    snapshot = bench.planner.freezes([a_planned_vm(n, f"vm-{n}") for n in range(1, 10)])
    export_id = await bench.request(snapshot, Format.JSON)

    await bench.work()

    document = json.loads(await bench.content(export_id))
    assert document["summary"] == bench.planner.header(snapshot)["summary"]
    assert document["snapshot"] == {"digest": snapshot.digest}
    assert [vm["name"] for vm in document["vms"]] == [f"vm-{n}" for n in range(1, 10)]


async def test_a_plan_becomes_a_workbook(bench: Workbench) -> None:
    export_id = await bench.request(bench.planner.freezes(), Format.XLSX)

    await bench.work()

    book = openpyxl.load_workbook(io.BytesIO(await bench.content(export_id)))
    assert book["VMs"]["B2"].value == "web-01"


async def test_size_and_digest_are_those_of_the_stored_content(bench: Workbench) -> None:
    export_id = await bench.request(bench.planner.freezes())

    await bench.work()

    stored = await bench.content(export_id)
    content = (await bench.export(export_id)).content
    assert content is not None
    assert content.size_bytes == len(stored)
    assert content.sha256 == hashlib.sha256(stored).hexdigest()
    assert content.completed_at == NOW
    job = await bench.job(export_id)
    assert (job.state, job.progress) == (JobState.SUCCEEDED, {"pages_done": 1, "pages_total": 1})


async def test_long_content_is_kept_in_pieces_of_a_mebibyte(bench: Workbench) -> None:
    vms = [a_planned_vm(n, "x" * 1000) for n in range(1, 1500)]
    export_id = await bench.request(bench.planner.freezes(vms, per_page=500))

    await bench.work()

    stored = await bench.content(export_id)
    assert len(stored) > CHUNK_BYTES
    assert await bench.stored_chunks() == -(-len(stored) // CHUNK_BYTES)
    assert len(json.loads(stored)["vms"]) == 1499


async def test_another_projects_snapshot_is_not_found(bench: Workbench) -> None:
    snapshot = bench.planner.freezes(project_id=an_id("another project"))
    await bench.request(snapshot)

    with pytest.raises(NotFound):
        await bench.work()
    assert await bench.stored_chunks() == 0


async def test_a_digest_that_is_not_the_snapshots_is_refused(bench: Workbench) -> None:
    one, other = bench.planner.freezes(), bench.planner.freezes([])
    await bench.request(type(one)(one.id, other.digest))

    with pytest.raises(Invalid):
        await bench.work()


async def test_a_snapshot_that_does_not_exist_is_not_found(bench: Workbench) -> None:
    known = bench.planner.freezes()
    await bench.request(type(known)(SnapshotId(an_id("nothing")), known.digest))

    with pytest.raises(NotFound):
        await bench.work()


async def test_records_of_another_kind_are_refused(bench: Workbench) -> None:
    await bench.request(bench.planner.freezes(record_schema="planned-vm.v9"))

    with pytest.raises(Unsupported, match=r"planned-vm\.v9"):
        await bench.work()


async def test_an_attempt_after_a_crash_begins_anew_and_stores_once(bench: Workbench) -> None:
    vms = [a_planned_vm(n) for n in range(1, 10)]
    export_id = await bench.request(bench.planner.freezes(vms))
    bench.planner.fails_at = 2
    with pytest.raises(Unavailable):
        await bench.work()
    assert await bench.stored_chunks() == 0

    bench.planner.fails_at = None
    await bench.lose_the_worker()
    await bench.work()

    assert len(json.loads(await bench.content(export_id))["vms"]) == 9
    assert await bench.stored_chunks() == 1


async def test_a_worker_that_lost_its_job_stores_nothing(bench: Workbench) -> None:
    await bench.request(bench.planner.freezes())
    slow = await bench.claim()
    await bench.lose_the_worker()
    await bench.work()

    with pytest.raises(LeaseLost):
        await bench.work(slow)
    assert await bench.stored_chunks() == 1


async def test_a_cancelled_export_stores_nothing(bench: Workbench) -> None:
    export_id = await bench.request(bench.planner.freezes())
    job = await bench.claim()
    async with bench.database.write() as connection:
        await jobs.cancel(connection, (await bench.job(export_id)).id)

    with pytest.raises(JobCancelled):
        await bench.work(job)
    assert await bench.stored_chunks() == 0


async def test_a_plan_that_is_frozen_again_unchanged_is_rendered_once(bench: Workbench) -> None:
    first, second = bench.planner.freezes(), bench.planner.freezes()
    assert first.digest == second.digest
    export_id = await bench.request(first)
    await bench.work()

    assert await bench.request(second) == export_id
    assert (await bench.export(export_id)).content is not None


async def test_rendering_ends_soon_after_it_is_told_to(bench: Workbench, tmp_path: Path) -> None:
    manifest = await bench.planner.manifest(bench.planner.freezes())
    page = tmp_path / "page-0"
    await asyncio.to_thread(page.write_bytes, await bench.planner.page(manifest, 0))
    stop = Event()
    stop.set()

    with pytest.raises(Stopped):
        await asyncio.to_thread(
            render_document,
            tmp_path / "plan.json",
            manifest,
            [page],
            write=lambda path, header, vms, *, digest: list(vms) and None,
            stop=stop,
        )
