"""One VM over HTTP, with all that is known of it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update

from services.assessment.domain.finding_catalogue import KINDS
from services.assessment.persistence.tables import assessed_vms
from shared.contracts.records import VmRecord
from tests.services.assessment.api.conftest import Headers
from tests.services.assessment.api.test_vm_list import AN_ESTATE
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

PATH = f"/v1/projects/{PROJECT}/assessment/vms"


@pytest.fixture
def ask(client: httpx.AsyncClient, as_person: Callable[..., Headers]) -> Callable[..., Any]:
    async def ask(vm_id: UUID | str) -> httpx.Response:
        return await client.get(f"{PATH}/{vm_id}", headers=as_person())

    return ask


@pytest.mark.parametrize("vm", AN_ESTATE, ids=lambda vm: vm.name)
async def test_every_vm_shows_its_own_record_and_its_item_of_the_list(
    client: httpx.AsyncClient,
    bench: Workbench,
    as_person: Callable[..., Headers],
    ask: Callable[..., Any],
    vm: VmRecord,
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))  # four VMs a page

    shown = (await ask(vm.vm_id)).json()

    told = shown.pop("workbook")
    assert told == vm.model_dump(mode="json", exclude={"annotation"})
    every = "excluded=template&excluded=vcls&excluded=srm_placeholder"
    query = every if shown["excluded_because"] else ""
    listed = (await client.get(f"{PATH}?{query}", headers=as_person())).json()["items"]
    assert shown in listed


async def test_reasons_and_findings_come_with_points_and_advice(
    bench: Workbench, ask: Callable[..., Any]
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    shown = (await ask(UUID(int=5))).json()

    texts = [reason["text"] for reason in shown["mode_reasons"]]
    assert "Hard disk 1 is a raw device mapping." in texts
    assert shown["findings"][0]["id"] == "os_not_convertible"
    raw = shown["findings"][1]
    assert (raw["id"], raw["why"], raw["fix"]) == (
        "raw_disk",
        KINDS["raw_disk"].why,
        KINDS["raw_disk"].fix,
    )
    assert "unsupported_os" in {reason["rule"] for reason in shown["risk_reasons"]}
    assert shown["risk_reasons"][0]["points"] > 0


async def test_notes_are_not_shown(bench: Workbench, ask: Callable[..., Any]) -> None:
    vm = AN_ESTATE[0].model_copy(update={"annotation": "password: hunter2"})
    await bench.assess(bench.ingest.imports([vm]))

    reply = await ask(vm.vm_id)

    assert "hunter2" not in reply.text
    assert "clear_text_password" in {finding["id"] for finding in reply.json()["findings"]}


async def test_a_vm_that_is_not_there_is_told(bench: Workbench, ask: Callable[..., Any]) -> None:
    assert (await ask(UUID(int=99))).json()["code"] == "not-assessed"
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    reply = await ask(UUID(int=99))

    assert (reply.status_code, reply.json()["code"]) == (404, "vm-not-found")


async def test_a_vm_whose_details_an_older_version_did_not_keep_says_so(
    bench: Workbench, ask: Callable[..., Any]
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))
    async with bench.database.write() as connection:
        await connection.execute(update(assessed_vms).values(page_number=None, page_line=None))

    reply = await ask(AN_ESTATE[0].vm_id)

    assert (reply.status_code, reply.json()["code"]) == (409, "details-not-kept")
