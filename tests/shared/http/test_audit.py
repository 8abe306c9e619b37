"""The audit trail as people read it."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.auth.internal_token import TokenVerifier
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.uow import Database
from shared.http.app import create_app
from shared.http.audit import audit_router
from shared.observability.health import Health
from shared.observability.metrics import Metrics
from tests.shared.db.workshop import SERVICE, Widgets
from tests.shared.http.bench import (
    FOREIGN,
    KEYS,
    PROJECT,
    as_person,
    as_planner,
    person,
    talking_to,
)

WHOLE = f"/v1/audit/{SERVICE}"
OF_PROJECT = f"/v1/projects/{PROJECT}/audit/{SERVICE}"
EVAN = Principal("user", "018f0000-0000-7000-8000-00000000bbbb", "evan")


@pytest.fixture
async def client(db: Database) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        service=SERVICE,
        title="Workshop",
        routers=[audit_router(db)],
        verifier=TokenVerifier(SERVICE, KEYS),
        health=Health(),
        metrics=Metrics(SERVICE),
    )
    async with talking_to(app) as client:
        yield client


@pytest.fixture
async def trail(db: Database) -> None:
    """Four entries: two of the project, one of another, one of none."""
    written = [
        ("widget.made", f"projects/{PROJECT}/widgets/cog", person()),
        ("widget.part.moved", f"projects/{PROJECT}/widgets/cam", EVAN),
        ("widget.made", f"projects/{FOREIGN}/widgets/cog", person()),
        ("user.created", "users/7", EVAN),
    ]
    for action, subject, by in written:
        async with db.transactions(Widgets)() as tx:
            await tx.audit(action, by=by, subject=subject, after={"size_mm": 7})


async def listed(client: httpx.AsyncClient, path: str, **query: str) -> list[dict[str, Any]]:
    reply = await client.get(path, params=query, headers=as_person())
    assert reply.status_code == 200, reply.text
    items: list[dict[str, Any]] = reply.json()["items"]
    return items


@pytest.mark.usefixtures("trail")
async def test_a_reader_of_a_project_sees_its_entries_the_newest_first(
    client: httpx.AsyncClient,
) -> None:
    reader = as_person(Permission.READ, projects=frozenset({PROJECT}))
    reply = await client.get(OF_PROJECT, headers=reader)

    newest, oldest = reply.json()["items"]
    assert oldest["action"] == "widget.made"
    assert newest.pop("id")
    assert newest.pop("at").endswith("Z")
    assert newest == {
        "actor": EVAN.key,
        "actor_name": "evan",
        "action": "widget.part.moved",
        "subject": f"projects/{PROJECT}/widgets/cam",
        "project_id": str(PROJECT),
        "before": None,
        "after": {"size_mm": 7},
        "correlation_id": None,
    }


@pytest.mark.usefixtures("trail")
async def test_the_whole_trail_holds_what_belongs_to_any_project_and_to_none(
    client: httpx.AsyncClient,
) -> None:
    subjects = [entry["subject"] for entry in await listed(client, WHOLE)]

    assert subjects == [
        "users/7",
        f"projects/{FOREIGN}/widgets/cog",
        f"projects/{PROJECT}/widgets/cam",
        f"projects/{PROJECT}/widgets/cog",
    ]


@pytest.mark.usefixtures("trail")
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"actor": EVAN.key}, 2),
        ({"action": "widget"}, 3),
        ({"action": "widget.part"}, 1),
        ({"subject": f"projects/{PROJECT}"}, 2),
        ({"actor": EVAN.key, "action": "widget"}, 1),
        ({"from": "2020-01-01T00:00:00Z"}, 4),
        ({"to": "2020-01-01T00:00:00+02:00"}, 0),
    ],
)
async def test_it_is_searched_by_who_what_and_when(
    client: httpx.AsyncClient, query: dict[str, str], count: int
) -> None:
    assert len(await listed(client, WHOLE, **query)) == count


@pytest.mark.usefixtures("trail")
async def test_a_page_continues_with_the_same_search(client: httpx.AsyncClient) -> None:
    query = {"action": "widget", "limit": "2"}
    first = (await client.get(WHOLE, params=query, headers=as_person())).json()
    query["cursor"] = first["next_cursor"]
    second = (await client.get(WHOLE, params=query, headers=as_person())).json()

    assert [len(first["items"]), len(second["items"])] == [2, 1]
    assert second["next_cursor"] is None
    assert len({entry["id"] for entry in first["items"] + second["items"]}) == 3


@pytest.mark.usefixtures("trail")
async def test_a_cursor_does_not_lead_into_another_projects_trail(
    client: httpx.AsyncClient,
) -> None:
    page = await client.get(OF_PROJECT, params={"limit": "1"}, headers=as_person())
    cursor = page.json()["next_cursor"]
    other = f"/v1/projects/{FOREIGN}/audit/{SERVICE}"
    reply = await client.get(other, params={"cursor": cursor}, headers=as_person())

    assert (reply.status_code, reply.json()["code"]) == (400, "invalid-cursor")


@pytest.mark.parametrize(
    "query",
    [
        {"actor": "user: 7"},
        {"action": "Plan%"},
        {"action": "plan."},
        {"subject": "projects/ü"},
        {"from": "yesterday"},
        {"to": "0.5"},
        {"to": "nan"},
        {"from": "2026-01-01T00:00:00"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "9999-12-31T23:59:59-14:00"},
    ],
)
async def test_a_search_that_cannot_be_meant_is_refused(
    client: httpx.AsyncClient, query: dict[str, str]
) -> None:
    reply = await client.get(WHOLE, params=query, headers=as_person())

    assert (reply.status_code, reply.json()["code"]) == (422, "invalid")


async def test_who_may_not_see_a_trail_is_told_so(client: httpx.AsyncClient) -> None:
    limited = as_person(projects=frozenset({PROJECT}))
    writer = as_person(Permission.READ, Permission.WRITE)
    foreign = f"/v1/projects/{FOREIGN}/audit/{SERVICE}"

    async def status(path: str, headers: dict[str, str]) -> int:
        return (await client.get(path, headers=headers)).status_code

    assert await status(WHOLE, writer) == 403
    assert await status(WHOLE, limited) == 403
    assert await status(WHOLE, as_planner()) == 403
    assert await status(OF_PROJECT, as_person(Permission.WRITE)) == 403
    assert await status(OF_PROJECT, limited) == 200
    assert await status(foreign, limited) == 404
