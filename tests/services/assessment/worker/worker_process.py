"""A worker to be killed: ``python -m tests.services.assessment.worker.worker_process DSN INGEST``.

INGEST is a file with a pickled :class:`FakeIngest`.
"""

import os

from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.queue_assessment import JOB_KIND
from services.assessment.worker.assess_inventory import AssessInventory
from shared.db.job_runner import JobRunner
from shared.db.uow import Database
from tests.services.assessment.upstream import FakeIngest
from tests.services.assessment.workbench import NOW, a_store
from tests.support.job_bench import FixedClock
from tests.support.mortal_worker import LEASE_S, main


def worker(database: Database, ingest: FakeIngest) -> JobRunner[AssessmentStore]:
    """A worker of the assessment."""
    functions = {JOB_KIND: AssessInventory(ingest, FixedClock(NOW))}
    return JobRunner(database, a_store, functions, owner=f"process {os.getpid()}", lease_s=LEASE_S)


if __name__ == "__main__":
    main("assessment", worker, at=NOW)
