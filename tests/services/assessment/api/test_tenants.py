"""Tenants over HTTP: names change, ids and what people assigned stay."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from shared.contracts.inventory import ImportMode
from shared.contracts.records import VmRecord
from tests.services.assessment.api.caller import Caller
from tests.services.assessment.builders import a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

ASSESSMENT = f"/v1/projects/{PROJECT}/assessment"
TENANTS = f"{ASSESSMENT}/tenants"
ASSIGNMENTS = f"{ASSESSMENT}/tenant-assignments"


def an_estate(count: int = 6) -> list[VmRecord]:
    """VMs of Acme (odd numbers) and Zen (even ones) on two clusters; the last is a template."""
    return [
        a_vm(
            number,
            name=f"{'web' if number < 4 else 'db'}-0{number}",
            folder=f"/DC1/vm/{'Acme' if number % 2 else 'Zen'}",
            cluster=f"Cl{1 + number % 2}",
            is_template=number == count,
        )
        for number in range(1, count + 1)
    ]


@pytest.fixture
async def assessed(bench: Workbench) -> Workbench:
    """An estate that has been assessed."""
    await bench.assess(bench.ingest.imports(an_estate()))
    return bench


async def tenants_of(bench: Workbench) -> dict[str, list[int]]:
    """The VMs' numbers by tenant, as the planner reads them."""
    found: dict[str, list[int]] = {}
    for vm in await bench.records():
        found.setdefault(vm.tenant_name, []).append(vm.vm_id.int)
    return found


async def tenant_ids(caller: Caller) -> dict[str, str]:
    items = (await caller.found(f"{ASSESSMENT}/tenant-register"))["items"]
    return {item["name"]: item["id"] for item in items}


def some(*numbers: int) -> dict[str, Any]:
    """VMs by number."""
    return {"vm_ids": [str(UUID(int=number)) for number in numbers]}


async def rename(
    caller: Caller, tenant_id: str, name: str, *, version: int = 1, **more: Any
) -> Any:
    body = {"name": name, **more}
    path = f"{TENANTS}/{tenant_id}"
    return await caller.change("PATCH", path, body, if_match=f'"{version}"')


async def test_a_renamed_tenant_keeps_its_id_and_what_it_was_detected_by(
    dana: Caller, assessed: Workbench
) -> None:
    acme = (await tenant_ids(dana))["Acme"]

    reply = await rename(dana, acme, " Acme Holding ", org_vdc="gold")

    assert (reply.status_code, reply.headers["ETag"]) == (200, '"2"')
    shown = reply.json()
    assert (shown["name"], shown["org_vdc"], shown["id"]) == ("Acme Holding", "gold", acme)
    assert [(one["name"], one["is_detected"]) for one in shown["names"]] == [
        ("Acme", True),
        ("Acme Holding", False),
    ]
    assert shown["assessment"]["number"] == 2
    await assessed.work_all()
    await assessed.assess(assessed.ingest.imports(an_estate(), number=2))
    record = (await assessed.records())[0]
    assert (record.tenant_id, record.tenant_name, record.org_vdc) == (
        UUID(acme),
        "Acme Holding",
        "gold",
    )
    (entry,) = await assessed.audited()
    assert (entry["action"], entry["before"], entry["after"]) == (
        "tenant.renamed",
        {"name": "Acme", "org_vdc": None},
        {"name": "Acme Holding", "org_vdc": "gold"},
    )


async def test_what_is_detected_by_the_new_name_is_the_tenants_too(
    dana: Caller, assessed: Workbench
) -> None:
    acme = (await tenant_ids(dana))["Acme"]
    await rename(dana, acme, "Borealis")

    vms = [*an_estate(), a_vm(20, folder="/DC1/vm/borealis")]
    await assessed.assess(assessed.ingest.imports(vms, number=2))

    assert (await tenants_of(assessed))["Borealis"] == [1, 3, 5, 20]


async def test_a_name_that_was_given_up_before_it_was_detected_is_free(
    dana: Caller, assessed: Workbench
) -> None:
    ids = await tenant_ids(dana)
    await rename(dana, ids["Acme"], "Borealis")
    back = await rename(dana, ids["Acme"], "Acme", version=2)

    assert [one["name"] for one in back.json()["names"]] == ["Acme"]
    assert (await rename(dana, ids["Zen"], "Borealis")).status_code == 200


