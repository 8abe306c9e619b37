"""Projects are archived, cleared and deleted, each said before and told to everybody after."""

from uuid import UUID, uuid4

import httpx
import pytest

from shared.auth.permissions import Role
from tests.services.ingest.api.callers import Caller, problem
from tests.services.ingest.workbooks import VINFO, workbook
from tests.services.ingest.worker.workbench import IMPORTED_TABLES, Workbench

OTHER = workbook(vInfo=VINFO[:2])


@pytest.fixture
async def project(bench: Workbench) -> UUID:
    return await bench.project()


@pytest.fixture
def ada(client: httpx.AsyncClient) -> Caller:
    return Caller(client, "ada", Role.ADMIN)


async def imported(caller: Caller, bench: Workbench, project: UUID, content: bytes) -> str:
    reply = await caller.upload(project, content)
    await bench.run_jobs()
    return f"/v1/{reply.json()['subject']}"


async def told(bench: Workbench) -> list[tuple[int, str, int]]:
    """Version, life and what was cleared, of each ``project.changed``."""
    return [
        (data["project_version"], data["life"], data["cleared_through"])
        for envelope in await bench.announced()
        if envelope["type"] == "project.changed"
        for data in (envelope["data"],)
    ]


async def test_what_would_go_is_shown_first(
    dana: Caller, viewer: Caller, bench: Workbench, project: UUID
) -> None:
    await imported(dana, bench, project, workbook())
    await dana.upload(project, OTHER)

    shown = (await viewer.get(f"/v1/projects/{project}/contents")).json()

    assert (shown["name"], shown["imports"], shown["running_imports"]) == ("Acme", 2, 1)
    assert (shown["vms"], shown["disks"], shown["nics"]) == (2, 3, 2)
    assert shown["cleared"]
    assert shown["deleted"]


async def test_a_cleared_project_has_no_imports_and_goes_on_counting(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    path = f"/v1/projects/{project}"
    first = await imported(dana, bench, project, workbook())
    waiting = (await dana.upload(project, OTHER)).headers["Location"]

    cleared = await dana.post(f"{path}/clearance", {"name": "Acme"})

    assert cleared.status_code == 202, cleared.text
    assert problem(await dana.get(first)) == (404, "inventory-not-found")
    assert await dana.items(f"{path}/inventories") == []
    assert await dana.items(f"{path}/trend") == []
    assert (await dana.get(waiting)).json()["state"] == "cancelled"
    assert await told(bench) == [(2, "active", 2)]
    await bench.run_jobs()
    assert (await dana.get(cleared.headers["Location"])).json()["result"] == {"inventories": 2}
    for table in ("inventories", "uploads", "upload_chunks", *IMPORTED_TABLES):
        assert await bench.rows(table) == [], table

    again = await imported(dana, bench, project, workbook())
    assert (await dana.get(again)).json()["number"] == 3


async def test_only_the_typed_name_clears_or_deletes(
    dana: Caller, ada: Caller, bench: Workbench, project: UUID
) -> None:
    path = f"/v1/projects/{project}"
    for name in ("acme", "", "Acme to PCD"):
        refused = await dana.post(f"{path}/clearance", {"name": name})
        assert problem(refused) == (422, "project-not-confirmed")
        assert problem(await ada.delete(f"{path}?name={name}")) == (422, "project-not-confirmed")
    assert await told(bench) == []


async def test_a_deleted_project_is_gone_for_everybody(
    dana: Caller, ada: Caller, bench: Workbench, project: UUID
) -> None:
    path = f"/v1/projects/{project}"
    await imported(dana, bench, project, workbook())

    assert (await dana.delete(f"{path}?name=Acme")).status_code == 403
    assert (await ada.delete(f"{path}?name=Acme")).status_code == 202

    assert problem(await ada.get(path)) == (404, "project-not-found")
    assert await ada.items("/v1/projects") == []
    assert problem(await dana.upload(project, OTHER)) == (404, "project-not-found")
    assert problem(await ada.delete(f"{path}?name=Acme")) == (404, "project-not-found")
    assert await told(bench) == [(2, "deleted", 1)]
    await bench.run_jobs()
    assert await bench.rows("inventories") == []


async def test_an_archived_project_is_read_and_not_changed(
    dana: Caller, ada: Caller, viewer: Caller, bench: Workbench, project: UUID
) -> None:
    path = f"/v1/projects/{project}"
    inventory = await imported(dana, bench, project, workbook())

    assert (await dana.patch(path, {"life": "archived"}, if_match='"1"')).status_code == 403
    archived = await ada.patch(path, {"life": "archived"}, if_match='"1"')

    assert (archived.status_code, archived.json()["life"]) == (200, "archived")
    assert (await viewer.get(inventory)).status_code == 200
    assert await viewer.items("/v1/projects") == []
    listed = await viewer.items("/v1/projects", life="archived")
    assert [item["id"] for item in listed] == [str(project)]
    assert problem(await dana.upload(project, OTHER)) == (409, "project-archived")
    refused = await ada.patch(path, {"name": "Zen"}, if_match='"2"')
    assert problem(refused) == (409, "project-archived")
    refused = await dana.post(f"{path}/clearance", {"name": "Acme"})
    assert problem(refused) == (409, "project-archived")

    back = await ada.patch(path, {"life": "active"}, if_match='"2"')
    assert back.json()["life"] == "active"
    assert (await dana.upload(project, OTHER)).status_code == 202
    assert await told(bench) == [(2, "archived", 0), (3, "active", 0)]


async def test_a_change_of_the_name_alone_is_nobodys_news(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    await dana.patch(f"/v1/projects/{project}", {"name": "Zen"}, if_match='"1"')

    assert await told(bench) == []
    assert problem(await dana.get(f"/v1/projects/{uuid4()}/contents")) == (404, "project-not-found")
