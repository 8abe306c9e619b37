"""A worker that is paused, loses its work to another, and wakes up: nothing of it counts twice."""

import asyncio
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from services.assessment.worker.assess_inventory import PAGE_COMMITTED
from services.exporter.worker.render_export import RENDERED
from services.ingest.worker.import_inventory import PARSED, STORED
from services.planner.worker.merge_assessment import PAGE_MERGED
from shared.observability.failpoints import (
    CONSUMER_BEFORE_COMMIT,
    CONSUMER_COMMITTED_NOT_ACKNOWLEDGED,
)
from shared.testing.waiting import wait_until
from tests.faults.history import History
from tests.faults.installation import Installation

pytestmark = [pytest.mark.system, pytest.mark.long, pytest.mark.timeout(400)]

TAKEN_OVER_WITHIN_S = 90
"""Inside a transaction the paused worker's session is ended after 30 s, and so is a silent
consumer's connection; then come the lease and the work itself."""


@pytest.mark.parametrize(
    ("service", "point"),
    [
        ("ingest", PARSED),
        ("ingest", STORED),  # inside the transaction
        ("assessment", PAGE_COMMITTED),
        ("planner", PAGE_MERGED),
        ("exporter", RENDERED),
    ],
)
def test_a_worker_that_wakes_up_after_its_lease_writes_nothing(
    running: Installation, history: History, service: str, point: str
) -> None:
    workload = running.workload(history)
    (project,) = workload.projects(1)

    with (
        ThreadPoolExecutor(1) as client,
        running.platform.armed(service, f"{point}:1:STOP") as zombie,
    ):
        journey = client.submit(workload.journey, project)
        wait_until(zombie.is_paused, within_s=60, what=f"{service} is paused at {point}")
        with running.platform.another(service) as other:
            wait_until(
                lambda: asyncio.run(job_was_taken_over(running, service, project)),
                within_s=TAKEN_OVER_WITHIN_S,
                what="another worker has finished the job",
            )
            zombie.resume()
            journey.result()
            running.platform.until_ready(service)
            running.judge(history)
            assert asyncio.run(other.stop()) == 0


@pytest.mark.parametrize("point", [CONSUMER_BEFORE_COMMIT, CONSUMER_COMMITTED_NOT_ACKNOWLEDGED])
def test_a_consumer_that_wakes_up_after_its_connection_was_closed_has_no_second_effect(
    running: Installation, history: History, point: str
) -> None:
    workload = running.workload(history)
    (project,) = workload.projects(1)

    with running.platform.armed("assessment", f"{point}:1:STOP") as zombie:
        imported = workload.import_into(project)
        wait_until(zombie.is_paused, within_s=60, what=f"the consumer is paused at {point}")
        with running.platform.another("assessment") as other:
            wait_until(
                lambda: running.found(history).assessments[str(imported.result_id)] == 1,
                within_s=TAKEN_OVER_WITHIN_S,
                what="the fact has its effect in another process",
            )
            zombie.resume()
            running.platform.until_ready("assessment")
            running.judge(history)
            assert asyncio.run(other.stop()) == 0


async def job_was_taken_over(running: Installation, service: str, project: str) -> bool:
    """Whether a second claim of a job of this project has brought it to its end."""
    connection = await asyncpg.connect(running.database.admin_dsn)
    try:
        found = await connection.fetchval(
            f"SELECT count(*) FROM {service}.jobs"
            " WHERE fence > 1 AND state = 'succeeded' AND subject LIKE '%' || $1 || '%'",
            project,
        )
        return bool(found)
    finally:
        await connection.close()
