"""PostgreSQL is killed while imports run: nothing half done, 503 meanwhile, nobody restarts."""

from functools import partial
from http import HTTPStatus
from threading import Thread

import httpx
import pytest

from shared.testing.waiting import wait_until
from tests.faults.history import History, Kind, Outcome
from tests.faults.installation import Installation
from tests.faults.nemesis import Nemesis, seed

pytestmark = [pytest.mark.system, pytest.mark.long]

IMPORTS = 15
KILLS = 6


@pytest.mark.timeout(400)
def test_imports_survive_kills_of_postgresql_at_random_moments(
    running: Installation, history: History
) -> None:
    workload = running.workload(history)
    projects = workload.projects(IMPORTS)
    pids = running.running()
    postgres = next(fault for fault in running.faults() if fault.name == "PostgreSQL")
    nemesis = Nemesis([postgres], seed=seed())
    clients = Thread(target=workload.import_all, args=[projects])

    clients.start()
    nemesis.torment(KILLS)
    clients.join()

    assert outcomes(history, Outcome.ACKNOWLEDGED) == IMPORTS, nemesis
    running.judge(history, told=nemesis)
    assert running.running() == pids


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/v1/projects"),
        ("GET", "/v1/projects/{project}/plan"),
        ("GET", "/v1/projects/{project}/assessment"),
        ("POST", "/v1/projects"),
        ("POST", "/v1/projects/{project}/inventories"),
        ("POST", "/v1/sessions"),
    ],
)
def test_without_postgresql_the_api_says_503_and_when_to_come_again(
    running: Installation, history: History, method: str, path: str
) -> None:
    (project,) = running.workload(history).projects(1)
    headers = {"Idempotency-Key": "while-away"}
    body = {"username": "admin", "password": "whatever it is"} if "sessions" in path else None

    def reply() -> httpx.Response:
        return running.client.http.request(
            method, path.format(project=project), json=body or {"name": "Away"}, headers=headers
        )

    running.postgres.kill()
    try:
        answers = [reply() for _ in range(7)]  # more than a pool has connections
    finally:
        running.postgres.start()
    assert {one.status_code for one in answers} == {HTTPStatus.SERVICE_UNAVAILABLE}
    assert all(int(one.headers["Retry-After"]) >= 1 for one in answers)
    assert all(one.json()["code"] for one in answers)
    wait_until(
        lambda: reply().status_code < HTTPStatus.INTERNAL_SERVER_ERROR,
        within_s=10,
        what="the API recovers",
    )


@pytest.mark.timeout(400)
def test_services_that_start_while_postgresql_and_the_broker_are_away_wait_for_them(
    running: Installation, history: History
) -> None:
    running.postgres.kill()
    running.rabbit.kill()
    try:
        running.platform.kill()
        for process in running.platform.processes.values():
            process.start()
        for service in running.platform.processes.keys() - {"gateway"}:  # it waits unheard
            wait_until(
                partial(is_waiting, running.platform.address_of(service)),
                within_s=60,
                what=f"{service} says that it is not ready",
            )
    finally:
        running.postgres.start()
        running.rabbit.restart()

    running.platform.until_ready()
    workload = running.workload(history)
    workload.journey(*workload.projects(1))
    running.judge(history)


def is_waiting(address: str) -> bool:
    """Whether the service there answers that it cannot take work."""
    try:
        reply = httpx.get(f"{address}/readyz", timeout=10, trust_env=False)
    except httpx.TransportError:
        return False
    return reply.status_code == HTTPStatus.SERVICE_UNAVAILABLE


def outcomes(history: History, wanted: Outcome) -> int:
    """How many imports ended so."""
    return sum(one.outcome is wanted for one in history.attempts(Kind.IMPORT))
