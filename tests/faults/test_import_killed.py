"""SIGKILL at any moment of an import, then start again: it finishes, exactly once."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import replace

import httpx
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
from tests.faults.history import History, history_of
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import EmbeddedPlatform
from tests.system.conftest import SAMPLE

pytestmark = pytest.mark.system

POINTS = [
    CHUNK_STORED,
    JOB_CLAIMED,
    PARSED,
    STORED,
    JOB_BEFORE_FINISH_COMMIT,
    JOB_AFTER_FINISH_COMMIT,
    RELAY_BEFORE_PUBLISH,
    RELAY_PUBLISHED_NOT_MARKED,
    CONSUMER_BEFORE_COMMIT,
    CONSUMER_COMMITTED_NOT_ACKNOWLEDGED,
    PAGE_COMMITTED,
    PAGE_MERGED,
]
RANDOM_KILLS = 4


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPlatform]:
    """A data folder whose platform is started and killed by the tests."""
    platform = EmbeddedPlatform(tmp_path_factory.mktemp("killed"))
    yield platform
    platform.discard()
    asyncio.run(LocalPostgres(platform.data_dir / "postgres").stop())


@pytest.fixture(scope="module")
def projects(platform: EmbeddedPlatform) -> dict[str, str]:
    """An empty project for each case, and ``undisturbed``, whose import nobody disturbs."""
    client = running(platform)
    projects = {name: client.new_project(name) for name in ["undisturbed", "random", *POINTS]}
    inventory = client.imported(projects["undisturbed"], SAMPLE)
    client.planned(projects["undisturbed"], inventory["id"])
    platform.kill()
    return projects


@pytest.fixture(scope="module")
def undisturbed(platform: EmbeddedPlatform, projects: dict[str, str]) -> History:
    """What an import leaves that nobody disturbs."""
    return history(platform, projects["undisturbed"])


@pytest.mark.parametrize("point", POINTS)
def test_an_import_killed_at_a_named_point_finishes_once(
    platform: EmbeddedPlatform, projects: dict[str, str], undisturbed: History, point: str
) -> None:
    doomed = platform.start(failpoint=point)
    if doomed is not None:
        try_to_upload(doomed, projects[point])
        platform.has_died()

    assert finished_once(platform, projects[point]) == undisturbed


def test_an_import_killed_at_random_moments_finishes_once(
    platform: EmbeddedPlatform, projects: dict[str, str], undisturbed: History
) -> None:
    seed = time.time_ns()
    moments = random.Random(seed)
    for _ in range(RANDOM_KILLS):
        try_to_upload(running(platform), projects["random"])
        time.sleep(moments.uniform(0.0, 1.0))  # the moment is the point of this test
        platform.kill()

    assert finished_once(platform, projects["random"]) == undisturbed, f"seed {seed}"


def running(platform: EmbeddedPlatform) -> PlatformClient:
    client = platform.start()
    assert client is not None
    return client


def try_to_upload(client: PlatformClient, project: str) -> None:
    """Upload; the process may die under it."""
    try:
        client.upload(project, SAMPLE, key=key_of(project))
    except httpx.TransportError:
        return


def finished_once(platform: EmbeddedPlatform, project: str) -> History:
    """What is left when the platform is up again and the client repeats its request."""
    client = running(platform)
    accepted = repeat_upload(client, project)
    inventory_id = accepted["subject"].rpartition("/")[2]
    operation = client.ended(f"/v1/operations/ingest/{accepted['id']}")
    assert operation["state"] == "succeeded", operation["error"]
    client.planned(project, inventory_id)
    platform.kill()
    return history(platform, project)


def key_of(project: str) -> str:
    """The key of the one upload that a project gets, however often it is sent."""
    return f"upload-{project.rpartition('/')[2]}"


def repeat_upload(client: PlatformClient, project: str) -> dict[str, str]:
    """The reply to the upload's key: of the killed request, or of this one."""
    reply = client.upload(project, SAMPLE, key=key_of(project))
    assert reply.status_code in {202, 409}, reply.text
    if reply.status_code == 409:  # the killed request still holds the key
        reply = client.upload(project, SAMPLE, key=f"{key_of(project)}-again")
        assert reply.status_code == 202, reply.text
    accepted: dict[str, str] = reply.json()
    return accepted


def history(platform: EmbeddedPlatform, project: str) -> History:
    """The history of a project, without bytes that wait to be swept."""
    found = history_of(platform.data_dir, project.rpartition("/")[2])
    return replace(found, waiting_uploads=0)
