"""What the store promises beyond its tables."""

import asyncio
from dataclasses import replace
from uuid import UUID

import pytest

from services.ingest.domain.inventory import Inventory
from services.ingest.persistence.store import SWEPT_AT_ONCE
from shared.db import jobs
from shared.kernel.errors import NotFound, PreconditionFailed
from shared.kernel.ids import InventoryId, ProjectId
from tests.services.ingest.workbooks import workbook
from tests.services.ingest.worker.workbench import Workbench

A_WORKBOOK = workbook()


async def former(bench: Workbench, like: Inventory) -> UUID | None:
    async with bench.transactions() as tx:
        found = await tx.store.former_inventory(like.project_id, sha256=like.upload.sha256)
    return None if found is None else found.id


async def abandoned_uploads(bench: Workbench, count: int) -> None:
    project = await bench.project()
    async with bench.transactions() as tx:
        for _ in range(count):
            upload = InventoryId(bench.database.ids.new())
            await tx.store.begin_upload(upload, project)
            await tx.store.add_chunks(upload, {0: b"PK", 1: b"rest"})
    await bench.execute("UPDATE uploads SET touched_at = now() - interval '2 h'")


async def test_abandoned_uploads_are_swept_few_at_a_time(bench: Workbench) -> None:
    await abandoned_uploads(bench, SWEPT_AT_ONCE + 1)

    left = []
    for _ in range(2):
        async with bench.transactions() as tx:
            await tx.store.forget_abandoned_uploads()
        left.append(len(await bench.uploaded()))

    assert left == [1, 0]
    assert await bench.rows("upload_chunks") == []


async def test_two_sweeps_at_a_time_do_not_wait_for_each_other(bench: Workbench) -> None:
    await abandoned_uploads(bench, 2 * SWEPT_AT_ONCE)

    async with bench.transactions() as one, bench.transactions() as other, asyncio.timeout(3):
        await one.store.forget_abandoned_uploads()
        await other.store.forget_abandoned_uploads()

    assert await bench.uploaded() == {}


async def test_a_project_is_stored_only_over_the_version_it_was_read_at(bench: Workbench) -> None:
    project_id = await bench.project()
    async with bench.transactions() as tx:
        project = await tx.store.project(project_id)
        await tx.store.replace_project(replace(project, version=2), expected_version=1)

    with pytest.raises(PreconditionFailed):
        async with bench.transactions() as tx:
            await tx.store.replace_project(replace(project, version=2), expected_version=1)


async def test_the_former_inventory_is_a_ready_one_or_else_one_that_may_become_ready(
    bench: Workbench,
) -> None:
    first = await bench.upload(A_WORKBOOK)
    assert await former(bench, first) == first.id
    async with bench.database.write() as connection:
        await jobs.cancel(connection, first.job_id)
    assert await former(bench, first) is None

    second = await bench.upload(A_WORKBOOK, to=first.project_id)
    await bench.count_as_ready(second.id)
    third = await bench.upload(A_WORKBOOK, to=first.project_id)
    assert await former(bench, first) == second.id
    await bench.count_as_ready(third.id)
    assert await former(bench, first) == third.id


async def test_numbers_are_given_one_at_a_time(bench: Workbench) -> None:
    project = await bench.project()
    async with bench.transactions() as tx:
        assert await tx.store.next_number(project) == 1
        waiting = asyncio.create_task(number_of_the_next(bench, project))
        await bench.somebody_waits_for_a_lock()
        assert not waiting.done()
    assert await waiting == 1


async def number_of_the_next(bench: Workbench, project: ProjectId) -> int:
    async with bench.transactions() as tx:
        return await tx.store.next_number(project)


async def test_what_is_not_there_is_not_found(bench: Workbench) -> None:
    nobody = UUID(int=7)
    async with bench.transactions() as tx:
        with pytest.raises(NotFound):
            await tx.store.project(ProjectId(nobody))
        with pytest.raises(NotFound):
            await tx.store.inventory(InventoryId(nobody))
        with pytest.raises(NotFound):
            await tx.store.begin_upload(InventoryId(nobody), ProjectId(nobody))
        with pytest.raises(NotFound):
            await tx.store.next_number(ProjectId(nobody))
