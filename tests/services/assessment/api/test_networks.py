"""Networks over HTTP: every NIC's, who uses them, what they are made of, and by whose word."""

from typing import Any
from uuid import uuid4

import pytest

from services.assessment.domain.networks import network_id
from shared.contracts.inventory import ImportMode
from shared.contracts.records import VmRecord
from shared.contracts.vm_parts import NicRecord
from shared.kernel.ids import ProjectId
from tests.services.assessment.api.caller import Caller
from tests.services.assessment.builders import a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

ASSESSMENT = f"/v1/projects/{PROJECT}/assessment"
NETWORKS = f"{ASSESSMENT}/networks"


def a_nic(network: str | None, switch: str | None = "dvs1", **more: Any) -> NicRecord:
    return NicRecord(label="Network adapter", network=network, switch=switch, **more)


def an_estate() -> list[VmRecord]:
    """Two tenants on a shared VLAN; one name on two switches and in two vCenters."""
    shared = a_nic("backup", vlan_id=900)
    acme, zen = {"folder": "/DC1/vm/Acme"}, {"folder": "/DC1/vm/Zen"}
    return [
        a_vm(1, nics=[a_nic("web", vlan_id=20), shared, shared], **acme),
        a_vm(2, nics=[shared, a_nic("web", "dvs2")], power_state="poweredOff", **acme),
        a_vm(3, nics=[shared, a_nic("none", None), a_nic("Not connected", None)], **zen),
        a_vm(4, nics=[a_nic("web", vlan_id=20)], vcenter="vc2", **zen),
        a_vm(5, nics=[a_nic("isolated-lab", "vSwitch1")], **zen),
        a_vm(6, nics=[a_nic("seg-1", "nsxt-dc1"), a_nic(None)], **zen),
        a_vm(7, nics=[a_nic("only-templates")], is_template=True, **zen),
    ]


@pytest.fixture
async def assessed(bench: Workbench) -> Workbench:
    """An estate that has been assessed."""
    await bench.assess(bench.ingest.imports(an_estate()))
    return bench


def id_of(name: str, switch: str | None = "dvs1", vcenter: str = "vc1") -> str:
    return str(network_id(ProjectId(PROJECT), vcenter, name, switch))


async def names(caller: Caller, **query: Any) -> list[str]:
    return [one["qualified_name"] for one in (await caller.found(NETWORKS, **query))["items"]]


async def override(
    caller: Caller, network: str, version: int = 1, **body: Any
) -> tuple[int, dict[str, Any]]:
    reply = await caller.change("PATCH", f"{NETWORKS}/{network}", body, if_match=f'"{version}"')
    return reply.status_code, reply.json()


async def effective(bench: Workbench, network: str) -> set[str]:
    """The classes of a network as the planner reads them."""
    return {
        one.network_class
        for vm in await bench.records()
        for one in vm.attachments
        if str(one.network_id) == network
    }


async def test_every_network_of_every_vm_is_counted_with_vms_nics_and_tenants(
    vera: Caller, assessed: Workbench
) -> None:
    items = {one["id"]: one for one in (await vera.found(NETWORKS))["items"]}

    assert {
        (one["vcenter"], one["qualified_name"]): (one["vms"], one["nics"]) for one in items.values()
    } == {
        ("vc1", "backup"): (3, 4),
        ("vc1", "isolated-lab"): (1, 1),
        ("vc1", "seg-1"): (1, 1),
        ("vc1", "web (dvs1)"): (1, 1),
        ("vc1", "web (dvs2)"): (1, 1),
        ("vc2", "web"): (1, 1),
    }
    backup = items[id_of("backup")]
    assert (backup["network_class"], backup["rule"], backup["evidence"], backup["is_guessed"]) == (
        "vlan_backed",
        "stated_vlan",
        "VLAN 900",
        False,
    )
    assert (backup["vlan_ids"], backup["is_vlan_guessed"], backup["tenant_count"]) == (
        [900],
        False,
        2,
    )
    assert [(one["name"], one["vms"], one["nics"]) for one in backup["tenants"]] == [
        ("Acme", 2, 3),
        ("Zen", 1, 1),
    ]
    totals = (await vera.found(ASSESSMENT))["totals"]
    assert totals["by_network_class"] == {
        "nsx_overlay": 1,
        "isolated": 1,
        "vlan_backed": 3,
        "standard": 1,
    }


async def test_the_list_is_filtered_and_paged(vera: Caller, assessed: Workbench) -> None:
    tenants = (await vera.found(f"{ASSESSMENT}/tenants"))["items"]
    acme = next(one["id"] for one in tenants if one["name"] == "Acme")

    assert await names(vera, network_class="isolated") == ["isolated-lab"]
    assert await names(vera, search="NSXT") == ["seg-1"]
    assert await names(vera, search="50%_") == []
    assert set(await names(vera, tenant_id=acme)) == {"backup", "web (dvs1)", "web (dvs2)"}
    assert await names(vera, is_guessed=True, network_class="standard") == ["web (dvs2)"]
    first = await vera.found(NETWORKS, limit=4)
    rest = await vera.found(NETWORKS, limit=4, cursor=first["next_cursor"])
    assert [len(first["items"]), len(rest["items"]), rest["next_cursor"]] == [4, 2, None]
    assert len({one["id"] for one in first["items"] + rest["items"]}) == 6


