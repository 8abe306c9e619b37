"""The rows of an import that people should look at, as a list and as a workbook."""

import asyncio
import io
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from services.ingest.domain.cells import Cell
from shared.auth.permissions import Role
from shared.db.tables import TABLES
from tests.services.ingest.api.callers import Caller, forged_cursor, problem
from tests.services.ingest.api.conftest import running
from tests.services.ingest.workbooks import VDISK, VINFO, workbook, zipped
from tests.services.ingest.worker.workbench import Workbench

HEADER = [*VINFO[0], "Note"]
EVIL = '=HYPERLINK("http://evil.example","x")'
BAD_VINFO: list[list[Cell]] = [
    [*HEADER],
    [*VINFO[1], EVIL],
    ["db", "poweredOff", "False", "many", 32768, 2, 1, 307200, 102400, "vm-2", "vc-a", EVIL],
    ["", "poweredOn", "False", 1, 1, 0, 0, 1, 1, "", "vc-a", "+1"],
]
A_WORKBOOK = workbook(
    vInfo=BAD_VINFO,
    vDisk=[*VDISK[:3], ["db", "Hard disk 2", "lots", "False", "[s] db.vmdk", "vm-2", "vc-a"]],
)


async def imported(caller: Caller, bench: Workbench, content: bytes) -> str:
    """The path of the inventory of that upload."""
    reply = await caller.upload(await bench.project(), content)
    await bench.run_jobs()
    path = f"/v1/{reply.json()['subject']}"
    assert (await caller.get(path)).json()["state"] == "ready"
    return path


@pytest.fixture
async def path(dana: Caller, bench: Workbench) -> str:
    """An inventory with affected rows."""
    return await imported(dana, bench, A_WORKBOOK)


async def left_in(folder: Path) -> list[str]:
    """The names of what lies in a folder."""
    return await asyncio.to_thread(os.listdir, folder)


async def book_of(caller: Caller, path: str) -> Any:
    """The annotated workbook as a spreadsheet program reads it."""
    reply = await caller.get(f"{path}/affected-rows.xlsx")
    assert reply.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(reply.content))


def lines(sheet: Worksheet) -> list[tuple[Any, ...]]:
    """What the cells hold."""
    return [tuple(cell.value for cell in line) for line in sheet.iter_rows()]


async def test_a_row_is_listed_with_its_place_its_cells_and_what_to_do(
    viewer: Caller, path: str
) -> None:
    rows = await viewer.items(f"{path}/affected-rows")
    assert [(row["tab"], row["row"]) for row in rows] == [
        ("vInfo", 3),
        ("vInfo", 4),
        ("vDisk", 4),
    ]
    db = rows[0]
    assert {"column": "CPUs", "value": "many"} in db["cells"]
    assert [cell["column"] for cell in db["cells"]] == HEADER
    assert db["problems"][0]["column"] == "CPUs"
    assert all(one["reason"] and one["fix"] for row in rows for one in row["problems"])
    assert rows[1]["problems"][0]["column"] is None


async def test_the_list_is_read_page_by_page_and_by_tab(viewer: Caller, path: str) -> None:
    everything = await viewer.items(f"{path}/affected-rows")
    assert await viewer.items(f"{path}/affected-rows", limit=1) == everything
    assert await viewer.items(f"{path}/affected-rows", tab="vDisk") == everything[2:]
    refused = await viewer.get(f"{path}/affected-rows", cursor=forged_cursor("x"))
    assert problem(refused) == (400, "invalid-cursor")


async def test_the_report_counts_the_affected_rows(viewer: Caller, path: str) -> None:
    report = (await viewer.get(path)).json()["report"]
    assert report["affected"] == {"rows": 3, "is_complete": True}


async def test_contradictions_affect_the_row_in_which_they_show(
    dana: Caller, bench: Workbench
) -> None:
    vinfo = [VINFO[0], [*VINFO[1][:5], 7, *VINFO[1][6:]], VINFO[2]]
    path = await imported(dana, bench, workbook(vInfo=vinfo, vDisk=VDISK))
    [row] = await dana.items(f"{path}/affected-rows")
    assert (row["tab"], row["row"]) == ("vInfo", 2)
    assert row["problems"][0]["column"] == "Disks"
    assert "One says 7, the other 1." in row["problems"][0]["reason"]


