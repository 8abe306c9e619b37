"""The one-process platform, killed at any moment of an import and started again: all happens once.

Its bus is the one inside PostgreSQL, so this is also where that bus meets crashes and replays.
"""

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.assessment.worker.assess_inventory import PAGE_COMMITTED
from services.ingest.usecases.receive_workbook import CHUNK_STORED
from services.ingest.worker.import_inventory import PARSED, STORED
from services.planner.worker.merge_assessment import PAGE_MERGED
from shared.observability.failpoints import (
    CONSUMER_BEFORE_COMMIT,
    CONSUMER_COMMITTED_NOT_ACKNOWLEDGED,
    JOB_AFTER_FINISH_COMMIT,
    JOB_BEFORE_FINISH_COMMIT,
    JOB_CLAIMED,
    RELAY_BEFORE_PUBLISH,
    RELAY_PUBLISHED_NOT_MARKED,
)
from shared.runtime.local_postgres import LocalPostgres
from tests.faults.history import History, Kind, Outcome
from tests.faults.judgement import judge
from tests.faults.nemesis import SEED_VARIABLE, seed
from tests.faults.replay import replay_in_reverse
from tests.faults.workload import Workload
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import EmbeddedPlatform
from tests.support.rvtools_estate import estate, write_workbook

pytestmark = pytest.mark.system

OFTEN = (STORED,)
"""Always tested: everything is done there and nothing committed."""
RARELY = (
    RELAY_PUBLISHED_NOT_MARKED,
    CHUNK_STORED,
    JOB_CLAIMED,
    PARSED,
    JOB_BEFORE_FINISH_COMMIT,
    JOB_AFTER_FINISH_COMMIT,
    RELAY_BEFORE_PUBLISH,
    CONSUMER_BEFORE_COMMIT,
    CONSUMER_COMMITTED_NOT_ACKNOWLEDGED,
    PAGE_COMMITTED,
    PAGE_MERGED,
)
RANDOM_KILLS = 8


class Embedded:
    """A data folder whose platform is started and killed by the tests."""

    def __init__(self, folder: Path) -> None:
        self.platform = EmbeddedPlatform(folder / "data")
        self.workbook = folder / "estate.xlsx"
        write_workbook(self.workbook, estate(vms=12, tenants=3))
        self.contents: str | None = None

    def workload(self, client: PlatformClient, history: History) -> Workload:
        return Workload(client, self.workbook, history)

    def started(self) -> PlatformClient:
        """A client of the platform, started unless it runs."""
        if not (self.platform.process and self.platform.process.is_running()):
            self.platform.start()
        return self.platform.client()

    def dsn(self) -> str:
        """The superuser's, whose server survives the platform."""
        postgres = LocalPostgres(self.platform.data_dir / "postgres")
        asyncio.run(postgres.start())
        return postgres.admin_dsn


@pytest.fixture(scope="module")
def embedded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    """A running platform that knows what an undisturbed import leaves."""
    embedded = Embedded(tmp_path_factory.mktemp("killed"))
    try:
        history = History()
        workload = embedded.workload(embedded.started(), history)
        workload.import_into(*workload.projects(1))
        embedded.contents = judge(embedded.dsn(), history).inventories[0].contents
        yield embedded
    finally:
        embedded.platform.discard()
        asyncio.run(LocalPostgres(embedded.platform.data_dir / "postgres").stop())


@pytest.mark.parametrize(
    "point", [*OFTEN, *(pytest.param(point, marks=pytest.mark.long) for point in RARELY)]
)
def test_an_import_killed_at_a_named_point_finishes_once(
    embedded: Embedded, history: History, point: str
) -> None:
    (project,) = embedded.workload(embedded.started(), history).projects(1)
    embedded.platform.kill()

    doomed = embedded.platform.start(failpoint=point)
    if doomed is not None:
        embedded.workload(doomed, history).upload(project, f"import-{project}-0")
        embedded.platform.has_died()

    finishes_once(embedded, history, project)


@pytest.mark.long
def test_an_import_killed_at_random_moments_finishes_once(
    embedded: Embedded, history: History
) -> None:
    schedule = seed()
    moments = random.Random(schedule)
    (project,) = embedded.workload(embedded.started(), history).projects(1)
    for _ in range(RANDOM_KILLS):
        embedded.workload(embedded.started(), history).upload(project, f"import-{project}-0")
        time.sleep(moments.uniform(0.0, 1.0))  # the moment is the point of this test
        embedded.platform.kill()

    finishes_once(embedded, history, project, told=f"{SEED_VARIABLE}={schedule}")


@pytest.mark.long
@pytest.mark.parametrize("forgotten", [False, True])
def test_facts_that_come_again_in_reverse_have_no_second_effect(
    embedded: Embedded, history: History, forgotten: bool
) -> None:
    workload = embedded.workload(embedded.started(), history)
    workload.import_all(workload.projects(3))
    judge(embedded.dsn(), history, contents=embedded.contents)

    replay_in_reverse(embedded.dsn(), history.projects(), forgotten=forgotten)

    judge(embedded.dsn(), history, contents=embedded.contents)


def finishes_once(embedded: Embedded, history: History, project: str, *, told: object = "") -> None:
    """The platform is up again, the client repeats its request, and all is as if undisturbed."""
    embedded.workload(embedded.started(), history).import_into(project)
    last = history.attempts(Kind.IMPORT)[-1]
    assert last.outcome is Outcome.ACKNOWLEDGED, told
    judge(embedded.dsn(), history, contents=embedded.contents, told=told)
