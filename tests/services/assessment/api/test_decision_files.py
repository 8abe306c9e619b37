"""What people decided, as CSV."""

import csv
import io
from typing import Any
from uuid import UUID

import httpx
import pytest

from shared.http.csv_lists import cell
from tests.services.assessment.api.caller import Caller
from tests.services.assessment.api.test_waivers import ASSESSMENT, WAIVERS, an_estate, some
from tests.services.assessment.workbench import Workbench

LISTS = ("tenant-register", "tenant-assignments", "waivers")


@pytest.fixture
async def decided(dana: Caller, bench: Workbench) -> Caller:
    """A project with two tenants, two assigned VMs and two waivers."""
    await bench.assess(bench.ingest.imports(an_estate()))
    tenant = await dana.done(f"{ASSESSMENT}/tenants", {"name": "=Acme"})
    assigned = {"tenant_id": tenant["id"], "vms": some(1, 2), "note": "@both"}
    await dana.done(f"{ASSESSMENT}/tenant-assignments", assigned)
    await dana.done(WAIVERS, {"finding": "raw_disk", "vms": some(1, 2), "note": "=1+1"})
    return dana


def rows(reply: httpx.Response) -> list[dict[str, str]]:
    assert reply.status_code == 200, reply.text
    return list(csv.DictReader(io.StringIO(reply.text, newline=""), strict=True))


@pytest.mark.parametrize("listed", LISTS)
async def test_a_file_has_the_rows_and_fields_of_its_list(
    decided: Caller, listed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.http.csv_lists.MAX_PAGE_ITEMS", 1)

    items = (await decided.found(f"{ASSESSMENT}/{listed}"))["items"]
    reply = await decided.get(f"{ASSESSMENT}/{listed}.csv")

    assert len(items) == 2
    assert rows(reply) == [{name: cell(of) for name, of in item.items()} for item in items]
    assert reply.headers["Content-Disposition"] == f'attachment; filename="{listed}.csv"'


@pytest.mark.parametrize(
    ("listed", "query", "count"),
    [
        ("waivers", {"vm_id": str(UUID(int=2))}, 1),
        ("waivers", {"finding": "not_running"}, 0),
        ("tenant-assignments", {"tenant_id": str(UUID(int=99))}, 0),
    ],
)
async def test_a_file_has_the_filter_of_its_list(
    decided: Caller, listed: str, query: dict[str, Any], count: int
) -> None:
    assert len(rows(await decided.get(f"{ASSESSMENT}/{listed}.csv", **query))) == count


async def test_notes_and_names_are_no_formulas(decided: Caller) -> None:
    (waiver, _) = rows(await decided.get(f"{WAIVERS}.csv"))
    (assignment, _) = rows(await decided.get(f"{ASSESSMENT}/tenant-assignments.csv"))

    assert (waiver["note"], assignment["note"]) == ("'=1+1", "'@both")
    assert assignment["tenant_name"] == "'=Acme"


async def test_a_finding_that_does_not_exist_is_told_before_a_file_begins(dana: Caller) -> None:
    reply = await dana.get(f"{WAIVERS}.csv", finding="bad_hair")

    assert reply.status_code == 422
