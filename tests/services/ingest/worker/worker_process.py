"""Workers to be killed, one after another.

``python -m tests.services.ingest.worker.worker_process`` reads lines of a database's URL, a folder
and a failpoint, and answers each with the exit status of a worker that had them. Workers are forked
off, because importing everything takes ten times longer than what they do.
"""

import asyncio
import os
import sys
from pathlib import Path

from tests.services.ingest.worker.workbench import NOW, Workbench
from tests.support.job_bench import opened_database


async def work(dsn: str, scratch: Path) -> None:
    """Works until it is killed."""
    async with opened_database(dsn, "ingest", at=NOW) as database:
        await Workbench(database, scratch).runner(owner="process").run(asyncio.Event())


def main() -> None:
    """Forks a worker for each line."""
    for line in sys.stdin:
        dsn, scratch, failpoint = line.split()
        pid = os.fork()
        if pid == 0:
            os.environ["MIGPLAN_FAILPOINT"] = failpoint
            asyncio.run(work(dsn, Path(scratch)))
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        sys.stdout.write(f"{status}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
