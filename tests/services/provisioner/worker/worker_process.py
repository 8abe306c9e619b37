"""A worker to be killed: ``python -m …provisioner.worker.worker_process DSN PLANNER``.

PLANNER is a file with a pickled :class:`FakePlanner`.
"""

import asyncio
import pickle
import sys
from pathlib import Path

from services.provisioner.usecases.ports import PreparationStore
from services.provisioner.usecases.record_approval import COMPILE
from services.provisioner.worker.compile_preparation import CompilePreparation
from shared.db.engine import make_engine
from shared.db.job_runner import JobRunner
from shared.db.uow import Database
from shared.runtime.ids import Uuid7Ids
from tests.services.provisioner.upstream import FakePlanner
from tests.services.provisioner.workbench import FixedClock, a_store

LEASE_S = 1.0


def worker(database: Database, planner: FakePlanner, *, owner: str) -> JobRunner[PreparationStore]:
    """A worker of the provisioner."""
    functions = {COMPILE: CompilePreparation(planner, database.ids, FixedClock())}
    return JobRunner(database, a_store, functions, owner=owner, lease_s=LEASE_S)


async def main(dsn: str, planner: FakePlanner) -> None:
    """Works until it is killed."""
    database = Database(
        make_engine(dsn, schema="provisioner"),
        service="provisioner",
        ids=Uuid7Ids(),
        clock=FixedClock(),
    )
    await worker(database, planner, owner="process").run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], pickle.loads(Path(sys.argv[2]).read_bytes())))
