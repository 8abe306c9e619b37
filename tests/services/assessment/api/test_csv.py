"""The assessment's lists as CSV."""

import csv
import io
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.assessment.domain.vm_list import VmFilter, VmOrder
from services.assessment.persistence import vm_list
from services.assessment.persistence.store import find_newest
from services.assessment.persistence.vm_list import vm_batches, vm_positions
from shared.kernel.errors import Unavailable
from shared.kernel.ids import ProjectId
from tests.services.assessment.api.conftest import Headers
from tests.services.assessment.api.test_vm_list import AN_ESTATE
from tests.services.assessment.builders import a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

PATH = f"/v1/projects/{PROJECT}/assessment"


@pytest.fixture
def read(client: httpx.AsyncClient, as_person: Callable[..., Headers]) -> Callable[..., Any]:
    async def read(path: str) -> httpx.Response:
        reply = await client.get(f"{PATH}/{path}", headers=as_person())
        assert reply.status_code == 200, reply.text
        return reply

    return read


def rows(reply: httpx.Response) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(reply.text, newline=""), strict=True))


@pytest.mark.parametrize(
    "query", ["", "sort=vcpus&order=desc", "search=web&sort=host", "excluded=template", "search=-"]
)
async def test_the_file_has_the_rows_of_the_list_in_its_order(
    bench: Workbench,
    read: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    query: str,
) -> None:
    monkeypatch.setattr(vm_list, "BATCH_ROWS", 2)
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    listed = (await read(f"vms?{query}")).json()["items"]
    found = rows(await read(f"vms.csv?{query}"))

    assert [row["vm_id"] for row in found] == [vm["vm_id"] for vm in listed]
    for row, vm in zip(found, listed, strict=True):
        assert row["disk_mib"] == str(vm["disk_mib"])
        assert row["vcpus"] == ("" if vm["vcpus"] is None else str(vm["vcpus"]))
        assert row["networks"] == "; ".join(vm["networks"])
        ids = dict.fromkeys(finding["id"] for finding in vm["findings"])
        assert row["findings"] == "; ".join(ids)


async def test_a_name_is_no_formula(bench: Workbench, read: Callable[..., Any]) -> None:
    await bench.assess(bench.ingest.imports([a_vm(1, name="=1+1", folder="/DC1/@sum")]))

    (vm,) = rows(await read("vms.csv"))
    (tenant,) = rows(await read("tenants.csv"))

    assert (vm["name"], vm["tenant_name"], tenant["name"]) == ("'=1+1", "'@sum", "'@sum")


async def test_the_file_of_tenants_has_the_rows_of_their_list(
    bench: Workbench, read: Callable[..., Any]
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    listed = (await read("tenants")).json()["items"]
    found = rows(await read("tenants.csv"))

    assert [(row["id"], row["vms"]) for row in found] == [(t["id"], str(t["vms"])) for t in listed]


async def test_nothing_is_downloaded_before_the_first_assessment(
    client: httpx.AsyncClient, as_person: Callable[..., Headers]
) -> None:
    for path in ("vms.csv", "tenants.csv"):
        reply = await client.get(f"{PATH}/{path}", headers=as_person())
        assert (reply.status_code, reply.json()["code"]) == (404, "not-assessed")


async def test_a_list_that_is_replaced_while_it_is_read_breaks_off(
    bench: Workbench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vm_list, "BATCH_ROWS", 2)
    await bench.assess(bench.ingest.imports(AN_ESTATE, number=1))
    async with bench.database.read() as connection:
        run = await find_newest(connection, ProjectId(PROJECT), is_complete=True)
        assert run is not None
        places = await vm_positions(connection, run.id, only=VmFilter(), order=VmOrder())
    batches = vm_batches(bench.database, run.id, places)

    assert len(await anext(batches)) == 2
    await bench.assess(bench.ingest.imports(AN_ESTATE, number=2))
    with pytest.raises(Unavailable, match="Ask again"):
        await anext(batches)
