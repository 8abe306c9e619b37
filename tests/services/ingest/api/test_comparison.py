"""Imports that wait: what they would change, applying them, throwing them away, the trend."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from services.ingest.domain.cells import Cell
from tests.services.ingest.api.callers import Caller, problem
from tests.services.ingest.workbooks import workbook
from tests.services.ingest.worker.workbench import Workbench

GIB = 1024
HEADER: Sequence[Cell] = [
    *("VM", "Powerstate", "Template", "CPUs", "Memory", "Total disk capacity MiB", "In Use MiB"),
    *("Datacenter", "Cluster", "Folder", "Host", "VM ID", "VI SDK UUID"),
]


def a_row(number: int, **changes: Cell) -> list[Cell]:
    plain: dict[str, Cell] = {
        "name": f"vm{number}",
        "power": "poweredOn",
        "template": "False",
        "cpus": 2,
        "memory": 4 * GIB,
        "disk": 100 * GIB,
        "used": 40 * GIB,
        "datacenter": "fra",
        "cluster": "cl1",
        "folder": "Acme",
        "host": "esx1",
        "id": f"vm-{number}",
        "vcenter": "vc-a",
    }
    return list((plain | changes).values())


def estate(*rows: Sequence[Cell]) -> bytes:
    return workbook(vInfo=[HEADER, *rows])


ESTATE = estate(*(a_row(number) for number in range(1, 6)))


@pytest.fixture
async def project(bench: Workbench) -> UUID:
    return await bench.project()


async def imported(
    caller: Caller, bench: Workbench, project: UUID, content: bytes, **query: str
) -> str:
    """The path of the inventory, imported."""
    reply = await caller.upload(project, content, **query)
    await bench.run_jobs()
    return f"/v1/{reply.json()['subject']}"


async def compared(caller: Caller, path: str, **query: str) -> dict[str, Any]:
    reply = await caller.get(f"{path}/comparison", **query)
    assert reply.status_code == 200, reply.text
    found: dict[str, Any] = reply.json()
    return found


KINDS = ("added", "removed", "renamed", "resized", "moved", "grown", "powered")


@pytest.mark.parametrize(
    ("changes", "kinds"),
    [
        ({}, []),
        ({"host": "esx2"}, []),
        ({"name": "other"}, ["renamed"]),
        ({"cpus": 4}, ["resized"]),
        ({"memory": 8 * GIB}, ["resized"]),
        ({"memory": None}, ["resized"]),
        ({"cluster": "cl2"}, ["moved"]),
        ({"folder": "Zen"}, ["moved"]),
        ({"disk": 101 * GIB}, ["grown"]),
        ({"disk": 99 * GIB}, []),
        ({"used": 44 * GIB}, []),
        ({"used": 44 * GIB + 1}, ["grown"]),
        ({"used": None}, []),
        ({"power": "poweredOff"}, ["powered"]),
        ({"name": "other", "cpus": 1, "cluster": "cl2"}, ["renamed", "resized", "moved"]),
    ],
)
async def test_a_vm_differs_in_the_ways_that_matter(
    dana: Caller, bench: Workbench, project: UUID, changes: dict[str, Cell], kinds: list[str]
) -> None:
    await imported(dana, bench, project, ESTATE)
    rows = [a_row(1, **changes), *(a_row(number) for number in range(2, 6))]
    held = await imported(dana, bench, project, estate(*rows), hold="true", force="true")

    found = await compared(dana, held)
    listed = await dana.items(f"{held}/comparison/vms")

    assert {kind: found[kind] for kind in KINDS} == {kind: int(kind in kinds) for kind in KINDS}
    assert (found["unchanged"], found["vms_before"], found["vms_after"]) == (5 - bool(kinds), 5, 5)
    assert [change["kinds"] for change in listed] == ([kinds] if kinds else [])


async def test_the_changes_are_listed_with_what_they_were(
    dana: Caller, viewer: Caller, bench: Workbench, project: UUID
) -> None:
    await imported(dana, bench, project, ESTATE)
    rows = [a_row(1, name="web", cpus=8), a_row(2), a_row(4), a_row(5), a_row(9), a_row(8)]
    held = await imported(dana, bench, project, estate(*rows), hold="true")

    changes = await viewer.items(f"{held}/comparison/vms", limit=1)

    assert [(change["name"], change["kinds"]) for change in changes] == [
        ("vm3", ["removed"]),
        ("vm8", ["added"]),
        ("vm9", ["added"]),
        ("web", ["renamed", "resized"]),
    ]
    gone, new, _, renamed = changes
    assert (gone["after"], gone["before"]["disk_mib"]) == (None, 100 * GIB)
    assert (new["before"], new["after"]["cluster"]) == (None, "cl1")
    assert renamed["before"] == {"name": "vm1", "vcpus": 2}
    assert renamed["after"] == {"name": "web", "vcpus": 8}
    added = await viewer.items(f"{held}/comparison/vms", kind="added", limit=1)
    assert [change["name"] for change in added] == ["vm8", "vm9"]


async def test_nobody_hears_of_a_held_import_until_it_is_applied(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    first = await imported(dana, bench, project, ESTATE)
    held = await imported(dana, bench, project, estate(a_row(1)), hold="true")
    shown = (await dana.get(held)).json()
    assert (shown["state"], shown["applied_at"]) == ("held", None)
    assert len(await bench.announced()) == 1

    reply = await dana.post(f"{held}/application", {"mode": "replace"})

    assert reply.status_code == 200, reply.text
    assert reply.json()["state"] == "ready"
    assert reply.json()["applied_at"] is not None
    told = [envelope["data"] for envelope in await bench.announced()]
    assert [(data["inventory_number"], data["mode"]) for data in told] == [
        (1, "merge"),
        (2, "replace"),
    ]
    assert f"/{told[1]['inventory_id']}" in held
    again = await dana.post(f"{held}/application", {"mode": "merge"})
    assert problem(again) == (409, "inventory-applied")
    assert problem(await dana.post(f"{first}/application", {})) == (409, "inventory-applied")
    assert len(await bench.announced()) == 2


async def test_an_older_import_is_not_applied_over_a_newer_one(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    held = await imported(dana, bench, project, ESTATE, hold="true")
    await imported(dana, bench, project, estate(a_row(1)))

    refused = await dana.post(f"{held}/application", {})

    assert problem(refused) == (409, "newer-inventory-applied")
    assert "force=true" in refused.json()["detail"]
    assert len(await bench.announced()) == 1


async def test_an_import_is_compared_with_the_one_applied_before_it_or_any_other(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    first = await imported(dana, bench, project, ESTATE)
    await imported(dana, bench, project, estate(a_row(1)), hold="true")
    third = await imported(dana, bench, project, estate(a_row(1), a_row(2)))

    assert (await compared(dana, first))["base"] is None
    assert (await compared(dana, first))["added"] == 5
    found = await compared(dana, third)
    assert (found["base"]["number"], found["removed"]) == (1, 3)
    backwards = await compared(dana, first, base=third.rpartition("/")[2])
    assert (backwards["base"]["number"], backwards["added"]) == (3, 3)


async def test_a_comparison_warns_of_what_is_rarely_meant(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    await imported(dana, bench, project, ESTATE)
    foreign = [a_row(number, id=f"vm-9{number}", vcenter="vc-b") for number in range(1, 6)]
    other = await imported(dana, bench, project, estate(*foreign), hold="true")
    part = await imported(dana, bench, project, estate(a_row(1)), hold="true")

    assert [text.split(".")[0] for text in (await compared(dana, other))["warnings"]] == [
        "5 of 5 VMs would be gone",
        "Not one VM is recognised",
    ]
    assert [text.split(".")[0] for text in (await compared(dana, part))["warnings"]] == [
        "4 of 5 VMs would be gone"
    ]


async def test_what_was_never_applied_can_be_thrown_away(
    dana: Caller, bench: Workbench, project: UUID
) -> None:
    first = await imported(dana, bench, project, ESTATE)
    held = await imported(dana, bench, project, estate(a_row(1)), hold="true")
    running = f"/v1/{(await dana.upload(project, estate(a_row(7)))).json()['subject']}"

    assert problem(await dana.delete(first)) == (409, "inventory-applied")
    assert problem(await dana.delete(running)) == (409, "inventory-not-ready")
    assert (await dana.delete(held)).status_code == 204

    assert problem(await dana.get(held)) == (404, "inventory-not-found")
    assert problem(await dana.delete(held)) == (404, "inventory-not-found")
    numbers = [item["number"] for item in await dana.items(f"/v1/projects/{project}/inventories")]
    assert numbers == [3, 1]


async def test_the_trend_has_the_totals_of_each_import(
    dana: Caller, viewer: Caller, bench: Workbench, project: UUID
) -> None:
    await imported(dana, bench, project, ESTATE)
    off = a_row(2, power="poweredOff", template="False")
    await imported(dana, bench, project, estate(a_row(1), off), hold="true")

    trend = await viewer.items(f"/v1/projects/{project}/trend", limit=1)

    assert [point["number"] for point in trend] == [2, 1]
    assert [point["applied_at"] is None for point in trend] == [True, False]
    latest, first = trend
    assert (latest["vms"], latest["powered_on"], latest["powered_off"]) == (2, 1, 1)
    assert (first["vcpus"], first["memory_mib"]) == (10, 20 * GIB)
    assert (first["disk_mib"], first["used_mib"]) == (500 * GIB, 200 * GIB)


async def test_only_who_may_write_applies_and_discards(
    dana: Caller, viewer: Caller, bench: Workbench, project: UUID
) -> None:
    held = await imported(dana, bench, project, ESTATE, hold="true")

    assert (await viewer.post(f"{held}/application", {})).status_code == 403
    assert (await viewer.delete(held)).status_code == 403
    assert (await compared(viewer, held))["added"] == 5
