"""A worker to be killed: ``python -m tests.services.assessment.worker.worker_process DSN INGEST``.

INGEST is a file with a pickled :class:`FakeIngest`.
"""

import asyncio
import pickle
import sys
from pathlib import Path

from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.queue_assessment import JOB_KIND
from services.assessment.worker.assess_inventory import AssessInventory
from shared.db.engine import make_engine
from shared.db.job_runner import JobRunner
from shared.db.uow import Database
from shared.runtime.ids import Uuid7Ids
from tests.services.assessment.upstream import FakeIngest
from tests.services.assessment.workbench import FixedClock, a_store

LEASE_S = 1.0


def worker(database: Database, ingest: FakeIngest, *, owner: str) -> JobRunner[AssessmentStore]:
    """A worker of the assessment."""
    functions = {JOB_KIND: AssessInventory(ingest, FixedClock())}
    return JobRunner(database, a_store, functions, owner=owner, lease_s=LEASE_S)


async def main(dsn: str, ingest: FakeIngest) -> None:
    """Works until it is killed."""
    database = Database(
        make_engine(dsn, schema="assessment"),
        service="assessment",
        ids=Uuid7Ids(),
        clock=FixedClock(),
    )
    await worker(database, ingest, owner="process").run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], pickle.loads(Path(sys.argv[2]).read_bytes())))