async def test_the_workbook_has_the_original_columns_and_marks_the_cells(
    viewer: Caller, path: str
) -> None:
    book = await book_of(viewer, path)
    assert book.sheetnames == ["Read me", "vInfo", "vDisk"]
    header, db, _ = lines(book["vInfo"])
    assert list(header) == ["Row", "Problem", "What to do", *HEADER]
    assert db[0] == 3
    assert db[1].startswith("CPUs: ")
    assert db[3:8] == ("db", "poweredOff", "False", "many", 32768)
    marked = [cell for line in book["vInfo"].iter_rows() for cell in line if cell.comment]
    assert [cell.coordinate for cell in marked] == ["G2"]
    assert marked[0].fill.fgColor.rgb == "FFFFE699"


async def test_the_first_sheet_says_which_import_it_is_of(viewer: Caller, path: str) -> None:
    inventory = (await viewer.get(path)).json()
    said = {line[0]: line[1] for line in lines((await book_of(viewer, path))["Read me"])}
    assert said["Import"] == 1
    assert said["Import id"] == inventory["id"]
    assert said["SHA-256"] == inventory["sha256"]
    assert said["Affected rows"] == 3
    assert said["Sheet vInfo"] == "2 rows of vInfo"


async def test_no_text_of_the_upload_becomes_a_formula_or_a_link(viewer: Caller, path: str) -> None:
    book = await book_of(viewer, path)
    cells = [cell for sheet in book for line in sheet.iter_rows() for cell in line]
    assert EVIL in [cell.value for cell in cells]
    assert all(cell.data_type != "f" and cell.hyperlink is None for cell in cells)


async def test_the_workbook_of_several_files_has_a_sheet_for_each_tab_of_each(
    dana: Caller, bench: Workbench
) -> None:
    content = zipped({"a.xlsx": workbook(vInfo=BAD_VINFO), "b.xlsx": A_WORKBOOK})
    path = await imported(dana, bench, content)
    book = await book_of(dana, path)
    assert book.sheetnames == ["Read me", "1 vInfo", "2 vInfo", "2 vDisk"]
    rows = await dana.items(f"{path}/affected-rows")
    assert list(dict.fromkeys((row["file"], row["tab"]) for row in rows)) == [
        ("a.xlsx", "vInfo"),
        ("b.xlsx", "vInfo"),
        ("b.xlsx", "vDisk"),
    ]


async def test_an_import_without_affected_rows_gives_a_workbook_that_says_so(
    dana: Caller, bench: Workbench
) -> None:
    path = await imported(dana, bench, workbook())
    assert await dana.items(f"{path}/affected-rows") == []
    book = await book_of(dana, path)
    assert book.sheetnames == ["Read me"]
    assert ("Affected rows", 0) in lines(book["Read me"])


async def test_uploaded_as_it_is_the_workbook_is_refused_instead_of_shrinking_the_estate(
    dana: Caller, bench: Workbench, path: str
) -> None:
    annotated = (await dana.get(f"{path}/affected-rows.xlsx")).content
    reply = await dana.upload(await bench.project(), annotated)
    await bench.run_jobs()
    inventory = (await dana.get(f"/v1/{reply.json()['subject']}")).json()
    assert inventory["state"] == "failed"
    assert inventory["error"]["code"] == "annotated-workbook"


async def test_each_download_is_in_the_audit_trail_and_leaves_no_file(
    dsn: str, bench: Workbench, path: str, tmp_path: Path
) -> None:
    before = await left_in(tmp_path)
    async with running(dsn, scratch_dir=str(tmp_path)) as service:
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
            viewer = Caller(client, "vera", Role.VIEWER)
            assert (await viewer.get(f"{path}/affected-rows.xlsx")).status_code == 200
    [taken] = [
        row
        for row in await bench.rows(TABLES.audit)
        if row["action"] == "inventory.affected_rows_taken" and f"/v1/{row['subject']}" == path
    ]
    assert taken["actor_name"] == "vera"
    assert await left_in(tmp_path) == before


async def test_rows_of_another_project_or_of_an_import_on_its_way_are_not_given(
    dana: Caller, bench: Workbench, path: str
) -> None:
    inventory_id = path.rsplit("/", 1)[1]
    for end in ("affected-rows", "affected-rows.xlsx"):
        elsewhere = f"/v1/projects/{await bench.project()}/inventories/{inventory_id}/{end}"
        assert problem(await dana.get(elsewhere)) == (404, "inventory-not-found")
        unknown = f"{path.rsplit('/', 1)[0]}/{uuid4()}/{end}"
        assert problem(await dana.get(unknown)) == (404, "inventory-not-found")
    queued = (await dana.upload(await bench.project(), A_WORKBOOK)).json()["subject"]
    for end in ("affected-rows", "affected-rows.xlsx"):
        assert problem(await dana.get(f"/v1/{queued}/{end}")) == (409, "inventory-not-ready")
