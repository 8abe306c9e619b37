"""A worker killed at its worst moments: one run, the same as without the crash."""

import pickle
from pathlib import Path

import pytest

from services.provisioner.worker.compile_preparation import PAGE_COUNTED
from shared.observability import failpoints
from tests.services.provisioner.builders import an_estate
from tests.services.provisioner.workbench import Workbench
from tests.services.provisioner.worker import worker_process
from tests.services.provisioner.worker.worker_process import worker
from tests.support.mortal_worker import finish_as_successor, work_until_killed

EVERY_PAGE = [0, 1, 2, 3, 4]
STORED = (1, 18)
"""Runs and tasks of the estate."""


@pytest.mark.parametrize(
    ("failpoint", "pages_again"),
    [
        (failpoints.JOB_CLAIMED, EVERY_PAGE),
        (f"{PAGE_COUNTED}:3", EVERY_PAGE),
        (failpoints.JOB_BEFORE_FINISH_COMMIT, EVERY_PAGE),
        (failpoints.JOB_AFTER_FINISH_COMMIT, []),
    ],
)
async def test_a_killed_worker_leaves_one_run(
    dsn: str, bench: Workbench, tmp_path: Path, failpoint: str, pages_again: list[int]
) -> None:
    await bench.deliver(bench.planner.approves(an_estate(18)))
    planner = tmp_path / "planner.pickle"
    planner.write_bytes(pickle.dumps(bench.planner))

    await work_until_killed(worker_process.__name__, dsn, planner, failpoint=failpoint)
    assert await bench.stored() == ((0, 0) if pages_again else STORED)
    await finish_as_successor(bench, worker(bench.database, bench.planner))

    assert bench.planner.pages_served == pages_again
    assert await bench.stored() == STORED
    left = [listed.task for listed in await bench.tasks()]
    undisturbed = await bench.compile(bench.planner.approves(an_estate(18), number=2))
    assert [listed.task for listed in undisturbed] == left
