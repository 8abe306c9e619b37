"""A worker to be killed: ``python -m …provisioner.worker.worker_process DSN PLANNER``.

PLANNER is a file with a pickled :class:`FakePlanner`.
"""

import os

from services.provisioner.usecases.ports import PreparationStore
from services.provisioner.usecases.record_approval import COMPILE
from services.provisioner.worker.compile_preparation import CompilePreparation
from shared.db.job_runner import JobRunner
from shared.db.uow import Database
from tests.services.provisioner.upstream import FakePlanner
from tests.services.provisioner.workbench import NOW, a_store
from tests.support.job_bench import FixedClock
from tests.support.mortal_worker import LEASE_S, main


def worker(database: Database, planner: FakePlanner) -> JobRunner[PreparationStore]:
    """A worker of the provisioner."""
    functions = {COMPILE: CompilePreparation(planner, database.ids, FixedClock(NOW))}
    return JobRunner(database, a_store, functions, owner=f"process {os.getpid()}", lease_s=LEASE_S)


if __name__ == "__main__":
    main("provisioner", worker, at=NOW)
