"""RabbitMQ is killed, stays away, or takes nothing more: the API goes on and nothing is lost."""

import asyncio
from collections.abc import Iterator
from threading import Thread

import asyncpg
import pytest

from shared.testing.waiting import wait_until
from tests.faults.history import History, Kind, Outcome
from tests.faults.installation import Installation
from tests.faults.nemesis import Nemesis, seed

pytestmark = [pytest.mark.system, pytest.mark.long]

IMPORTS = 12
KILLS = 4


@pytest.fixture(autouse=True)
def nobody_restarts(running: Installation) -> Iterator[None]:
    """In all of these, the services themselves live on."""
    pids = running.running()
    yield
    assert running.running() == pids


@pytest.mark.timeout(400)
def test_imports_go_on_while_the_broker_is_killed_again_and_again(
    running: Installation, history: History
) -> None:
    workload = running.workload(history)
    projects = workload.projects(IMPORTS)
    broker = next(fault for fault in running.faults() if fault.name == "broker")
    nemesis = Nemesis([broker], seed=seed())
    clients = Thread(target=workload.import_all, args=[projects])

    clients.start()
    nemesis.torment(KILLS)
    clients.join()

    assert_all_accepted(history, told=nemesis)
    running.judge(history, told=nemesis)


def test_while_the_broker_is_away_imports_succeed_and_their_facts_follow_in_order(
    running: Installation, history: History
) -> None:
    workload = running.workload(history)
    projects = workload.projects(IMPORTS)
    running.rabbit.kill()
    try:
        workload.import_all(projects)
        wait_until(
            lambda: sum(running.found(history).imported_facts.values()) == IMPORTS,
            within_s=60,
            what="all imports have succeeded",
        )
        assert running.found(history).unsettled["unpublished facts"] == IMPORTS
    finally:
        running.rabbit.restart()

    assert_all_accepted(history)
    running.judge(history)
    assert asyncio.run(facts_out_of_order(running)) == 0


def test_while_the_broker_takes_nothing_for_lack_of_memory_imports_succeed_and_facts_follow(
    running: Installation, history: History
) -> None:
    workload = running.workload(history)
    projects = workload.projects(IMPORTS)
    running.rabbit.control("set_vm_memory_high_watermark", "absolute", "1MB")
    try:
        workload.import_all(projects)
        wait_until(
            lambda: sum(running.found(history).imported_facts.values()) == IMPORTS,
            within_s=60,
            what="all imports have succeeded",
        )
        assert running.found(history).unsettled["unpublished facts"] > 0
    finally:
        running.rabbit.control("set_vm_memory_high_watermark", "absolute", "1GB")

    assert_all_accepted(history)
    running.judge(history)


def assert_all_accepted(history: History, *, told: object = "") -> None:
    """No client has noticed anything."""
    assert {one.outcome for one in history.attempts(Kind.IMPORT)} == {Outcome.ACKNOWLEDGED}, told


async def facts_out_of_order(running: Installation) -> int:
    """How many facts of an aggregate were published before an older one of it."""
    connection = await asyncpg.connect(running.database.admin_dsn)
    try:
        counts = [
            await connection.fetchval(
                f"SELECT count(*) FROM {service}.outbox AS one JOIN {service}.outbox AS older"
                " USING (aggregate_type, aggregate_id)"
                " WHERE older.seq < one.seq AND older.published_at > one.published_at"
            )
            for service in running.platform.processes
        ]
        return sum(counts)
    finally:
        await connection.close()
