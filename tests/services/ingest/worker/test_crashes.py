"""A worker killed at its worst moments, or taken for dead: one import, as if nothing had been."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.ingest.adapters.workbook_reader import ChildWorkbookReader, ParsedFiles
from services.ingest.domain.inventory import Inventory
from services.ingest.domain.limits import ParserLimits, WorkbookLimits
from services.ingest.usecases.ports import OnProgress
from services.ingest.worker.import_inventory import PARSED, STORED
from shared.db.job_leases import LeaseLost
from shared.db.jobs import JobState
from shared.observability.failpoints import JOB_AFTER_FINISH_COMMIT, JOB_BEFORE_FINISH_COMMIT
from tests.services.ingest.workbooks import workbook
from tests.services.ingest.worker import worker_process
from tests.services.ingest.worker.workbench import Workbench

A_WORKBOOK = workbook()


class MortalWorkers:
    """Workers in processes of their own that end at failpoints."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    async def work_until_killed(self, dsn: str, scratch: Path, failpoint: str) -> None:
        """One of them runs, and has died at ``failpoint`` when this returns."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{dsn} {scratch} {failpoint}\n")
        self._process.stdin.flush()
        async with asyncio.timeout(60):
            status = await asyncio.to_thread(self._process.stdout.readline)
        assert int(status) == -signal.SIGKILL


@pytest.fixture(scope="module")
def workers() -> Iterator[MortalWorkers]:
    process = subprocess.Popen(
        [sys.executable, "-m", worker_process.__name__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    with process:
        yield MortalWorkers(process)
        os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("failpoint", [PARSED, STORED, JOB_BEFORE_FINISH_COMMIT])
async def test_a_worker_killed_before_its_commit_leaves_nothing_and_the_next_one_does_it_all(
    dsn: str, bench: Workbench, workers: MortalWorkers, failpoint: str
) -> None:
    inventory = await bench.upload(A_WORKBOOK)

    await workers.work_until_killed(dsn, bench.scratch, failpoint)

    assert await bench.stored_rows() == {}
    assert await bench.announced() == []
    assert len(list(bench.scratch.iterdir())) == 1
    await bench.lose_the_lease()
    await bench.run_jobs()
    assert list(bench.scratch.iterdir()) == []
    await assert_it_is_as_if_nothing_had_been(bench, inventory)


async def test_a_worker_killed_after_its_commit_has_done_it_all(
    dsn: str, bench: Workbench, workers: MortalWorkers
) -> None:
    inventory = await bench.upload(A_WORKBOOK)

    await workers.work_until_killed(dsn, bench.scratch, JOB_AFTER_FINISH_COMMIT)

    await assert_it_is_as_if_nothing_had_been(bench, inventory)


async def assert_it_is_as_if_nothing_had_been(bench: Workbench, inventory: Inventory) -> None:
    assert (await bench.job(inventory.job_id)).state == JobState.SUCCEEDED
    (fact,) = await bench.announced()
    assert fact["data"]["inventory_id"] == str(inventory.id)
    assert await bench.uploaded() == {}
    undisturbed = await bench.upload(A_WORKBOOK, to=inventory.project_id)
    await bench.work()
    assert await bench.imported(inventory) == await bench.imported(undisturbed)


class SlowReader(ChildWorkbookReader):
    """Takes so long that its worker counts as dead and another one does the import meanwhile."""

    def __init__(self, bench: Workbench) -> None:
        super().__init__(WorkbookLimits(), ParserLimits())
        self._bench = bench

    async def read(
        self, folder: Path, inventory: Inventory, on_progress: OnProgress
    ) -> ParsedFiles:
        parsed = await super().read(folder, inventory, on_progress)
        await self._bench.lose_the_lease()
        await self._bench.work()
        return parsed


async def test_a_worker_that_has_lost_its_lease_writes_nothing(bench: Workbench) -> None:
    inventory = await bench.upload(A_WORKBOOK)

    with pytest.raises(LeaseLost):
        await bench.importer(SlowReader(bench))(await bench.claim())

    assert (await bench.job(inventory.job_id)).state == JobState.SUCCEEDED
    assert (await bench.stored_rows())["vms"] == 2
    assert len(await bench.announced()) == 1
    assert list(bench.scratch.iterdir()) == []
