"""Counts for panels of filters, held against counting the listed VMs by hand."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from services.assessment.domain.finding_catalogue import KINDS
from tests.services.assessment.api.conftest import Headers
from tests.services.assessment.api.test_vm_list import AN_ESTATE
from tests.services.assessment.upstream import PROJECT
from tests.services.assessment.workbench import Workbench

PATH = f"/v1/projects/{PROJECT}/assessment/vms"

VALUES: dict[str, Callable[[dict[str, Any]], list[Any]]] = {
    **{
        field: lambda vm, field=field: [vm[field]]  # type: ignore[misc]
        for field in (
            *("power_state", "os_family", "os_product", "datacenter", "cluster", "tenant_id"),
            *("risk_band", "mode_class", "target_support", "tenant_confidence"),
        )
    },
    "network": lambda vm: vm["networks"] or [None],
    "finding": lambda vm: sorted({finding["id"] for finding in vm["findings"]}),
    "severity": lambda vm: sorted({finding["severity"] for finding in vm["findings"]}),
}


@pytest.fixture
async def read(
    client: httpx.AsyncClient, bench: Workbench, as_person: Callable[..., Headers]
) -> Callable[..., Any]:
    await bench.assess(bench.ingest.imports(AN_ESTATE))

    async def read(path: str, query: dict[str, Any]) -> Any:
        reply = await client.get(f"{PATH}{path}", params=query, headers=as_person())
        assert reply.status_code == 200, reply.text
        return reply.json()

    return read


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"cluster": "c1"},
        {"cluster": ["c1", ""], "os_family": "linux"},
        {"network": "front"},
        {"finding": "not_running", "severity": "medium"},
        {"search": "web", "min_vcpus": 3},
        {"excluded": ["template", "vcls"]},
        {"search": "nobody is called that"},
    ],
    ids=str,
)
async def test_a_facet_counts_what_all_other_filters_admit(
    read: Callable[..., Any], query: dict[str, Any]
) -> None:
    facets = await read("/facets", query)

    for field, values_of in VALUES.items():
        others = {key: value for key, value in query.items() if key != field}
        listed = (await read("", others))["items"]
        expected = Counter(value for vm in listed for value in values_of(vm))
        found = {(one["value"] or None): one["vms"] for one in facets[field]["values"]}
        assert found == expected, field
        assert facets[field]["value_count"] == len(expected)


@pytest.mark.parametrize("query", [{}, {"cluster": "c1"}, {"search": "nobody"}], ids=str)
async def test_totals_are_the_sums_of_what_is_listed(
    read: Callable[..., Any], query: dict[str, Any]
) -> None:
    totals = (await read("/facets", query))["totals"]

    listed = (await read("", query))["items"]
    assert totals == {
        "vms": len(listed),
        "powered_off": sum(vm["power_state"] == "poweredOff" for vm in listed),
        **{
            field: sum(vm[field] or 0 for vm in listed)
            for field in ("vcpus", "memory_mib", "disk_mib", "used_mib")
        },
    }


async def test_values_come_with_a_word_for_people_and_the_most_frequent_first(
    read: Callable[..., Any],
) -> None:
    facets = await read("/facets", {})

    assert [one["label"] for one in facets["tenant_id"]["values"]] == ["Acme", "Borealis", "Cinder"]
    labels = {one["value"]: one["label"] for one in facets["finding"]["values"]}
    assert labels["raw_disk"] == KINDS["raw_disk"].title
    counts = [one["vms"] for one in facets["os_product"]["values"]]
    assert counts == sorted(counts, reverse=True)
