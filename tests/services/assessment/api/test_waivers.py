"""Waived findings over HTTP: with note and author, of single VMs, kept by imports."""

from typing import Any
from uuid import UUID

import pytest

from shared.contracts.inventory import ImportMode
from shared.contracts.records import VmRecord
from tests.services.assessment.api.caller import Caller
from tests.services.assessment.builders import a_disk, a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

ASSESSMENT = f"/v1/projects/{PROJECT}/assessment"
WAIVERS = f"{ASSESSMENT}/waivers"
NOTE = "The storage team moves the LUNs"


def an_estate() -> list[VmRecord]:
    """Three VMs with a raw disk, of which two are off, and one without findings of note."""
    raw = [a_disk(is_raw=True)]
    return [
        a_vm(1, disks=raw, power_state="poweredOff"),
        a_vm(2, disks=raw, power_state="poweredOff"),
        a_vm(3, disks=raw, primary_ip="10.0.0.3"),
        a_vm(4, primary_ip="10.0.0.4"),
    ]


def some(*numbers: int) -> dict[str, Any]:
    return {"vm_ids": [str(UUID(int=number)) for number in numbers]}


@pytest.fixture
async def assessed(bench: Workbench) -> Workbench:
    await bench.assess(bench.ingest.imports(an_estate()))
    return bench


async def blocked(bench: Workbench) -> list[int]:
    """The numbers of VMs that a blocker stands in the way of, as the planner reads them."""
    return [
        vm.vm_id.int
        for vm in await bench.records()
        if any(one.severity == "blocker" and not one.is_waived for one in vm.findings)
    ]


async def test_a_waived_blocker_blocks_no_more_and_the_others_do(
    dana: Caller, assessed: Workbench
) -> None:
    assert await blocked(assessed) == [1, 2, 3]
    body = {"finding": "raw_disk", "vms": some(1, 3, 4, 99), "note": NOTE}

    result = await dana.done(WAIVERS, body)

    assert (result["changed"], result["refused"]) == (2, 2)
    assert [one["outcome"] for one in result["results"]] == [
        "changed",
        "changed",
        "no_such_finding",
        "not_found",
    ]
    await assessed.work_all()
    assert await blocked(assessed) == [2]
    (entry,) = await assessed.audited()
    assert (entry["action"], entry["after"]["note"], entry["after"]["vms"]) == (
        "finding.waived",
        NOTE,
        2,
    )


async def test_rows_and_totals_show_what_is_waived(dana: Caller, assessed: Workbench) -> None:
    before = (await dana.found(ASSESSMENT))["totals"]
    await dana.done(WAIVERS, {"finding": "raw_disk", "vms": some(1, 3), "note": NOTE})
    await assessed.work_all()

    shown = await dana.found(ASSESSMENT)
    totals = shown["totals"]
    vms = {vm["name"]: vm for vm in (await dana.found(f"{ASSESSMENT}/vms"))["items"]}

    assert shown["cause"] == "waivers"
    assert (before["by_finding"]["raw_disk"], before["by_waived_finding"]) == (3, {})
    assert (totals["by_finding"]["raw_disk"], totals["by_waived_finding"]) == (1, {"raw_disk": 2})
    assert (before["by_gravest_finding"]["blocker"], totals["by_gravest_finding"]) == (
        3,
        {"blocker": 1, "high": 1, "medium": 0, "info": 0},
    )
    first, last = vms["vm1"]["findings"][0], vms["vm1"]["findings"][-1]
    assert (first["id"], first["is_waived"], first["waiver"]) == ("not_running", False, None)
    assert (last["id"], last["is_waived"]) == ("raw_disk", True)
    assert (last["waiver"]["note"], last["waiver"]["by"]) == (NOTE, "dana")
    assert last["waiver"]["at"].endswith("Z")


