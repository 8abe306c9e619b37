"""Statistics for dashboards, held against adding up the listed VMs by hand."""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.assessment.persistence.vm_statistics import DISK_STEPS_MIB
from tests.services.assessment.api.conftest import Headers
from tests.services.assessment.api.test_vm_list import AN_ESTATE
from tests.services.assessment.builders import GIB, a_vm
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

PATH = f"/v1/projects/{PROJECT}/assessment"
SUMMED = ("vcpus", "memory_mib", "disk_mib", "used_mib")

Read = Callable[..., Any]


@pytest.fixture
def read(client: httpx.AsyncClient, as_person: Callable[..., Headers]) -> Read:
    async def read(path: str, **query: Any) -> Any:
        reply = await client.get(f"{PATH}/{path}".rstrip("/"), params=query, headers=as_person())
        assert reply.status_code == 200, reply.text
        return reply.json()

    return read


def added_up(
    vms: list[dict[str, Any]], values_of: Callable[[dict[str, Any]], list[Any]]
) -> dict[Any, dict[str, int]]:
    sums: dict[Any, dict[str, int]] = defaultdict(lambda: dict.fromkeys(("vms", *SUMMED), 0))
    for vm in vms:
        for value in values_of(vm):
            sums[value]["vms"] += 1
            for field in SUMMED:
                sums[value][field] += vm[field] or 0
    return dict(sums)


GROUPS: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    **{
        f"by_{field}": lambda vm, field=field: [vm[field]]  # type: ignore[misc]
        for field in (
            *("power_state", "os_family", "os_product", "risk_band", "mode_class"),
            *("gravest_finding", "datacenter", "cluster", "target_support", "tenant_confidence"),
        )
    },
    "by_tenant": lambda vm: [vm["tenant_id"]],
    "by_network": lambda vm: vm["networks"] or [None],
}


@pytest.mark.parametrize("query", [{}, {"cluster": "c1"}, {"search": "nobody"}], ids=str)
async def test_groups_have_the_sums_of_their_vms(
    bench: Workbench, read: Read, query: dict[str, Any]
) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))
    listed = (await read("vms", **query))["items"]

    found = await read("statistics", **query)

    for name, values_of in GROUPS.items():
        groups = {
            group["value"] or None: {key: group[key] for key in ("vms", *SUMMED)}
            for group in found[name]
        }
        assert groups == added_up(listed, values_of), name
        counts = [group["vms"] for group in found[name]]
        assert counts == sorted(counts, reverse=True)


async def test_totals_agree_with_those_of_the_assessment(bench: Workbench, read: Read) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    totals = (await read("statistics"))["totals"]
    stored = (await read(""))["totals"]

    shared = totals.keys() & stored.keys()
    assert {key: totals[key] for key in shared} == {key: stored[key] for key in shared}
    assert totals.keys() - shared == {
        *("disk_count", "nic_count", "provisioned_mib"),
        *("measured_vms", "disk_used_percent", "usage"),
    }


async def test_histograms_have_every_class_and_every_sized_vm_once(
    bench: Workbench, read: Read
) -> None:
    sizes = [0, 20 * GIB - 1, 20 * GIB, 10_240 * GIB, 10_240 * GIB - 1, None]
    vms = [a_vm(number, disk_mib=size) for number, size in enumerate(sizes, 1)]
    await bench.assess(bench.ingest.imports(vms))

    found = await read("statistics")

    by_least = {one["least"]: one for one in found["disk_histogram"]}
    assert tuple(by_least) == DISK_STEPS_MIB
    counts = {least // GIB: one["vms"] for least, one in by_least.items() if one["vms"]}
    assert counts == {0: 2, 20: 1, 5120: 1, 10_240: 1}
    assert by_least[20 * GIB]["below"] == 50 * GIB
    assert by_least[10_240 * GIB] == {
        "least": 10_240 * GIB,
        "below": None,
        "vms": 1,
        "disk_mib": 10_240 * GIB,
    }
    scores = [one["least"] for one in found["risk_histogram"]]
    assert scores == list(range(0, 101, 10))
    assert sum(one["vms"] for one in found["risk_histogram"]) == len(sizes)


async def test_only_the_ten_largest_of_many_are_told(bench: Workbench, read: Read) -> None:
    vms = [
        a_vm(number * 100 + i, cluster=f"c{number}")
        for number in range(1, 13)
        for i in range(number)
    ]
    await bench.assess(bench.ingest.imports(vms, per_page=100))

    found = await read("statistics")

    assert [group["value"] for group in found["by_cluster"]] == [
        f"c{number}" for number in range(12, 2, -1)
    ]
