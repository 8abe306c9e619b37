"""Projects over HTTP: create, list, read, change."""

import asyncio
from uuid import UUID, uuid4

import httpx
import pytest

from shared.auth.permissions import Role
from tests.services.ingest.api.callers import Caller, forged_cursor, problem
from tests.services.ingest.workbooks import workbook
from tests.services.ingest.worker.workbench import Workbench

PROJECTS = "/v1/projects"
SOME_INVENTORY = "/inventories/01890000-0000-7000-8000-000000000007"


async def created(caller: Caller, name: str = "Acme") -> UUID:
    reply = await caller.post(PROJECTS, {"name": name})
    assert reply.status_code == 201, reply.text
    return UUID(reply.json()["id"])


async def test_a_new_project_is_found_where_its_reply_says(dana: Caller, viewer: Caller) -> None:
    reply = await dana.post(PROJECTS, {"name": " Acme to PCD ", "description": "phase 1"})
    read = await viewer.get(reply.headers["Location"])

    assert (reply.status_code, reply.headers["ETag"]) == (201, '"1"')
    assert (read.status_code, read.headers["ETag"]) == (200, '"1"')
    assert read.json() == reply.json()
    assert (
        reply.json().items()
        >= {
            "name": "Acme to PCD",
            "description": "phase 1",
            "created_by": dana.key,
        }.items()
    )


async def test_the_list_shows_the_newest_first_page_by_page(dana: Caller) -> None:
    names = [f"project {number}" for number in range(5)]
    for name in names:
        await created(dana, name)

    assert [one["name"] for one in await dana.items(PROJECTS, limit=2)] == names[::-1]
    assert [one["name"] for one in await dana.items(PROJECTS, limit=5)] == names[::-1]


async def test_the_list_shows_the_projects_one_may_see(
    client: httpx.AsyncClient, dana: Caller
) -> None:
    mine, _, also_mine = [await created(dana) for _ in range(3)]
    limited = Caller(client, "lim", Role.VIEWER, mine, also_mine, uuid4())

    assert [one["id"] for one in await limited.items(PROJECTS, limit=1)] == [
        str(also_mine),
        str(mine),
    ]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/inventories"),
        ("GET", "/inventories"),
        ("GET", SOME_INVENTORY),
        ("GET", f"{SOME_INVENTORY}/vms"),
    ],
)
async def test_a_foreign_project_is_not_there(
    client: httpx.AsyncClient, dana: Caller, bench: Workbench, method: str, path: str
) -> None:
    foreign = await created(dana)
    stranger = Caller(client, "sam", Role.TECHNICAL, uuid4())
    headers = stranger.headers | {"If-Match": '"1"', "Idempotency-Key": "k"}
    body = b'{"name": "mine now"}' if method == "PATCH" else workbook()

    reply = await client.request(
        method, f"{PROJECTS}/{foreign}{path}", headers=headers, content=body
    )

    assert problem(reply) == (404, "project-not-found")
    assert (await dana.get(f"{PROJECTS}/{foreign}")).json()["name"] == "Acme"
    assert await bench.uploaded() == {}


async def test_who_may_only_read_changes_nothing(dana: Caller, viewer: Caller) -> None:
    project = await created(dana)

    replies = [
        await viewer.post(PROJECTS, {"name": "x"}),
        await viewer.patch(f"{PROJECTS}/{project}", {"name": "x"}, if_match='"1"'),
        await viewer.upload(project, workbook()),
    ]
    assert {problem(reply) for reply in replies} == {(403, "forbidden")}


async def test_a_patch_changes_what_it_names_and_null_clears(dana: Caller) -> None:
    reply = await dana.post(PROJECTS, {"name": "Acme", "description": "old"})
    path = reply.headers["Location"]

    renamed = await dana.patch(path, {"name": "Acme 2"}, if_match='"1"')
    cleared = await dana.patch(path, {"description": None}, if_match='"2"')

    assert (renamed.status_code, renamed.headers["ETag"]) == (200, '"2"')
    assert renamed.json().items() >= {"name": "Acme 2", "description": "old"}.items()
    assert (cleared.status_code, cleared.headers["ETag"]) == (200, '"3"')
    assert cleared.json().items() >= {"name": "Acme 2", "description": ""}.items()
    assert (await dana.get(path)).json() == cleared.json()


async def test_of_two_who_edit_the_second_is_told(dana: Caller, kim: Caller) -> None:
    path = f"{PROJECTS}/{await created(dana)}"

    replies = await asyncio.gather(
        dana.patch(path, {"name": "Dana's"}, if_match='"1"'),
        kim.patch(path, {"name": "Kim's"}, if_match='"1"'),
    )
    late = await kim.patch(path, {"name": "Late"}, if_match='"1"')

    assert sorted(reply.status_code for reply in replies) == [200, 412]
    assert problem(late) == (412, "precondition-failed")
    (winner,) = [reply.json() for reply in replies if reply.status_code == 200]
    assert (await dana.get(path)).json() == winner


async def test_a_patch_must_say_what_it_is_based_on(dana: Caller) -> None:
    path = f"{PROJECTS}/{await created(dana)}"

    assert problem(await dana.patch(path, {"name": "x"})) == (428, "precondition-required")
    assert problem(await dana.patch(path, {"name": "x"}, if_match="*")) == (400, "malformed-header")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"name": "   "}, "/name"),
        ({"name": "x" * 201}, "/name"),
        ({"name": "two\nlines"}, "/name"),
        ({"name": None}, "/name"),
        ({"name": 7}, "/name"),
        ({"name": "x", "description": "x" * 4001}, "/description"),
        ({"name": "x", "titel": "x"}, "/titel"),
        ({"name": "x\0"}, ""),
    ],
)
async def test_a_wrong_value_is_refused_at_its_field(
    dana: Caller, body: dict[str, object], pointer: str
) -> None:
    path = f"{PROJECTS}/{await created(dana)}"

    for reply in (await dana.post(PROJECTS, body), await dana.patch(path, body, if_match='"1"')):
        assert reply.status_code == 422
        assert [error["pointer"] for error in reply.json()["errors"]] == [pointer]
    assert len(await dana.items(PROJECTS)) == 1


async def test_a_repeated_creation_gives_the_first_reply(dana: Caller, kim: Caller) -> None:
    first = await dana.post(PROJECTS, {"name": "Acme"}, key="k1")
    again = await dana.post(PROJECTS, {"name": "Acme"}, key="k1")
    other = await dana.post(PROJECTS, {"name": "Other"}, key="k1")
    someone_elses = await kim.post(PROJECTS, {"name": "Acme"}, key="k1")

    assert (again.status_code, again.json()) == (201, first.json())
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["ETag"] == first.headers["ETag"]
    assert again.headers["Idempotency-Replayed"] == "true"
    assert problem(other) == (422, "idempotency-key-reused")
    assert someone_elses.status_code == 201
    assert len(await dana.items(PROJECTS)) == 2


async def test_creating_needs_a_key(client: httpx.AsyncClient, dana: Caller) -> None:
    reply = await client.post(PROJECTS, headers=dana.headers, json={"name": "x"})
    assert problem(reply) == (400, "idempotency-key-required")


@pytest.mark.parametrize("key", [[], ["no uuid"], [7], [None], [{}], [str(UUID(int=7)), 1]])
async def test_a_cursor_of_another_list_is_refused(dana: Caller, key: list[object]) -> None:
    for cursor in (forged_cursor(*key), "x"):
        assert problem(await dana.get(PROJECTS, cursor=cursor)) == (400, "invalid-cursor")
