"""VMs over HTTP, sorted and filtered by anything, page by page."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.assessment.api.schemas import AssessedVm, Finding
from services.assessment.domain.vm_list import VmSort
from shared.contracts.records import NicRecord, VmRecord
from tests.services.assessment.api.conftest import Headers
from tests.services.assessment.builders import GIB, a_disk, a_vm, disks
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

PATH = f"/v1/projects/{PROJECT}/assessment/vms"


def on(*networks: str) -> list[NicRecord]:
    return [NicRecord(label=str(i), network=name) for i, name in enumerate(networks)]


def use(
    cpu_mhz: tuple[int, int] | None = None, memory_mib: tuple[int, int] | None = None
) -> dict[str, Any]:
    """Figures as ingest brings them: used and most CPU; active and consumed of 4 GiB of memory."""
    found: dict[str, Any] = {}
    if cpu_mhz is not None:
        used, most = cpu_mhz
        found |= {"cpu_used_mhz": used, "cpu_max_mhz": most, "cpu_basis": "reported"}
        found["cpu_percent"] = round(100 * used / most, 1)
    for name, used in zip(("active", "consumed"), memory_mib or (), strict=False):
        found |= {f"memory_{name}_mib": used, f"memory_{name}_basis": "reported"}
        found[f"memory_{name}_percent"] = round(100 * used / (4 * GIB), 1)
    return found


AN_ESTATE = [
    a_vm(1, name="web-01", folder="/DC1/Acme", cluster="c2", host="h2", vcpus=4, nics=on("front")),
    a_vm(
        2,
        name="web-02",
        folder="/DC1/Acme",
        cluster="c1",
        host="h1",
        vcpus=2,
        nics=[],
        used_mib=1 * GIB,
        provisioned_mib=8 * GIB,
        used_basis="allocated",
        **use(cpu_mhz=(300, 4200), memory_mib=(512, 3000)),
    ),
    a_vm(3, name="web-02", folder="/DC1/Acme", cluster=None, vcpus=None, nics=on("front", "back")),
    a_vm(
        4,
        name="Straße",
        folder="/DC1/Borealis",
        cluster="c1",
        power_state="poweredOff",
        dns_name="DB.acme.example",
        os_config="Microsoft Windows Server 2003",
        used_mib=3 * GIB,
        provisioned_mib=90 * GIB,
        allocated_mib=4 * GIB,
        snapshot_count=6,
    ),
    a_vm(
        5,
        name="raw_01",
        folder="/DC1/Borealis",
        cluster="c2",
        os_config="FreeBSD 13",
        memory_mib=None,
        disks=[a_disk(is_raw=True)],
        snapshot_count=1,
        used_mib=3 * GIB,
        provisioned_mib=8 * GIB,
        used_basis="guest_used",
        **use(cpu_mhz=(0, 4200)),
    ),
    a_vm(6, name="big", folder="/DC2/Cinder", primary_ip="10.9.8.7", disk_mib=6000 * GIB),
    a_vm(7, name="golden", folder="/DC1/Images", is_template=True, cluster="c1"),
    a_vm(8, name="replica", folder="/DC1/Acme", is_srm_placeholder=True),
    a_vm(9, name="vCLS (1)", folder="/DC1/vCLS", cluster="c1"),
    a_vm(10, name="app", folder="/DC1/Acme", cluster="c1", os_config=None, disks=disks(21)),
]
IN_SCOPE = [1, 2, 3, 4, 5, 6, 10]


@pytest.fixture
def reader(as_person: Callable[..., Headers]) -> Headers:
    return as_person()


@pytest.fixture
async def listed(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> Callable[..., Any]:
    """Reads all VMs of a query, a few a page."""
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    async def read(query: str = "", limit: int = 2) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        cursor = ""
        while True:
            reply = await client.get(f"{PATH}?limit={limit}&{query}{cursor}", headers=reader)
            assert reply.status_code == 200, reply.text
            items += reply.json()["items"]
            if reply.json()["next_cursor"] is None:
                return items
            cursor = f"&cursor={reply.json()['next_cursor']}"

    return read


def numbers(items: list[dict[str, Any]]) -> list[int]:
    return [UUID(vm["vm_id"]).int for vm in items]


async def test_an_item_is_what_the_document_says(listed: Callable[..., Any]) -> None:
    for item in await listed():
        AssessedVm.model_validate_json(json.dumps(item), strict=True)
        assert item.keys() == AssessedVm.model_fields.keys()
        for finding in item["findings"]:
            assert finding.keys() == Finding.model_fields.keys()


RANKS = {
    VmSort.POWER_STATE: ["poweredOn", "poweredOff", "suspended", "unknown"],
    VmSort.RISK_BAND: ["green", "yellow", "red"],
    VmSort.MODE_CLASS: ["warm_eligible", "warm_risky", "cold_required"],
    VmSort.TARGET_SUPPORT: ["supported", "unsupported", "unknown"],
    VmSort.TENANT_CONFIDENCE: ["high", "medium", "low"],
    VmSort.GRAVEST_FINDING: ["info", "medium", "high", "blocker"],
}


@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_every_sort_is_stable_and_has_the_unknown_last(
    listed: Callable[..., Any], order: str
) -> None:
    by_name = await listed(limit=100)
    for sort in VmSort:
        found = await listed(f"sort={sort}&order={order}", limit=3)

        def key(vm: dict[str, Any], sort: VmSort = sort) -> Any:
            value = vm[sort.value]
            return RANKS[sort].index(value) if sort in RANKS and value is not None else value

        known = [vm for vm in by_name if key(vm) is not None]
        # Python's sort is stable both ways, and the list it starts with is by name.
        expected = sorted(known, key=key, reverse=order == "desc")
        if sort is VmSort.NAME and order == "desc":
            expected = known[::-1]
        if sort is VmSort.GRAVEST_FINDING:  # within one severity those with more kinds of it
            assert [key(vm) for vm in found] == [
                *(key(vm) for vm in expected),
                *[None] * (len(found) - len(expected)),
            ]
            continue
        unknown = [vm for vm in by_name if key(vm) is None]
        assert numbers(found) == numbers(expected + unknown), sort


FILTERED = {
    "": IN_SCOPE,
    "search=WEB": [1, 2, 3],
    "search=_01": [5],
    "search=%25": [],
    "search=stra%C3%9Fe": [4],
    "search=db.ACME": [4],
    "search=10.9.8": [6],
    "search=vm-10": [10],
    "power_state=poweredOff": [4],
    "power_state=poweredOff&power_state=poweredOn": IN_SCOPE,
    "os_family=windows": [4],
    "os_family=other": [5, 10],
    "os_product=ubuntu&os_product=windows_server": [1, 2, 3, 4, 6],
    "os_product=": [10],
    "cluster=c1": [2, 4, 10],
    "cluster=c1&cluster=": [2, 3, 4, 6, 10],
    "host=h1&host=h2&cluster=c2": [1],
    "network=back": [3],
    "network=front": [1, 3],
    "network=": [2],
    "risk_band=red": [],
    "mode_class=cold_required&os_family=windows": [4],
    "target_support=unsupported": [4, 5],
    "target_support=unknown&os_family=linux&cluster=c2": [1],
    "tenant_confidence=low": [],
    "tenant_confidence=medium&cluster=c1": [2, 4, 10],
    "finding=raw_disk": [5],
    "finding=raw_disk&finding=not_running": [4, 5],
    "severity=blocker": [5],
    "excluded=template": [7],
    "excluded=template&excluded=vcls&excluded=srm_placeholder": [7, 8, 9],
    "excluded=template&cluster=c2": [],
    "min_vcpus=3": [1],
    "max_vcpus=2": [2, 4, 5, 6, 10],
    f"max_vcpus={2**53}&min_risk_score=0": [1, 2, 4, 5, 6, 10],
    f"min_risk_score={2**40}": [],
    "min_disk_mib=6144000": [6],
    "min_memory_mib=4096&max_memory_mib=4096&max_disk_mib=100000": [1, 2, 3, 4, 10],
    "min_risk_score=1&max_risk_score=100": [4, 5, 6, 10],
}


async def test_filters_combine_and_several_values_are_alternatives(
    listed: Callable[..., Any],
) -> None:
    found = {query: sorted(numbers(await listed(query))) for query in FILTERED}

    assert found == FILTERED


async def test_a_tenants_vms_are_those_of_any_that_is_asked_for(listed: Callable[..., Any]) -> None:
    everything = await listed()
    ids = {vm["tenant_name"]: vm["tenant_id"] for vm in everything}

    found = await listed(f"tenant_id={ids['Borealis']}&tenant_id={ids['Cinder']}")

    assert sorted(numbers(found)) == [4, 5, 6]


async def test_a_listed_vm_tells_why_it_is_left_out(listed: Callable[..., Any]) -> None:
    (golden,) = await listed("excluded=template")

    assert golden["excluded_because"] == "template"
    assert {vm["excluded_because"] for vm in await listed()} == {None}


async def test_a_cursor_is_refused_with_another_filter_order_or_assessment(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE, number=1))
    query = "limit=2&sort=vcpus&cluster=c1&cluster=c2"
    first = (await client.get(f"{PATH}?{query}", headers=reader)).json()
    cursor = first["next_cursor"]

    async def code(query: str) -> Any:
        reply = await client.get(f"{PATH}?{query}&cursor={cursor}", headers=reader)
        return reply.json().get("code", reply.status_code)

    assert await code(query) == 200
    assert await code("limit=3&sort=vcpus&cluster=c2&cluster=c1") == 200, "the same list"
    for other in (
        "sort=vcpus&cluster=c1",
        "sort=memory_mib&cluster=c1&cluster=c2",
        "sort=vcpus&order=desc&cluster=c1&cluster=c2",
        "sort=vcpus&cluster=c1&cluster=c2&min_vcpus=1",
    ):
        assert await code(other) == "invalid-cursor", other
    await bench.assess(bench.ingest.imports(AN_ESTATE, number=2))
    assert await code(query) == "invalid-cursor"


@pytest.mark.parametrize(
    "query",
    [
        "sort=colour",
        "order=up",
        "cluster=" + "x" * 256,
        "&".join(["host=h"] * 51),
        "min_vcpus=-1",
        "excluded=no",
    ],
)
async def test_what_cannot_be_asked_is_refused(
    client: httpx.AsyncClient, bench: Workbench, reader: Headers, query: str
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    reply = await client.get(f"{PATH}?{query}", headers=reader)

    assert reply.status_code == 422


VMS = st.lists(
    st.builds(
        lambda name, cluster, vcpus, disk, state: {
            "name": name,
            "cluster": cluster,
            "vcpus": vcpus,
            "disk_mib": disk,
            "power_state": state,
        },
        st.sampled_from(["a", "B", "ä", "zz", "a"]),
        st.sampled_from([None, "c1", "c2"]),
        st.sampled_from([None, 1, 2, 8]),
        st.sampled_from([None, 0, 5, 2**40]),
        st.sampled_from(["poweredOn", "poweredOff"]),
    ),
    max_size=25,
)


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    facts=VMS,
    sort=st.sampled_from(["name", "cluster", "vcpus", "disk_mib"]),
    order=st.sampled_from(["asc", "desc"]),
    limit=st.integers(1, 7),
)
async def test_pages_put_together_are_the_whole_list_once(
    client: httpx.AsyncClient,
    bench: Workbench,
    reader: Headers,
    facts: list[dict[str, Any]],
    sort: str,
    order: str,
    limit: int,
) -> None:
    vms: list[VmRecord] = [a_vm(number, **one) for number, one in enumerate(facts, 1)]
    number = len(await bench.announced()) + 1
    await bench.assess(bench.ingest.imports(vms, number=number))
    query = f"sort={sort}&order={order}&limit="
    whole = (await client.get(f"{PATH}?{query}500", headers=reader)).json()["items"]

    paged: list[dict[str, Any]] = []
    reply = (await client.get(f"{PATH}?{query}{limit}", headers=reader)).json()
    while True:
        paged += reply["items"]
        if reply["next_cursor"] is None:
            break
        path = f"{PATH}?{query}{limit}&cursor={reply['next_cursor']}"
        reply = (await client.get(path, headers=reader)).json()

    assert paged == whole
    assert sorted(numbers(whole)) == list(range(1, len(vms) + 1))