async def test_two_tenants_are_not_called_the_same(dana: Caller, assessed: Workbench) -> None:
    ids = await tenant_ids(dana)

    renamed = await rename(dana, ids["Acme"], " zEN ")
    created = await dana.post(TENANTS, {"name": "acme"})
    other_vdc = await dana.post(TENANTS, {"name": "acme", "org_vdc": "silver"})

    assert (renamed.status_code, renamed.json()["code"]) == (409, "tenant-exists")
    assert renamed.json()["context"]["tenant_id"] == ids["Zen"]
    assert (created.status_code, created.json()["code"]) == (409, "tenant-exists")
    assert other_vdc.status_code == 201


async def test_of_two_who_rename_the_second_is_told(
    dana: Caller, kim: Caller, assessed: Workbench
) -> None:
    acme = (await tenant_ids(dana))["Acme"]
    await rename(dana, acme, "Borealis")

    reply = await rename(kim, acme, "Cinder")

    assert (reply.status_code, reply.json()["code"]) == (412, "precondition-failed")
    assert (await dana.found(f"{TENANTS}/{acme}"))["name"] == "Borealis"


async def test_a_name_is_not_blank_and_null_clears_the_org_vdc(
    dana: Caller, assessed: Workbench
) -> None:
    acme = (await tenant_ids(dana))["Acme"]
    await rename(dana, acme, "Acme", org_vdc="gold")

    blank = await rename(dana, acme, "  ", version=2)
    cleared = await dana.change("PATCH", f"{TENANTS}/{acme}", {"org_vdc": None}, if_match='"2"')

    assert blank.status_code == 422
    assert (cleared.json()["org_vdc"], cleared.json()["name"]) == (None, "Acme")


async def test_merged_tenants_are_one_for_ever(dana: Caller, assessed: Workbench) -> None:
    ids = await tenant_ids(dana)
    await dana.done(ASSIGNMENTS, {"tenant_id": ids["Zen"], "vms": some(1)})
    await assessed.work_all()

    preview = await dana.found(f"{TENANTS}/{ids['Acme']}/merge-preview", source_id=ids["Zen"])
    assert (preview["target"]["vms"], preview["sources"][0]["vms"]) == (2, 3)
    assert (preview["merged"]["name"], preview["merged"]["vms"]) == ("Acme", 5)
    assert (preview["moved_names"], preview["moved_assignments"]) == (1, 1)

    body = {"source_ids": [ids["Zen"]]}
    merged = await dana.post(f"{TENANTS}/{ids['Acme']}/merges", body, if_match='"1"')

    assert (merged.status_code, merged.headers["ETag"]) == (200, '"2"')
    assert [one["name"] for one in merged.json()["names"]] == ["Acme", "Zen"]
    assert merged.json()["assigned_vms"] == 1
    await assessed.work_all()
    await assessed.assess(assessed.ingest.imports(an_estate(), number=2))
    assert await tenants_of(assessed) == {"Acme": [1, 2, 3, 4, 5, 6]}
    zen = await dana.found(f"{TENANTS}/{ids['Zen']}")
    assert (zen["merged_into"], zen["names"]) == (ids["Acme"], [])
    entry = (await assessed.audited())[-1]
    assert (entry["action"], entry["before"]["sources"][0]["name"]) == ("tenant.merged", "Zen")


async def test_a_merged_tenant_takes_no_part_in_anything(dana: Caller, assessed: Workbench) -> None:
    ids = await tenant_ids(dana)
    body = {"source_ids": [ids["Zen"]]}
    await dana.post(f"{TENANTS}/{ids['Acme']}/merges", body, if_match='"1"')

    refused = [
        await rename(dana, ids["Zen"], "Again", version=2),
        await dana.post(f"{TENANTS}/{ids['Acme']}/merges", body, if_match='"2"'),
        await dana.post(ASSIGNMENTS, {"tenant_id": ids["Zen"], "vms": some(1)}),
    ]

    assert {(r.status_code, r.json()["code"]) for r in refused} == {(409, "tenant-merged")}
    itself = {"source_ids": [ids["Acme"]]}
    reply = await dana.post(f"{TENANTS}/{ids['Acme']}/merges", itself, if_match='"2"')
    assert reply.status_code == 422


