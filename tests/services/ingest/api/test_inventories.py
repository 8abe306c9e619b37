"""Inventories over HTTP: what became of a workbook, and its VMs."""

import csv
import io
from dataclasses import replace
from uuid import UUID

import httpx
import pytest

from services.ingest.api.schemas import InventoryReply
from services.ingest.api.vm_schemas import VmReply
from services.ingest.domain.table_columns import VM_COLUMNS
from services.ingest.persistence.queries import show_inventory
from shared.auth.permissions import Role
from shared.http.csv_lists import cell
from tests.services.ingest.api.callers import Caller, forged_cursor, problem
from tests.services.ingest.workbooks import VINFO, with_stray_cell, workbook, workbook_of
from tests.services.ingest.worker.workbench import NOW, Workbench

NAMESAKES = 7
SOME_ID = "01890000-0000-7000-8000-000000000007"
A_WORKBOOK = workbook()
NAMES = ["b", *["same"] * NAMESAKES, "a", "Z", "é", "same "]
WITH_NAMESAKES = workbook(
    vInfo=[VINFO[0]]
    + [
        [name, "poweredOn", "False", 1, 1024, 0, 0, 10, 5, f"vm-{number}", "vc-a"]
        for number, name in enumerate(NAMES)
    ]
)


@pytest.fixture
async def project(bench: Workbench) -> UUID:
    return await bench.project()


async def imported(caller: Caller, bench: Workbench, project: UUID, content: bytes) -> str:
    """The path of the inventory, whose import has ended one way or another."""
    reply = await caller.upload(project, content)
    await bench.run_jobs()
    return f"/v1/{reply.json()['subject']}"


async def test_a_ready_inventory_tells_what_it_holds_and_how_it_was_read(
    dana: Caller, viewer: Caller, bench: Workbench, project: UUID
) -> None:
    path = await imported(dana, bench, project, A_WORKBOOK)

    inventory = (await viewer.get(path)).json()

    assert (
        inventory.items()
        >= {
            "state": "ready",
            "number": 1,
            "counts": {"vms": 2, "disks": 3, "nics": 2},
            "imported_at": NOW.isoformat().replace("+00:00", "Z"),
            "error": None,
        }.items()
    )
    report = inventory.pop("report")
    assert report["totals"]["vms"] == 2
    assert {tab["tab"]: tab["rows_read"] for tab in report["tabs"]}.items() >= {
        "vInfo": 2,
        "vDisk": 3,
        "vNetwork": 2,
    }.items()
    assert await viewer.items(f"/v1/projects/{project}/inventories") == [inventory]


async def test_a_refused_workbook_says_where_and_why_and_can_be_tried_again(
    dana: Caller, viewer: Caller, bench: Workbench, project: UUID
) -> None:
    path = await imported(dana, bench, project, with_stray_cell("XFD1048576"))
    refused = (await viewer.get(path)).json()
    operation = (await viewer.get(refused["operation"])).json()

    assert (refused["state"], operation["state"]) == ("failed", "failed")
    assert (refused["report"], refused["counts"], refused["imported_at"]) == (None, None, None)
    assert refused["error"] == operation["error"]
    assert refused["error"]["type"] == "/problems/stray-cell"
    assert "delete its row and column" in refused["error"]["detail"]
    (place,) = refused["error"]["errors"]
    assert (place["tab"], place["row"], place["column"]) == ("vInfo", 1048576, "XFD")

    retried = await dana.post(f"{refused['operation']}/retry")
    assert (retried.status_code, retried.json()["state"]) == (200, "queued")
    assert (await viewer.get(path)).json().items() >= {"state": "queued", "error": None}.items()
    assert (await viewer.post(f"{refused['operation']}/cancel")).status_code == 403


