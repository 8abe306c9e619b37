"""A worker killed at its worst moments: one assessment, the same as without the crash."""

import pickle
from pathlib import Path

import pytest

from services.assessment.worker.assess_inventory import PAGE_COMMITTED
from shared.observability import failpoints
from tests.services.assessment.builders import a_vm
from tests.services.assessment.workbench import Workbench
from tests.services.assessment.worker import worker_process
from tests.services.assessment.worker.worker_process import worker
from tests.support.mortal_worker import finish_as_successor, work_until_killed

AN_ESTATE = [a_vm(number, folder=f"/DC1/T{number % 4}") for number in range(1, 20)]


@pytest.mark.parametrize(
    ("failpoint", "pages_left"),
    [
        (failpoints.JOB_CLAIMED, [0, 1, 2, 3, 4]),
        (f"{PAGE_COMMITTED}:1", [1, 2, 3, 4]),
        (f"{PAGE_COMMITTED}:4", [4]),
        (failpoints.JOB_BEFORE_FINISH_COMMIT, []),
        (failpoints.JOB_AFTER_FINISH_COMMIT, []),
    ],
)
async def test_a_killed_worker_leaves_one_assessment(
    dsn: str, bench: Workbench, tmp_path: Path, failpoint: str, pages_left: list[int]
) -> None:
    await bench.deliver(bench.ingest.imports(AN_ESTATE, number=1))
    ingest = tmp_path / "ingest.pickle"
    ingest.write_bytes(pickle.dumps(bench.ingest))

    await work_until_killed(worker_process.__name__, dsn, ingest, failpoint=failpoint)
    await finish_as_successor(bench, worker(bench.database, bench.ingest))

    assert bench.ingest.pages_served == pages_left
    rows, totals = await bench.vm_rows(), await bench.total_rows()
    (announced,) = await bench.announced()
    await bench.assess(bench.ingest.imports(AN_ESTATE, number=2))
    assert (await bench.vm_rows(), await bench.total_rows()) == (rows, totals)
    digests = [event["data"]["snapshot"]["digest"] for event in await bench.announced()]
    assert digests == [announced["data"]["snapshot"]["digest"]] * 2