async def test_a_waiver_survives_an_import_and_new_vms_have_the_finding_in_full(
    dana: Caller, assessed: Workbench
) -> None:
    chosen = {"filter": {"finding": "raw_disk"}}
    result = await dana.done(WAIVERS, {"finding": "raw_disk", "vms": chosen, "note": NOTE})
    assert (result["changed"], result["refused"]) == (3, 0)
    await assessed.work_all()
    assert await blocked(assessed) == []

    more = [*an_estate(), a_vm(5, disks=[a_disk(is_raw=True)])]
    await assessed.assess(assessed.ingest.imports(more, number=2))

    assert await blocked(assessed) == [5]

    replacing = assessed.ingest.imports(more, number=3, mode=ImportMode.REPLACE)
    await assessed.assess(replacing)

    assert await blocked(assessed) == [1, 2, 3, 5], "a clean slate has no waivers"


async def test_a_finding_counts_again_when_its_waiver_is_removed(
    dana: Caller, assessed: Workbench
) -> None:
    await dana.done(WAIVERS, {"finding": "raw_disk", "vms": some(1, 2), "note": NOTE})
    await assessed.work_all()
    body = {"finding": "raw_disk", "vms": some(1, 3, 99)}

    result = await dana.done(f"{WAIVERS}/removals", body)

    assert [one["outcome"] for one in result["results"]] == ["changed", "unchanged", "not_found"]
    await assessed.work_all()
    assert await blocked(assessed) == [1, 3]
    entry = (await assessed.audited())[-1]
    assert (entry["action"], entry["before"]) == ("finding.unwaived", {"notes": [NOTE]})


async def test_the_same_note_again_changes_nothing_and_another_replaces_it(
    dana: Caller, kim: Caller, assessed: Workbench
) -> None:
    body = {"finding": "raw_disk", "vms": some(1), "note": NOTE}
    await dana.done(WAIVERS, body)

    same = await kim.done(WAIVERS, body)
    other = await kim.done(WAIVERS, body | {"note": "Moved by hand"})

    assert (same["unchanged"], other["changed"]) == (1, 1)
    (waiver,) = (await dana.found(WAIVERS))["items"]
    assert (waiver["note"], waiver["waived_by_name"], waiver["vm_name"]) == (
        "Moved by hand",
        "kim",
        "vm1",
    )
    assert await assessed.work_all() == 1, "both are in one assessment"


async def test_waivers_are_listed_page_by_page_and_filtered(
    dana: Caller, assessed: Workbench
) -> None:
    await dana.done(WAIVERS, {"finding": "raw_disk", "vms": some(1, 2, 3), "note": NOTE})
    await dana.done(WAIVERS, {"finding": "not_running", "vms": some(1), "note": "Cold anyway"})

    first = await dana.found(WAIVERS, limit=3)
    rest = await dana.found(WAIVERS, limit=3, cursor=first["next_cursor"])
    of_one = await dana.found(WAIVERS, vm_id=str(UUID(int=1)))
    of_kind = await dana.found(WAIVERS, finding="raw_disk")

    assert [
        (item["finding"], UUID(item["vm_id"]).int) for item in first["items"] + rest["items"]
    ] == [("not_running", 1), ("raw_disk", 1), ("raw_disk", 2), ("raw_disk", 3)]
    assert (len(of_one["items"]), len(of_kind["items"])) == (2, 3)


@pytest.mark.parametrize(
    "change",
    [{"note": " "}, {"note": None}, {"finding": "bad_hair"}, {"vms": {}}, {"severity": "info"}],
)
async def test_a_waiver_names_a_finding_vms_and_a_reason(
    dana: Caller, assessed: Workbench, change: dict[str, Any]
) -> None:
    body = {"finding": "raw_disk", "vms": some(1), "note": NOTE} | change

    reply = await dana.post(WAIVERS, body)

    assert reply.status_code == 422
    assert await assessed.audited() == []


async def test_before_the_first_assessment_there_is_nothing_to_waive(dana: Caller) -> None:
    reply = await dana.post(WAIVERS, {"finding": "raw_disk", "vms": some(1), "note": NOTE})

    assert (reply.status_code, reply.json()["code"]) == (404, "not-assessed")


async def test_a_reader_waives_nothing(vera: Caller, assessed: Workbench) -> None:
    body = {"finding": "raw_disk", "vms": some(1)}
    replies = [
        await vera.post(WAIVERS, body | {"note": NOTE}),
        await vera.post(f"{WAIVERS}/removals", body),
    ]

    assert [reply.status_code for reply in replies] == [403, 403]
