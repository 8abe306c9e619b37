"""A worker in a process of its own that dies at a named point, and the one that comes after it."""

import asyncio
import os
import pickle
import signal
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from shared.db.job_runner import JobRunner
from shared.db.uow import Database
from shared.testing.waiting import eventually
from tests.support.job_bench import JobBench, opened_database

LEASE_S = 1.0
"""So short that a successor need not wait long."""

MakeWorker = Callable[[Database, Any], JobRunner[Any]]
"""A worker on a database, with an upstream."""


async def work_until_killed(module: str, *arguments: object, failpoint: str) -> None:
    """Run ``python -m module arguments…``; it has died at ``failpoint`` when this returns."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, *map(str, arguments)),
        env=os.environ | {"MIGPLAN_FAILPOINT": failpoint},
    )
    try:
        async with asyncio.timeout(30):
            assert await process.wait() == -signal.SIGKILL
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def main(service: str, worker: MakeWorker, *, at: datetime) -> None:
    """Such a process: works on a service's database until it is killed.

    Its arguments are the database's URL and a file with the pickled upstream.
    """
    dsn, upstream = sys.argv[1], pickle.loads(Path(sys.argv[2]).read_bytes())

    async def work() -> None:
        async with opened_database(dsn, service, at=at) as database:
            await worker(database, upstream).run(asyncio.Event())

    asyncio.run(work())


async def finish_as_successor(bench: JobBench[Any], worker: JobRunner[Any]) -> None:
    """``worker`` runs until a job has succeeded."""

    async def is_done() -> bool:
        return "succeeded" in await bench.job_states()

    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(worker.run(stop))
        await eventually(is_done, within_s=30)
        stop.set()
