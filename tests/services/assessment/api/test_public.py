"""The assessment of a project over HTTP."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.assessment.domain.finding_catalogue import KINDS
from shared.kernel.errors import Unavailable
from tests.services.assessment.api.conftest import Headers
from tests.services.assessment.builders import GIB, a_disk, a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

PATH = f"/v1/projects/{PROJECT}/assessment"

AN_ESTATE = [
    a_vm(1, name="web-01", folder="/DC1/Acme", datacenter="DC1", used_mib=10 * GIB),
    a_vm(2, name="web-02", folder="/DC1/Acme", datacenter="DC1", power_state="poweredOff"),
    a_vm(3, name="app-01", folder="/DC1/Borealis", os_config="Microsoft Windows Server 2003"),
    a_vm(4, name="app-02", folder="/DC1/Borealis", os_config="FreeBSD 13", memory_mib=None),
    a_vm(5, name="raw-01", folder="/DC1/Borealis", disks=[a_disk(is_raw=True)]),
    a_vm(6, name="web-01", folder="/DC2/Cinder", disk_mib=6000 * GIB),
    a_vm(7, name="golden", folder="/DC1/Templates", is_template=True),
    a_vm(8, name="replica", folder="/DC1/Acme", is_srm_placeholder=True),
    a_vm(9, name="vCLS (1)", folder="/DC1/vCLS", cluster="Cl1"),
]


async def get(client: httpx.AsyncClient, path: str, headers: Headers) -> Any:
    reply = await client.get(path, headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.json()


@pytest.fixture
def reader(as_person: Callable[..., Headers]) -> Headers:
    return as_person()


async def test_before_the_first_import_there_is_none(
    client: httpx.AsyncClient, reader: Headers
) -> None:
    for path in (PATH, f"{PATH}/vms", f"{PATH}/tenants"):
        reply = await client.get(path, headers=reader)
        assert (reply.status_code, reply.json()["code"]) == (404, "not-assessed")


async def test_a_queued_assessment_says_what_it_is_based_on(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    event = bench.ingest.imports(AN_ESTATE)
    await bench.deliver(event)

    shown = await get(client, PATH, reader)

    assert (shown["state"], shown["number"], shown["totals"]) == ("queued", 1, None)
    assert shown["based_on"] == {
        "inventory_id": str(event.inventory_id),
        "inventory_number": 1,
        "imported_at": "2026-03-01T09:30:00Z",
    }
    assert shown["progress"] == {
        "vms_done": 0,
        "vms_total": 9,
        "pages_done": 0,
        "pages_total": 3,
    }
    operation = await get(client, shown["operation"], reader)
    assert (operation["state"], operation["kind"]) == ("queued", "assess_inventory")


async def test_a_running_assessment_shows_its_progress(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.deliver(bench.ingest.imports(AN_ESTATE))
    bench.ingest.fails_at = 2
    with pytest.raises(Unavailable):
        await bench.work()

    shown = await get(client, PATH, reader)

    assert (shown["state"], shown["progress"]["vms_done"]) == ("running", 8)
    operation = await get(client, shown["operation"], reader)
    assert operation["progress"] == {"pages_done": 2, "pages_total": 3}


async def test_a_complete_assessment_shows_totals_of_the_vms_in_scope(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    shown = await get(client, PATH, reader)

    assert (shown["state"], shown["completed_at"]) == ("complete", "2026-03-01T10:00:00Z")
    assert shown["totals"] == {
        "vms": 6,
        "tenants": 3,
        "powered_off": 1,
        "unsized_vms": 1,
        "vcpus": 12,
        "memory_mib": 5 * 4 * GIB,
        "disk_mib": (5 * 80 + 6000) * GIB,
        "allocated_mib": 0,
        "used_mib": 10 * GIB,
        "by_risk_band": {"green": 4, "yellow": 2, "red": 0},
        "by_mode_class": {"cold_required": 3, "warm_eligible": 1, "warm_risky": 2},
        "by_os_family": {"linux": 4, "other": 1, "windows": 1},
        "by_power_state": {"poweredOff": 1, "poweredOn": 5, "suspended": 0, "unknown": 0},
        "excluded": {"srm_placeholder": 1, "template": 1, "vcls": 1},
        "by_gravest_finding": {"blocker": 2, "high": 2, "medium": 2, "info": 0},
        "by_finding": {
            "no_address": 5,
            "not_running": 1,
            "old_windows": 1,
            "os_end_of_support": 1,
            "os_not_convertible": 1,
            "os_unverified": 1,
            "raw_disk": 1,
        },
        "by_waived_finding": {},
        "by_target_support": {"supported": 0, "unsupported": 2, "unknown": 4},
        "by_tenant_confidence": {"high": 0, "medium": 6, "low": 0},
        "by_network_class": {"nsx_overlay": 0, "isolated": 0, "vlan_backed": 0, "standard": 1},
    }
    (announced,) = await bench.announced()
    assert shown["snapshot"]["digest"] == announced["data"]["snapshot"]["digest"]


async def test_vms_in_scope_are_listed_page_by_page_by_name(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    listed: list[dict[str, Any]] = []
    path = f"{PATH}/vms?limit=4"
    page = await get(client, path, reader)
    while True:
        listed += page["items"]
        if page["next_cursor"] is None:
            break
        page = await get(client, f"{path}&cursor={page['next_cursor']}", reader)

    names = [(vm["name"], UUID(vm["vm_id"]).int) for vm in listed]
    assert names == [
        ("app-01", 3),
        ("app-02", 4),
        ("raw-01", 5),
        ("web-01", 1),
        ("web-01", 6),
        ("web-02", 2),
    ]


async def test_a_vm_shows_why_it_has_its_risk_and_mode(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    (vm,) = (await get(client, f"{PATH}/vms?limit=1", reader))["items"]

    assert (vm["tenant_name"], vm["detection_method"]) == ("Borealis", "folder_path")
    assert (vm["os_product"], vm["os_version"]) == ("windows_server", "2003")
    assert vm["risk_reasons"] == [
        {
            "rule": "deprecated_os",
            "points": 15,
            "text": "Deprecated OS: Microsoft Windows Server 2003",
            "severity": "medium",
        }
    ]
    assert (vm["mode_class"], vm["mode_reasons"][0]["rule"]) == ("warm_risky", "risky_os")


FILTERED = {
    "risk_band=yellow": [4, 6],
    "risk_band=red": [],
    "mode_class=cold_required": [4, 5, 2],
    "risk_band=green&mode_class=warm_risky": [3],
    "finding=raw_disk": [5],
    "finding=uefi": [],
    "severity=blocker": [4, 5],
    "severity=blocker&mode_class=warm_eligible": [],
}


async def test_vms_are_filtered(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    found = {query: await get(client, f"{PATH}/vms?{query}", reader) for query in FILTERED}

    assert {
        query: [UUID(vm["vm_id"]).int for vm in reply["items"]] for query, reply in found.items()
    } == FILTERED


async def test_a_finding_says_what_was_seen_why_it_matters_and_what_to_do(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    (vm,) = (await get(client, f"{PATH}/vms?finding=raw_disk", reader))["items"]

    kind = KINDS["raw_disk"]
    assert vm["findings"][0] == {
        "id": "raw_disk",
        "severity": "blocker",
        "title": kind.title,
        "seen": "Hard disk 1.",
        "why": kind.why,
        "fix": kind.fix,
        "is_waived": False,
        "waiver": None,
    }


async def test_a_finding_that_does_not_exist_is_refused_with_those_that_do(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    reply = await client.get(f"{PATH}/vms?finding=rawdisk", headers=reader)

    assert reply.status_code == 422
    assert "raw_disk" in reply.json()["detail"]


async def test_tenants_are_listed_with_their_sums(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    first = await get(client, f"{PATH}/tenants?limit=2", reader)
    rest = await get(client, f"{PATH}/tenants?cursor={first['next_cursor']}", reader)

    acme, borealis = first["items"]
    assert [tenant["name"] for tenant in rest["items"]] == ["Cinder"]
    assert (acme["name"], acme["vms"], acme["powered_off"]) == ("Acme", 2, 1)
    assert (acme["detection_method"], acme["confidence"]) == ("folder_path", "medium")
    assert borealis["by_risk_band"] == {"green": 2, "yellow": 1, "red": 0}
    assert borealis["by_mode_class"] == {
        "warm_eligible": 0,
        "warm_risky": 1,
        "cold_required": 2,
    }
    own = await get(client, f"{PATH}/vms?tenant_id={acme['id']}", reader)
    assert len(own["items"]) == acme["vms"]


async def test_a_new_import_is_shown_as_pending_and_the_former_lists_stay(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE, number=1))
    await bench.deliver(bench.ingest.imports(AN_ESTATE[:2], number=2))

    shown = await get(client, PATH, reader)
    listed = await get(client, f"{PATH}/vms", reader)

    assert (shown["state"], shown["based_on"]["inventory_number"]) == ("queued", 2)
    assert len(listed["items"]) == 6


async def test_a_cursor_of_another_list_is_refused(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    for cursor in ("nonsense", "WyJhIiwiYiJd", "WyJhIl0"):
        reply = await client.get(f"{PATH}/vms?cursor={cursor}", headers=reader)
        assert reply.json()["code"] == "invalid-cursor"


async def test_a_foreign_project_does_not_exist(
    client: httpx.AsyncClient, bench: Workbench, as_person: Callable[..., Headers]
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    reply = await client.get(PATH, headers=as_person(UUID(int=5)))

    assert (reply.status_code, reply.json()["code"]) == (404, "project-not-found")
