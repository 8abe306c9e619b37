"""Projects that are archived or deleted take no changes, at whatever service."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from services.gateway.handlers.on_project_changed import on_project_changed
from services.gateway.persistence.streams import PostgresStreamStore
from shared.contracts.project import ProjectChanged
from shared.db.uow import Database
from tests.services.gateway.conftest import Gateway
from tests.support.job_bench import envelope_of

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
PROJECT = UUID("0193a1b2-0000-7000-8000-000000000001")
PATH = f"/v1/projects/{PROJECT}"


async def deliver(db: Database, version: int, life: str, project_id: UUID = PROJECT) -> None:
    told: dict[str, Any] = {"project_id": project_id, "life": life, "cleared_through": 0}
    event = ProjectChanged(project_version=version, changed_at=NOW, **told)
    envelope = envelope_of(event, source="ingest", version=version, at=NOW)
    async with db.transactions(PostgresStreamStore)() as tx:
        await on_project_changed(event, envelope, tx)


async def statuses(gateway: Gateway, headers: dict[str, str]) -> dict[str, int]:
    keyed = headers | {"Idempotency-Key": str(uuid4())}
    asked = {
        "read": gateway.client.get(f"{PATH}/inventories", headers=headers),
        "clear": gateway.client.post(f"{PATH}/clearance", headers=keyed, json={}),
        "upload": gateway.client.post(f"{PATH}/inventories", headers=keyed, content=b"PK"),
        "revive": gateway.client.patch(PATH, headers=headers, json={"life": "active"}),
        "delete": gateway.client.delete(PATH, headers=headers),
    }
    return {name: (await request).status_code for name, request in asked.items()}


async def test_an_archived_project_is_read_revived_or_removed_and_no_more(
    gateway: Gateway, db: Database
) -> None:
    headers = await gateway.log_in()
    await deliver(db, 2, "archived")
    await deliver(db, 1, "active")

    found = await statuses(gateway, headers)

    assert found == dict.fromkeys(found, 200) | {"clear": 409, "upload": 409}
    refused = await gateway.client.patch(f"{PATH}/plan/settings", headers=headers, json={})
    assert refused.json()["code"] == "project-archived"
    await deliver(db, 3, "active")
    found = await statuses(gateway, headers)
    assert found == dict.fromkeys(found, 200)


async def test_a_deleted_project_takes_no_changes(gateway: Gateway, db: Database) -> None:
    headers = await gateway.log_in()
    await deliver(db, 2, "deleted")

    found = await statuses(gateway, headers)

    assert (found["clear"], found["upload"]) == (404, 404)


async def test_open_pages_hear_of_it(gateway: Gateway, db: Database) -> None:
    await deliver(db, 2, "archived")

    async with db.read() as connection:
        rows = await connection.exec_driver_sql("SELECT type, subject FROM stream_facts")
        assert [tuple(row) for row in rows] == [("project.changed", f"projects/{PROJECT}")]