async def test_assigned_vms_stay_where_they_were_put(dana: Caller, assessed: Workbench) -> None:
    created = await dana.post(TENANTS, {"name": "Shared", "org_vdc": "core"})
    assert (created.status_code, created.headers["ETag"]) == (201, '"1"')
    shared = created.json()["id"]
    body = {"tenant_id": shared, "vms": some(1, 2, 6, 99), "note": "Called them"}

    result = await dana.done(ASSIGNMENTS, body)

    assert (result["changed"], result["unchanged"], result["refused"]) == (2, 0, 2)
    assert [one["outcome"] for one in result["results"]] == [
        "changed",
        "changed",
        "not_found",  # a template
        "not_found",
    ]
    await assessed.work_all()
    assert (await tenants_of(assessed))["Shared"] == [1, 2]
    moved = [a_vm(1, name="renamed", folder="/DC2/vm/Else"), *an_estate()[1:]]
    await assessed.assess(assessed.ingest.imports(moved, number=2))
    first = (await assessed.records())[0]
    assert (first.tenant_id, first.detection_method) == (UUID(shared), "manual")
    assert first.tenant_confidence == "high"
    (one, _) = (await dana.found(ASSIGNMENTS, tenant_id=shared))["items"]
    assert (one["vm_name"], one["note"], one["assigned_by_name"]) == (
        "web-01",
        "Called them",
        "dana",
    )
    listed = (await dana.found(f"{ASSESSMENT}/vms"))["items"]
    assert {vm["tenant_name"] for vm in listed if vm["detection_method"] == "manual"} == {"Shared"}


async def test_vms_are_assigned_by_what_they_have_in_common(
    dana: Caller, assessed: Workbench
) -> None:
    ids = await tenant_ids(dana)
    chosen = {"filter": {"name_pattern": "WEB-0?", "cluster": "Cl2"}}

    result = await dana.done(ASSIGNMENTS, {"tenant_id": ids["Zen"], "vms": chosen})
    again = await dana.done(ASSIGNMENTS, {"tenant_id": ids["Zen"], "vms": chosen})

    assert (result["changed"], again["changed"], again["unchanged"]) == (2, 0, 2)
    await assessed.work_all()
    assert await tenants_of(assessed) == {"Zen": [1, 2, 3, 4, 6], "Acme": [5]}
    (entry,) = await assessed.audited()
    assert (entry["action"], entry["after"]["vms"]) == ("tenant.vms_assigned", 2)
    assert entry["after"]["filter"] == {"name_pattern": "WEB-0?", "cluster": "Cl2"}


async def test_an_unassigned_vm_is_detected_again_and_a_vanished_one_can_be_freed(
    dana: Caller, assessed: Workbench
) -> None:
    ids = await tenant_ids(dana)
    await dana.done(ASSIGNMENTS, {"tenant_id": ids["Zen"], "vms": some(1, 3)})
    await assessed.work_all()
    await assessed.assess(assessed.ingest.imports(an_estate()[:2], number=2))

    result = await dana.done(ASSIGNMENTS, {"tenant_id": None, "vms": some(1, 2, 3, 99)})

    assert [one["outcome"] for one in result["results"]] == [
        "changed",
        "unchanged",
        "changed",
        "not_found",
    ]
    await assessed.work_all()
    assert await tenants_of(assessed) == {"Acme": [1], "Zen": [2]}
    assert (await dana.found(ASSIGNMENTS))["items"] == []


@pytest.mark.parametrize(
    "vms",
    [
        {},
        {"vm_ids": []},
        {"filter": {}},
        {"filter": {"cluster": None}},
        {**some(1), "filter": {"cluster": "Cl1"}},
        {"filter": {"colour": "red"}},
    ],
)
async def test_it_must_be_clear_which_vms_are_meant(dana: Caller, vms: dict[str, Any]) -> None:
    reply = await dana.post(ASSIGNMENTS, {"tenant_id": str(uuid4()), "vms": vms})

    assert reply.status_code == 422
    assert reply.json()["errors"][0]["pointer"].startswith("/vms")


async def test_a_repeated_request_has_one_effect(dana: Caller, assessed: Workbench) -> None:
    key = str(uuid4())

    first = await dana.post(TENANTS, {"name": "Shared"}, key=key)
    again = await dana.post(TENANTS, {"name": "Shared"}, key=key)

    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert len(await assessed.audited()) == 1


