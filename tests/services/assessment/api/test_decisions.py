"""All decisions together: counted, and taken back as one."""

from typing import Any
from uuid import UUID

import pytest

from tests.services.assessment.api.caller import Caller
from tests.services.assessment.builders import a_disk, a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

ASSESSMENT = f"/v1/projects/{PROJECT}/assessment"
NOTHING = {
    "assigned_vms": 0,
    "created_tenants": 0,
    "renamed_tenants": 0,
    "merged_tenants": 0,
    "waived_findings": 0,
    "network_classes": 0,
}


@pytest.fixture
async def assessed(bench: Workbench) -> Workbench:
    vms = [
        a_vm(number, disks=[a_disk(is_raw=True)], folder=f"DC/vm/{name}", primary_ip="10.0.0.3")
        for number, name in enumerate(("Acme", "Zen", "Bolt"), start=1)
    ]
    await bench.assess(bench.ingest.imports(vms))
    return bench


def some(*numbers: int) -> dict[str, Any]:
    return {"vm_ids": [str(UUID(int=number)) for number in numbers]}


async def tenants(caller: Caller) -> dict[str, int]:
    items = (await caller.found(f"{ASSESSMENT}/tenants"))["items"]
    return {item["name"]: item["vms"] for item in items}


async def test_a_reset_takes_back_what_was_counted_and_assesses_again(
    dana: Caller, assessed: Workbench
) -> None:
    before = await tenants(dana)
    created = await dana.done(f"{ASSESSMENT}/tenants", {"name": "Extra"})
    tenant_id = created["tenant"]["id"] if "tenant" in created else created["id"]
    assignment = {"tenant_id": tenant_id, "vms": some(1), "note": "theirs"}
    await dana.done(f"{ASSESSMENT}/tenant-assignments", assignment)
    waiver = {"finding": "raw_disk", "vms": some(2, 3), "note": "moved by hand"}
    await dana.done(f"{ASSESSMENT}/waivers", waiver)
    await assessed.work_all()
    assert await tenants(dana) != before
    counts = NOTHING | {"assigned_vms": 1, "created_tenants": 1, "waived_findings": 2}
    assert await dana.found(f"{ASSESSMENT}/decisions") == counts

    reset = await dana.done(f"{ASSESSMENT}/reset", None)
    await assessed.work_all()

    assert reset["removed"] == counts
    shown = await dana.found(ASSESSMENT)
    assert (shown["state"], shown["number"]) == ("complete", reset["assessment"]["number"])
    assert shown["totals"]["by_waived_finding"] == {}
    assert await tenants(dana) == before
    assert await dana.found(f"{ASSESSMENT}/decisions") == NOTHING
    actions = [entry["action"] for entry in await assessed.audited()]
    assert actions[-1] == "assessment.reset"


async def test_where_nothing_was_decided_nothing_happens(dana: Caller, assessed: Workbench) -> None:
    reset = await dana.done(f"{ASSESSMENT}/reset", None)

    assert reset["removed"] == NOTHING
    assert await assessed.audited() == []
    assert await assessed.job_states() == ["succeeded"]
