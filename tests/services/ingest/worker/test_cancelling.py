"""A person cancels an import: its parser dies and nothing is stored."""

import asyncio
import os
import signal
from pathlib import Path

from services.ingest.adapters import parser_child
from shared.db import jobs
from shared.db.jobs import JobState
from shared.kernel.ids import JobId
from shared.testing.waiting import eventually
from tests.services.ingest.workbooks import workbook_of
from tests.services.ingest.worker.workbench import Workbench

HEARTBEAT_S = 0.1


def parsers() -> list[int]:
    """The process ids of this process's parsers."""
    own = str(os.getpid()).encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            words = (process / "cmdline").read_bytes().split(b"\0")
        except OSError:  # it has ended
            continue
        if parser_child.__name__.encode() in words and own in words:
            found.append(int(process.name))
    return found


async def test_cancelling_while_parsing_kills_the_parser_and_stores_nothing(
    bench: Workbench,
) -> None:
    inventory = await bench.upload(workbook_of(6000))
    job_id = inventory.job_id
    stop = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(bench.runner(lease_s=3 * HEARTBEAT_S).run(stop))
        await eventually(lambda: is_parsing(bench, job_id), within_s=30, what="it is parsing")
        (parser,) = parsers()
        os.kill(parser, signal.SIGSTOP)  # so that it cannot end before it is killed
        async with bench.database.write() as connection:
            await jobs.cancel(connection, job_id)
        await eventually(bench.all_jobs_ended, what="the job ends")
        stop.set()

    assert (await bench.job(job_id)).state == JobState.CANCELLED
    assert parsers() == []
    assert await bench.stored_rows() == {}
    assert await bench.announced() == []
    assert len(await bench.uploaded()) == 1
    assert list(bench.scratch.iterdir()) == []


async def is_parsing(bench: Workbench, job_id: JobId) -> bool:
    progress = (await bench.job(job_id)).progress or {}
    return progress.get("state") == "parsing"
