"""Exports over HTTP: ask, watch, take away."""

import base64
import hashlib
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.exporter.domain.exports import PlanSnapshot
from shared.auth.permissions import Permission
from tests.services.exporter.api.conftest import Headers
from tests.services.exporter.builders import PROJECT_ID
from tests.services.exporter.workbench import Workbench
from tests.services.planner.builders import an_id

PATH = f"/v1/projects/{PROJECT_ID}/exports"


@pytest.fixture
def reader(as_person: Callable[..., Headers]) -> Headers:
    return as_person()


def body(snapshot: PlanSnapshot, format_: str = "json") -> dict[str, Any]:
    return {"format": format_, "snapshot": {"id": str(snapshot.id), "digest": snapshot.digest}}


async def ask(
    client: httpx.AsyncClient, headers: Headers, wanted: dict[str, Any], key: str | None = None
) -> httpx.Response:
    keyed = headers | {"Idempotency-Key": key or str(uuid4())}
    return await client.post(PATH, json=wanted, headers=keyed)


async def test_an_export_is_queued_then_complete_then_downloaded(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    snapshot = bench.planner.freezes()

    reply = await ask(client, reader, body(snapshot))
    assert reply.status_code == 202
    asked = reply.json()
    assert reply.headers["Location"] == f"{PATH}/{asked['id']}"
    assert (asked["state"], asked["content"], asked["size_bytes"]) == ("queued", None, None)
    operation = (await client.get(asked["operation"], headers=reader)).json()
    assert operation["subject"] == f"projects/{PROJECT_ID}/exports/{asked['id']}"

    await bench.work()

    shown = (await client.get(f"{PATH}/{asked['id']}", headers=reader)).json()
    assert (shown["state"], shown["content"]) == ("complete", f"{PATH}/{asked['id']}/content")
    download = await client.get(shown["content"], headers=reader)
    assert download.json()["summary"]["vms"] == 3
    assert hashlib.sha256(download.content).hexdigest() == shown["sha256"]
    digest = base64.b64encode(hashlib.sha256(download.content).digest()).decode()
    assert download.headers["Content-Digest"] == f"sha-256=:{digest}:"
    assert download.headers["Content-Length"] == str(shown["size_bytes"])
    assert download.headers["Content-Type"] == "application/json"
    name = f"migration-plan-{snapshot.digest[:12]}.json"
    assert download.headers["Content-Disposition"] == f'attachment; filename="{name}"'


async def test_a_workbook_has_its_own_media_type(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    asked = (await ask(client, reader, body(bench.planner.freezes(), "xlsx"))).json()
    await bench.work()
    download = await client.get(f"{PATH}/{asked['id']}/content", headers=reader)
    assert download.headers["Content-Type"].endswith("spreadsheetml.sheet")
    assert download.content.startswith(b"PK")


async def test_asking_again_gives_the_same_export_and_no_second_job(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    wanted = body(bench.planner.freezes())
    first = await ask(client, reader, wanted, key="k-1")
    replayed = await ask(client, reader, wanted, key="k-1")
    again = await ask(client, reader, wanted, key="k-2")
    assert replayed.headers["Idempotency-Replayed"] == "true"
    assert first.json() == replayed.json()
    assert again.json()["operation"] == first.json()["operation"]


async def test_a_failed_export_says_why_and_is_queued_again_when_asked_for(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    wanted = body(bench.planner.freezes())
    asked = (await ask(client, reader, wanted)).json()
    await bench.fail("snapshot-not-found")

    failed = (await client.get(f"{PATH}/{asked['id']}", headers=reader)).json()
    assert (failed["state"], failed["error"]["code"]) == ("failed", "snapshot-not-found")

    again = (await ask(client, reader, wanted)).json()
    assert (again["id"], again["state"], again["error"]) == (asked["id"], "queued", None)
    await bench.work()
    shown = (await client.get(f"{PATH}/{asked['id']}", headers=reader)).json()
    assert shown["state"] == "complete"


async def test_content_that_is_not_there_yet_is_a_conflict(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    asked = (await ask(client, reader, body(bench.planner.freezes()))).json()
    reply = await client.get(f"{PATH}/{asked['id']}/content", headers=reader)
    assert (reply.status_code, reply.json()["code"]) == (409, "export-not-ready")


async def test_exports_are_listed_newest_first_page_by_page(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    asked = [
        (await ask(client, reader, body(bench.planner.freezes(note=n)))).json()["id"]
        for n in range(3)
    ]
    first = (await client.get(f"{PATH}?limit=2", headers=reader)).json()
    rest = (
        await client.get(PATH, params={"limit": 2, "cursor": first["next_cursor"]}, headers=reader)
    ).json()
    listed = [export["id"] for export in first["items"] + rest["items"]]
    assert listed == asked[::-1]
    assert rest["next_cursor"] is None


async def test_another_projects_export_does_not_exist(
    client: httpx.AsyncClient, bench: Workbench, as_person: Callable[..., Headers]
) -> None:
    reader = as_person()
    asked = (await ask(client, reader, body(bench.planner.freezes()))).json()
    elsewhere = f"/v1/projects/{an_id('another')}/exports/{asked['id']}"
    limited = as_person(an_id("another"))
    assert (await client.get(elsewhere, headers=reader)).status_code == 404
    assert (await client.get(f"{elsewhere}/content", headers=reader)).status_code == 404
    assert (await client.get(PATH, headers=limited)).status_code == 404
    assert (await ask(client, limited, body(bench.planner.freezes()))).status_code == 404


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"format": "pdf"}, "/format"),
        ({"snapshot": {"id": str(an_id("x")), "digest": "short"}}, "/snapshot/digest"),
        ({"colour": "red"}, "/colour"),
    ],
)
async def test_a_wrong_request_names_the_field(
    client: httpx.AsyncClient,
    bench: Workbench,
    reader: Headers,
    changes: dict[str, Any],
    pointer: str,
) -> None:
    reply = await ask(client, reader, body(bench.planner.freezes()) | changes)
    assert reply.status_code == 422
    assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]


async def test_who_may_not_read_may_not_export(
    client: httpx.AsyncClient, bench: Workbench, as_person: Callable[..., Headers]
) -> None:
    writer = as_person(permission=Permission.WRITE)
    assert (await ask(client, writer, body(bench.planner.freezes()))).status_code == 403
    assert (await client.get(PATH)).status_code == 401
