"""Long work as its caller sees it, over real job rows."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest

from shared.auth.internal_token import TokenVerifier
from shared.auth.permissions import Permission
from shared.db import job_leases, jobs
from shared.db.job_leases import ClaimedJob
from shared.db.uow import Database
from shared.http.app import create_app
from shared.http.operations import operation_path, operations_router
from shared.kernel.ids import JobId
from shared.observability.health import Health
from shared.observability.metrics import Metrics
from tests.shared.db.workshop import SERVICE, Widgets
from tests.shared.http.bench import FOREIGN, KEYS, PROJECT, as_person, as_planner, talking_to


def new_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid4())}


def mine() -> dict[str, str]:
    """Made anew each time: it is valid for a minute only."""
    return as_person(projects=frozenset({PROJECT}))


@pytest.fixture
async def client(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        service=SERVICE,
        title="Workshop",
        routers=[operations_router(db)],
        verifier=TokenVerifier(SERVICE, KEYS),
        health=Health(),
        metrics=Metrics(SERVICE),
    )
    async with talking_to(app) as client:
        yield client


async def queued(db: Database, subject: str = f"projects/{PROJECT}/inventories/1") -> JobId:
    async with db.transactions(Widgets)() as tx:
        return await tx.enqueue("import", subject=subject, payload={"secret": "input"})


async def claimed(db: Database) -> ClaimedJob:
    async with db.write() as connection:
        job = await job_leases.claim(connection, kinds=["import"], owner="test", lease_s=60)
    assert job is not None
    return job


async def show(client: httpx.AsyncClient, job_id: JobId) -> dict[str, Any]:
    response = await client.get(operation_path(SERVICE, job_id), headers=mine())
    assert response.status_code == 200
    shown: dict[str, Any] = response.json()
    return shown


async def test_a_queued_operation_says_so_and_when_to_ask_again(
    client: httpx.AsyncClient, db: Database
) -> None:
    job_id = await queued(db)
    response = await client.get(operation_path(SERVICE, job_id), headers=mine())
    shown = response.json()
    assert response.headers["Retry-After"] == "1"
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "id": str(job_id),
        "service": SERVICE,
        "kind": "import",
        "subject": f"projects/{PROJECT}/inventories/1",
        "state": "queued",
        "progress": None,
        "result": None,
        "error": None,
        "attempts": 0,
        "cancel_requested": False,
        "started_at": None,
        "finished_at": None,
    }


async def test_progress_and_result_are_shown(client: httpx.AsyncClient, db: Database) -> None:
    job_id = await queued(db)
    lease = (await claimed(db)).lease
    async with db.write() as connection:
        await job_leases.report(connection, lease, {"rows": 7}, lease_s=60)
    running = await show(client, job_id)
    assert (running["state"], running["progress"]) == ("running", {"rows": 7})
    async with db.write() as connection:
        await job_leases.finish(connection, lease, {"vms": 3})
    response = await client.get(operation_path(SERVICE, job_id), headers=mine())
    assert (response.json()["state"], response.json()["result"]) == ("succeeded", {"vms": 3})
    assert response.json()["finished_at"].endswith("Z")
    assert "Retry-After" not in response.headers


async def test_a_failure_says_what_is_wrong_and_where(
    client: httpx.AsyncClient, db: Database
) -> None:
    job_id = await queued(db)
    place = {"detail": "no name", "tab": "vInfo", "row": 7, "column": "VM"}
    error = {"kind": "Invalid", "code": "bad-rows", "detail": "Rows are odd.", "errors": [place]}
    async with db.write() as connection:
        await job_leases.fail(connection, (await claimed(db)).lease, error)
    shown = await show(client, job_id)
    assert shown["state"] == "failed"
    assert shown["error"]["type"] == "/problems/bad-rows"
    assert shown["error"]["detail"] == "Rows are odd."
    assert shown["error"]["errors"][0].items() >= place.items()


async def test_a_queued_operation_is_cancelled_at_once(
    client: httpx.AsyncClient, db: Database
) -> None:
    job_id = await queued(db)
    path = operation_path(SERVICE, job_id)
    cancelled = await client.post(f"{path}/cancel", headers=mine())
    assert (cancelled.status_code, cancelled.json()["state"]) == (200, "cancelled")
    again = await client.post(f"{path}/cancel", headers=mine())
    assert (again.status_code, again.json()["code"]) == (409, "job-ended")


async def test_a_running_operation_is_asked_to_stop(
    client: httpx.AsyncClient, db: Database
) -> None:
    job_id = await queued(db)
    await claimed(db)
    response = await client.post(f"{operation_path(SERVICE, job_id)}/cancel", headers=mine())
    assert (response.json()["state"], response.json()["cancel_requested"]) == ("running", True)


async def test_a_failed_operation_is_queued_again(client: httpx.AsyncClient, db: Database) -> None:
    job_id = await queued(db)
    path = operation_path(SERVICE, job_id)
    early = await client.post(f"{path}/retry", headers=mine() | new_key())
    assert (early.status_code, early.json()["code"]) == (409, "job-not-retryable")
    await client.post(f"{path}/cancel", headers=mine())
    response = await client.post(f"{path}/retry", headers=mine() | new_key())
    assert (response.status_code, response.json()["state"]) == (200, "queued")


@pytest.mark.parametrize(
    ("method", "suffix"), [("GET", ""), ("POST", "/cancel"), ("POST", "/retry")]
)
async def test_work_on_what_one_does_not_see_does_not_exist(
    client: httpx.AsyncClient, db: Database, method: str, suffix: str
) -> None:
    async def code(job_id: JobId) -> str:
        path = operation_path(SERVICE, job_id) + suffix
        response = await client.request(method, path, headers=mine() | new_key())
        assert response.status_code == 404
        return str(response.json()["code"])

    assert await code(JobId(uuid4())) == "job-not-found"
    for subject in (
        f"projects/{FOREIGN}",
        f"projects/{FOREIGN}/x",
        "projects/x",
        "users/1",
        f"users/{PROJECT}",
    ):
        job_id = await queued(db, subject)
        assert await code(job_id) == "job-not-found"
        async with db.read() as connection:
            assert not (await jobs.get(connection, job_id)).cancel_requested


async def test_who_sees_all_projects_sees_all_work(client: httpx.AsyncClient, db: Database) -> None:
    for subject in (f"projects/{FOREIGN}", "users/1"):
        job_id = await queued(db, subject)
        response = await client.get(operation_path(SERVICE, job_id), headers=as_person())
        assert response.status_code == 200


async def test_reading_needs_read_and_changing_needs_write(
    client: httpx.AsyncClient, db: Database
) -> None:
    path = operation_path(SERVICE, await queued(db))
    reader = as_person(Permission.READ, projects=frozenset({PROJECT}))
    assert (await client.get(path, headers=reader)).status_code == 200
    assert (await client.post(f"{path}/cancel", headers=reader)).status_code == 403
    assert (await client.post(f"{path}/retry", headers=reader | new_key())).status_code == 403
    assert (await client.get(path, headers=as_planner())).status_code == 403
