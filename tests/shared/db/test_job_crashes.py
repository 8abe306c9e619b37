"""A worker killed at its worst moments: the job's effect is there once."""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest

from shared.db import jobs
from shared.db.job_context import JobFunction
from shared.db.jobs import JobState
from shared.db.uow import Database, Transactions
from shared.kernel.ids import JobId
from shared.observability import failpoints
from shared.testing.waiting import eventually
from tests.shared.db.worker_process import make_widget, worker
from tests.shared.db.workshop import Widgets, row_count, widget_names


@asynccontextmanager
async def worker_process(dsn: str, failpoint: str = "") -> AsyncIterator[Process]:
    """A running worker, killed at the end if it still lives."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.shared.db.worker_process",
        dsn,
        env=os.environ | {"MIGPLAN_FAILPOINT": failpoint},
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def has_started(db: Database, job_id: JobId) -> bool:
    async with db.read() as connection:
        return (await jobs.get(connection, job_id)).progress is not None


async def has_ended(db: Database, job_id: JobId) -> bool:
    async with db.read() as connection:
        return (await jobs.get(connection, job_id)).state in jobs.ENDED


async def finish_as_successor(
    db: Database, job_id: JobId, functions: Mapping[str, JobFunction[Widgets]]
) -> None:
    """Runs a second worker until the job has ended."""
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker(db, functions, owner="successor").run(stop))
        await eventually(lambda: has_ended(db, job_id))
        stop.set()


@pytest.mark.parametrize(
    ("failpoint", "attempt_that_made_it"),
    [
        (failpoints.JOB_CLAIMED, 2),
        (failpoints.JOB_BEFORE_FINISH_COMMIT, 2),
        (failpoints.JOB_AFTER_FINISH_COMMIT, 1),
    ],
)
async def test_a_worker_killed_anywhere_leaves_one_effect(
    dsn: str,
    db: Database,
    transactions: Transactions[Widgets],
    failpoint: str,
    attempt_that_made_it: int,
) -> None:
    async with transactions() as tx:
        job_id = await tx.enqueue("make", subject="widgets/cog", payload={"name": "cog"})
    async with worker_process(dsn, failpoint) as process, asyncio.timeout(20):
        assert await process.wait() == -signal.SIGKILL
    await finish_as_successor(db, job_id, {"make": make_widget})

    async with db.read() as connection:
        job = await jobs.get(connection, job_id)
    assert (job.state, job.result) == (JobState.SUCCEEDED, {"attempt": attempt_that_made_it})
    assert await widget_names(db) == ["cog"]
    assert await row_count(db, "outbox") == 1


async def test_a_worker_that_wakes_up_too_late_writes_nothing(
    dsn: str, db: Database, transactions: Transactions[Widgets]
) -> None:
    """The process is stopped for longer than its lease and then goes on as if nothing had been."""
    async with transactions() as tx:
        job_id = await tx.enqueue("make late", subject="widgets/cog", payload={"name": "cog"})
    async with worker_process(dsn) as zombie:
        await eventually(lambda: has_started(db, job_id))
        zombie.send_signal(signal.SIGSTOP)
        await finish_as_successor(db, job_id, {"make late": make_widget})
        zombie.send_signal(signal.SIGCONT)

        # One job at a time: when it has done the next one, it is through with the first.
        async with transactions() as tx:
            next_id = await tx.enqueue("make", subject="widgets/cam", payload={"name": "cam"})
        await eventually(lambda: has_ended(db, next_id))

    assert await widget_names(db) == ["cam", "cog"]
    async with db.read() as connection:
        job = await jobs.get(connection, job_id)
    assert (job.state, job.result) == (JobState.SUCCEEDED, {"attempt": 2})