async def test_tenants_of_another_project_do_not_exist(dana: Caller, assessed: Workbench) -> None:
    acme = (await tenant_ids(dana))["Acme"]
    elsewhere = f"/v1/projects/{uuid4()}/assessment/tenants/{acme}"

    for path in (elsewhere, f"{TENANTS}/{uuid4()}"):
        reply = await dana.get(path)
        assert (reply.status_code, reply.json()["code"]) == (404, "tenant-not-found")


async def test_a_reader_changes_no_tenants(vera: Caller, assessed: Workbench) -> None:
    acme = (await tenant_ids(vera))["Acme"]
    replies = [
        await vera.post(TENANTS, {"name": "Shared"}),
        await rename(vera, acme, "Shared"),
        await vera.post(f"{TENANTS}/{acme}/merges", {"source_ids": [acme]}, if_match='"1"'),
        await vera.post(ASSIGNMENTS, {"tenant_id": acme, "vms": some(1)}),
    ]

    assert [reply.status_code for reply in replies] == [403] * 4


async def test_the_register_lists_tenants_page_by_page(dana: Caller, assessed: Workbench) -> None:
    await dana.done(TENANTS, {"name": "Borealis"})

    first = await dana.found(f"{ASSESSMENT}/tenant-register", limit=2)
    rest = await dana.found(f"{ASSESSMENT}/tenant-register", cursor=first["next_cursor"])

    names = [item["name"] for item in first["items"] + rest["items"]]
    assert names == ["Acme", "Borealis", "Zen"]


async def test_vcenters_that_are_kept_apart_have_tenants_of_their_own(
    dana: Caller, bench: Workbench
) -> None:
    vms = [a_vm(n, folder="/DC1/vm/Acme", vcenter=f"vc{n}") for n in (1, 2)]
    await bench.assess(bench.ingest.imports(vms))
    rules = (await dana.found(f"{ASSESSMENT}/rules"))["rules"]
    rules["detection"]["separate_by_vcenter"] = True

    await dana.change("PUT", f"{ASSESSMENT}/rules", rules, if_match='"1"')
    await bench.work_all()

    assert len({vm.tenant_id for vm in await bench.records()}) == 2
    register = (await dana.found(f"{ASSESSMENT}/tenant-register"))["items"]
    assert sorted((item["name"], item["vcenter"] or "") for item in register) == [
        ("Acme", ""),
        ("Acme", "vc1"),
        ("Acme", "vc2"),
    ]


async def test_an_import_that_replaces_forgets_what_was_decided_of_tenants_and_vms(
    dana: Caller, assessed: Workbench
) -> None:
    ids = await tenant_ids(dana)
    shared = (await dana.done(TENANTS, {"name": "Shared"}))["id"]
    await dana.done(ASSIGNMENTS, {"tenant_id": shared, "vms": some(5)})
    await rename(dana, ids["Acme"], "Borealis")
    body = {"source_ids": [ids["Zen"]]}
    await dana.post(f"{TENANTS}/{ids['Acme']}/merges", body, if_match='"2"')
    vms = [*an_estate(), a_vm(20, folder="/DC1/vm/Borealis")]
    await assessed.assess(assessed.ingest.imports(vms, number=2))
    assert await tenants_of(assessed) == {"Borealis": [1, 2, 3, 4, 6, 20], "Shared": [5]}

    replacing = assessed.ingest.imports(vms, number=3, mode=ImportMode.REPLACE)
    await assessed.assess(replacing)

    assert await tenants_of(assessed) == {"Acme": [1, 3, 5], "Zen": [2, 4, 6], "Borealis": [20]}
    assert {vm.tenant_name: str(vm.tenant_id) for vm in await assessed.records()}.items() >= {
        "Acme": ids["Acme"],
        "Zen": ids["Zen"],
    }.items()
    assert sorted(await tenant_ids(dana)) == ["Acme", "Borealis", "Zen"]
    assert (await dana.found(ASSIGNMENTS))["items"] == []


async def test_a_replacing_import_that_comes_late_forgets_nothing(
    dana: Caller, assessed: Workbench
) -> None:
    ids = await tenant_ids(dana)
    await dana.done(ASSIGNMENTS, {"tenant_id": ids["Zen"], "vms": some(1)})

    late = assessed.ingest.imports(an_estate(), number=1, mode=ImportMode.REPLACE)
    await assessed.deliver(late)

    assert len((await dana.found(ASSIGNMENTS))["items"]) == 1