async def test_a_cancelled_import_becomes_ready_when_it_is_retried(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    operation = (await dana.upload(project, A_WORKBOOK)).headers["Location"]
    cancelled = await dana.post(f"{operation}/cancel")
    await bench.run_jobs()
    (before,) = await dana.items(f"/v1/projects/{project}/inventories")
    await dana.post(f"{operation}/retry")
    await bench.run_jobs()
    (after,) = await dana.items(f"/v1/projects/{project}/inventories")

    assert cancelled.json()["state"] == before["state"] == "cancelled"
    assert (after["state"], after["counts"]["vms"]) == ("ready", 2)
    assert problem(await dana.post(f"{operation}/retry")) == (409, "job-not-retryable")
    assert len(await bench.announced()) == 1


async def test_an_import_in_work_says_what_it_is_at(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    operation = (await dana.upload(project, A_WORKBOOK)).json()
    path = f"/v1/{operation['subject']}"
    job = await bench.claim()

    at_first = (await dana.get(path)).json()
    await job.report({"state": "parsing", "tab": "vInfo", "rows_done": 5, "rows_total": 9})
    later = (await dana.get(path)).json()

    assert (at_first["state"], at_first["progress"]) == ("validating", None)
    assert later["state"] == "parsing"
    assert later["progress"].items() >= {"tab": "vInfo", "rows_done": 5}.items()


async def test_an_inventory_is_not_ready_before_its_rows_are_seen(bench: Workbench) -> None:
    uploaded = await bench.upload(A_WORKBOOK)
    async with bench.database.read() as connection:
        before = await show_inventory(connection, uploaded.project_id, uploaded.id)
    await bench.work()

    between = replace(before, job=await bench.job(uploaded.job_id))

    assert InventoryReply.of(between).state == "storing"


async def test_the_newest_inventory_comes_first_page_by_page(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    for count in range(1, 6):
        await dana.upload(project, workbook_of(count))

    for limit in (1, 2, 5, 6):
        items = await dana.items(f"/v1/projects/{project}/inventories", limit=limit)
        assert [one["number"] for one in items] == [5, 4, 3, 2, 1]


async def test_vms_come_by_name_then_id_whatever_the_page_size(
    dana: Caller, viewer: Caller, bench: Workbench, project: UUID
) -> None:
    path = await imported(dana, bench, project, WITH_NAMESAKES)

    everything = await viewer.items(f"{path}/vms")
    assert len(everything) == len(NAMES)
    keys = [(vm["name"], vm["vm_id"]) for vm in everything]
    assert keys == sorted(keys)
    for limit in range(1, len(everything) + 2):
        assert await viewer.items(f"{path}/vms", limit=limit) == everything


async def test_a_vm_shows_all_that_is_stored_of_it_but_its_notes(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    path = await imported(dana, bench, project, A_WORKBOOK)
    shown = {vm["name"]: vm for vm in await dana.items(f"{path}/vms")}

    assert [*VmReply.model_fields] == [
        name for name in VM_COLUMNS if name not in {"inventory_id", "annotation"}
    ]
    stored = {vm["name"]: vm for vm in await bench.rows("vms")}
    for name, vm in shown.items():
        assert vm == {
            column: str(stored[name][column]) if column == "vm_id" else stored[name][column]
            for column in VmReply.model_fields
        }
    assert (
        shown["db"].items()
        >= {
            "moref": "vm-2",
            "vcpus": 8,
            "memory_mib": 32768,
            "disk_mib": 307200,
            "disk_count": 2,
            "source_row": 3,
        }.items()
    )


async def test_the_vms_as_csv_are_those_of_the_list(
    dana: Caller, viewer: Caller, bench: Workbench, project: UUID
) -> None:
    path = await imported(dana, bench, project, WITH_NAMESAKES)

    reply = await viewer.get(f"{path}/vms.csv")

    assert reply.headers["Content-Disposition"] == 'attachment; filename="inventory-vms.csv"'
    rows = list(csv.DictReader(io.StringIO(reply.text, newline=""), strict=True))
    listed = await viewer.items(f"{path}/vms")
    assert [(row["vm_id"], row["name"]) for row in rows] == [
        (vm["vm_id"], cell(vm["name"])) for vm in listed
    ]
    assert list(rows[0]) == list(VmReply.model_fields)


async def test_vms_wait_for_the_import(dana: Caller, project: UUID) -> None:
    operation = (await dana.upload(project, A_WORKBOOK)).json()

    for listed in ("vms", "vms.csv"):
        reply = await dana.get(f"/v1/{operation['subject']}/{listed}")
        assert problem(reply) == (409, "inventory-not-ready")


async def test_an_inventory_of_another_project_is_not_there(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    operation = (await dana.upload(project, A_WORKBOOK)).json()
    inventory_id = operation["subject"].rpartition("/")[2]
    other = await bench.project()

    for path in ("", "/vms", "/vms.csv"):
        reply = await dana.get(f"/v1/projects/{other}/inventories/{inventory_id}{path}")
        assert problem(reply) == (404, "inventory-not-found")


async def test_operations_of_a_foreign_project_are_not_there(
    dana: Caller, client: httpx.AsyncClient, bench: Workbench, project: UUID
) -> None:
    operation = (await dana.upload(project, A_WORKBOOK)).headers["Location"]
    stranger = Caller(client, "sam", Role.TECHNICAL, await bench.project())

    for reply in (
        await stranger.get(operation),
        await stranger.post(f"{operation}/cancel"),
        await stranger.post(f"{operation}/retry"),
    ):
        assert problem(reply) == (404, "job-not-found")


@pytest.mark.parametrize(
    ("listed", "key"),
    [
        ("inventories", ["two"]),
        ("inventories", [1.5]),
        ("inventories", [None]),
        ("inventories", [10**30]),
        ("inventories", ["web", SOME_ID]),
        ("vms", [3]),
        ("vms", ["web", "no uuid"]),
        ("vms", [None, SOME_ID]),
        ("vms", ["a\0b", SOME_ID]),
        ("vms", ["a\ud800b", SOME_ID]),
    ],
)
async def test_a_cursor_of_another_list_is_refused(
    dana: Caller, bench: Workbench, project: UUID, listed: str, key: list[object]
) -> None:
    operation = (await dana.upload(project, A_WORKBOOK)).json()
    inventory = f"/v1/{operation['subject']}"
    await bench.count_as_ready(UUID(inventory.rpartition("/")[2]))
    path = f"{inventory}/vms" if listed == "vms" else inventory.rpartition("/")[0]

    assert problem(await dana.get(path, cursor=forged_cursor(*key))) == (400, "invalid-cursor")