async def test_the_planner_reads_the_networks_of_each_vm(assessed: Workbench) -> None:
    first, second, *_ = await assessed.records()

    assert [(one.name, one.switch, one.nics, one.vlan_id) for one in first.attachments] == [
        ("web", "dvs1", 1, 20),
        ("backup", "dvs1", 2, 900),
    ]
    assert [one.network_class for one in second.attachments] == ["vlan_backed", "standard"]


async def test_an_override_holds_from_the_assessment_that_follows_and_in_later_imports(
    dana: Caller, assessed: Workbench
) -> None:
    network = id_of("backup")

    status, changed = await override(
        dana, network, override_class="isolated", override_note="Cables pulled"
    )

    assert (status, changed["version"], changed["network_class"]) == (200, 2, "vlan_backed")
    assert (changed["override_class"], changed["override_changed_by_name"]) == ("isolated", "dana")
    assert changed["assessment"]["number"] == 2
    await assessed.work_all()
    shown = await dana.get(f"{NETWORKS}/{network}")
    body = shown.json()
    assert shown.headers["ETag"] == '"2"'
    assert (body["network_class"], body["detected_class"], body["rule"]) == (
        "isolated",
        "vlan_backed",
        "stated_vlan",
    )
    assert await names(dana, is_overridden=True) == ["backup"]
    assert "backup" not in await names(dana, is_overridden=False)
    assert (await dana.found(ASSESSMENT))["cause"] == "networks"
    assert await effective(assessed, network) == {"isolated"}
    await assessed.assess(assessed.ingest.imports(an_estate(), number=2))
    assert await effective(assessed, network) == {"isolated"}
    (entry,) = await assessed.audited()
    assert (entry["action"], entry["before"]) == (
        "network.class_changed",
        {"network_class": None, "note": None},
    )
    assert entry["after"]["network"] == "backup"


async def test_an_import_that_replaces_takes_overrides_back_and_goes_on_counting(
    dana: Caller, assessed: Workbench
) -> None:
    network = id_of("backup")
    await override(dana, network, override_class="isolated")
    await assessed.work_all()

    imported = assessed.ingest.imports(an_estate(), number=2, mode=ImportMode.REPLACE)
    await assessed.assess(imported)

    shown = await dana.found(f"{NETWORKS}/{network}")
    assert (shown["network_class"], shown["override_class"], shown["version"]) == (
        "vlan_backed",
        None,
        3,
    )
    assert (await override(dana, network, 2, override_class="standard"))[0] == 412


async def test_an_override_is_taken_back_with_its_note(dana: Caller, assessed: Workbench) -> None:
    network = id_of("backup")
    await override(dana, network, override_class="isolated", override_note="Cables pulled")

    _, noted = await override(dana, network, 2, override_note="Yes, pulled")
    same, again = await override(dana, network, 3, override_class="isolated")
    _, back = await override(dana, network, 3, override_class=None)

    assert (noted["override_class"], noted["override_note"]) == ("isolated", "Yes, pulled")
    assert (same, again["version"]) == (200, 3), "nothing changed"
    assert (back["override_class"], back["override_note"], back["version"]) == (None, None, 4)
    await assessed.work_all()
    assert await effective(assessed, network) == {"vlan_backed"}


async def test_the_second_of_two_is_told(dana: Caller, kim: Caller, assessed: Workbench) -> None:
    network = id_of("backup")
    await override(dana, network, override_class="isolated")

    status, problem = await override(kim, network, override_class="standard")

    assert (status, "version 2" in problem["detail"]) == (412, True)


@pytest.mark.parametrize(
    "body",
    [
        {"override_class": "purple"},
        {"override_note": "no class"},
        {"override_class": None, "override_note": "no class"},
        {"override_class": "isolated", "override_note": " "},
        {"network_class": "isolated"},
    ],
)
async def test_what_is_no_override_is_refused(
    dana: Caller, assessed: Workbench, body: dict[str, Any]
) -> None:
    assert (await override(dana, id_of("backup"), **body))[0] == 422
    assert await assessed.audited() == []


async def test_unknown_networks_are_not_found_and_readers_change_none(
    dana: Caller, vera: Caller, assessed: Workbench
) -> None:
    status, problem = await override(dana, str(uuid4()), override_class="isolated")
    shown = await dana.get(f"{NETWORKS}/{uuid4()}")

    assert (status, problem["code"]) == (404, "network-not-found")
    assert (shown.status_code, shown.json()["code"]) == (404, "network-not-found")
    assert (await override(vera, id_of("backup"), override_class="isolated"))[0] == 403


async def test_before_the_first_assessment_there_are_no_networks(vera: Caller) -> None:
    reply = await vera.get(NETWORKS)

    assert (reply.status_code, reply.json()["code"]) == (404, "not-assessed")


async def test_where_hosts_differ_what_is_stated_counts_before_a_guess(
    vera: Caller, bench: Workbench
) -> None:
    vms = [
        a_vm(1, nics=[a_nic("vlan-30", vlan_id=30, is_vlan_guessed=True)]),
        a_vm(2, nics=[a_nic("vlan-30", vlan_id=30, is_vlan_guessed=True)]),
        a_vm(3, nics=[a_nic("vlan-30", vlan_id=31)]),
    ]
    await bench.assess(bench.ingest.imports(vms, per_page=1))

    (network,) = (await vera.found(NETWORKS))["items"]

    assert (network["vms"], network["vlan_ids"], network["is_vlan_guessed"]) == (3, [30, 31], False)
    assert (network["rule"], network["evidence"]) == ("stated_vlan", "VLAN 31")
