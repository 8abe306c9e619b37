"""Facts that come twice, backwards, or whose confirm is lost: one effect each."""

import asyncio

import pytest

from shared.testing.proxy import Proxy
from shared.testing.waiting import eventually, wait_until
from tests.faults.history import History, Outcome
from tests.faults.installation import Installation
from tests.faults.replay import replay_in_reverse

pytestmark = [pytest.mark.system, pytest.mark.long]

SUBSCRIBERS = ("assessment", "planner", "provisioner")
IMPORTS = 3


@pytest.fixture
def journeys(running: Installation, history: History) -> None:
    """Some projects that have got as far as an approved plan."""
    workload = running.workload(history)
    for project in workload.projects(IMPORTS):
        workload.journey(project)
    running.judge(history)


@pytest.mark.usefixtures("journeys")
def test_facts_that_come_again_in_reverse_have_no_second_effect(
    running: Installation, history: History
) -> None:
    before = ignored(running)

    facts = replay_in_reverse(running.database.admin_dsn, history.projects(), forgotten=False)

    assert facts == len(SUBSCRIBERS) * IMPORTS
    wait_until(lambda: ignored(running) >= before + facts, within_s=60, what=f"{facts} duplicates")
    running.judge(history)


@pytest.mark.usefixtures("journeys")
def test_facts_that_come_again_in_reverse_to_readers_that_forgot_them_change_nothing(
    running: Installation, history: History
) -> None:
    replay_in_reverse(running.database.admin_dsn, history.projects(), forgotten=True)

    running.judge(history)


async def test_facts_whose_confirm_was_lost_have_one_effect(
    running: Installation, history: History
) -> None:
    workload = running.workload(history)
    projects = await asyncio.to_thread(workload.projects, IMPORTS)
    before = ignored(running)
    async with (
        Proxy(running.rabbit.server.url) as proxy,
        running.platform.restarted_with("ingest", bus_url=proxy.url),
    ):
        proxy.swallow_replies()
        attempts = await asyncio.to_thread(workload.import_all, projects)
        inventories = [str(one.result_id) for one in attempts]
        await eventually(
            lambda: are_assessed(running, history, inventories),
            within_s=60,
            what="the facts have arrived",
        )
        assert (await asyncio.to_thread(running.found, history)).unsettled["unpublished facts"]
        proxy.accept()
        proxy.cut()
        await asyncio.to_thread(running.judge, history)
        assert ignored(running) > before
    assert {one.outcome for one in attempts} == {Outcome.ACKNOWLEDGED}


async def are_assessed(running: Installation, history: History, inventories: list[str]) -> bool:
    """Whether these inventories have their assessments."""
    found = await asyncio.to_thread(running.found, history)
    return all(found.assessments[one] for one in inventories)


def ignored(running: Installation) -> float:
    """How many deliveries the readers have ignored as duplicates since they started."""
    return sum(running.metric(service, "inbox_duplicates_total") for service in SUBSCRIBERS)
