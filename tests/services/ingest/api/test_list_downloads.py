"""Every list beside VMs as CSV."""

import csv
import io
from typing import Any

import httpx
import pytest

from services.ingest.persistence.list_queries import PARTS
from shared.http.csv_lists import cell
from tests.services.ingest.api.callers import Caller, problem
from tests.services.ingest.api.test_lists import A_WORKBOOK, REPLIES, SOME_ID
from tests.services.ingest.workbooks import workbook
from tests.services.ingest.worker.workbench import Workbench

OF_AN_INVENTORY = (*REPLIES, "comparison/vms")


@pytest.fixture
async def path(dana: Caller, bench: Workbench) -> str:
    """An inventory that is ready."""
    reply = await dana.upload(await bench.project(), A_WORKBOOK)
    await bench.run_jobs()
    return f"/v1/{reply.json()['subject']}"


def rows(reply: httpx.Response) -> list[dict[str, str]]:
    assert reply.status_code == 200, reply.text
    assert reply.headers["Content-Type"].startswith("text/csv")
    return list(csv.DictReader(io.StringIO(reply.text, newline=""), strict=True))


def shown(items: list[dict[str, Any]]) -> list[dict[str, str]]:
    """Items of a list as rows of its file; what is nested as names with values."""
    return [
        {
            name: cell([f"{key}: {cell(of)}" for key, of in value.items()])
            if isinstance(value, dict)
            else cell(value)
            for name, value in item.items()
        }
        for item in items
    ]


@pytest.mark.parametrize("listed", [*OF_AN_INVENTORY, "trend"])
async def test_a_file_has_the_rows_and_fields_of_its_list(
    viewer: Caller, path: str, listed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.http.csv_lists.MAX_PAGE_ITEMS", 2)
    of = path if listed != "trend" else path.partition("/inventories")[0]

    items = await viewer.items(f"{of}/{listed}")
    found = rows(await viewer.get(f"{of}/{listed}.csv"))

    assert items
    assert found == shown(items)


@pytest.mark.parametrize("listed", REPLIES)
async def test_a_file_has_the_filter_of_its_list(viewer: Caller, path: str, listed: str) -> None:
    queries: list[dict[str, Any]] = [{"search": "1"}, {"search": "no such thing"}]
    if listed in PARTS:
        vm_id = (await viewer.items(f"{path}/{listed}"))[0]["vm_id"]
        queries += [{"vm_id": vm_id}]
    for query in queries:
        items = await viewer.items(f"{path}/{listed}", **query)
        found = rows(await viewer.get(f"{path}/{listed}.csv", **query))
        assert [row["position"] for row in found] == [str(item["position"]) for item in items]


async def test_a_comparison_is_filtered_by_what_changed(viewer: Caller, path: str) -> None:
    added = rows(await viewer.get(f"{path}/comparison/vms.csv", kind="added"))

    assert [row["kinds"] for row in added] == ["added"] * 3
    assert rows(await viewer.get(f"{path}/comparison/vms.csv", kind="removed")) == []


@pytest.mark.parametrize("listed", OF_AN_INVENTORY)
async def test_what_is_not_there_is_told_before_a_file_begins(
    viewer: Caller, path: str, listed: str
) -> None:
    reply = await viewer.get(f"{path.rpartition('/')[0]}/{SOME_ID}/{listed}.csv")

    assert problem(reply) == (404, "inventory-not-found")


async def test_names_are_no_formulas(dana: Caller, bench: Workbench) -> None:
    vm = ["=1+1", "vm-1"]
    content = workbook(
        vInfo=[["VM", "VM ID"], vm],
        vDisk=[["VM", "VM ID", "Disk", "Capacity MiB"], [*vm, "@disk", 1]],
        vHost=[["Host"], ["+host"]],
    )
    reply = await dana.upload(await bench.project(), content)
    await bench.run_jobs()
    path = f"/v1/{reply.json()['subject']}"

    (disk,) = rows(await dana.get(f"{path}/disks.csv"))
    (host,) = rows(await dana.get(f"{path}/hosts.csv"))
    (change,) = rows(await dana.get(f"{path}/comparison/vms.csv"))

    assert (disk["vm_name"], disk["label"], host["name"]) == ("'=1+1", "'@disk", "'+host")
    assert change["name"] == "'=1+1"
