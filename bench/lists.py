"""How long lists of assessed VMs take at their service: any sort at any depth, any filters.

Asked of the assessment itself, over its socket: what the gateway adds is measured beside.
"""

import asyncio
import random
import time
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import httpx

from bench.results import Report, Result, quantile
from bench.site import Site
from services.assessment.domain.vm_list import SortOrder, VmFilter, VmOrder, VmSort
from services.assessment.persistence.queries import newest_complete
from services.assessment.persistence.vm_list import vm_cursor, vm_positions
from shared.db.engine import make_engine
from shared.kernel.ids import ProjectId
from shared.testing.postgres import FreshDatabase

PAGE: Final = 100
SORTED_GOAL_MS: Final = 50
FILTERED_GOAL_MS: Final = 150
SEED: Final = 20
_REQUESTS_PER_TOKEN: Final = 100
"""Internal tokens live for a minute."""
_FACETS: Final = (
    *("power_state", "os_family", "os_product", "datacenter", "cluster", "tenant_id", "network"),
    *("risk_band", "mode_class", "finding", "severity"),
)
_RANGES: Final = {
    "vcpus": (1, 2, 4, 8, 16),
    "memory_mib": (2048, 4096, 8192, 16_384, 65_536),
    "disk_mib": (20_480, 51_200, 102_400, 512_000, 2_048_000),
    "risk_score": (0, 5, 15, 25, 60),
}
_SEARCHES: Final = ("web", "db-1", "10.", "PROD", "vm-4", "example", "0")

Query = Mapping[str, Any]


class _Assessment:
    """The assessment as the gateway asks it, with the time each answer takes."""

    def __init__(self, site: Site, http: httpx.Client, project: str) -> None:
        self._site = site
        self._http = http
        self._base = f"{project}/assessment"
        self._asked = 0

    def timed(self, path: str, query: Query) -> tuple[dict[str, Any], float]:
        """The answer, and the milliseconds until it was there."""
        if self._asked % _REQUESTS_PER_TOKEN == 0:
            vouched = self._site.platform.vouched("assessment")
            self._http.headers["Authorization"] = vouched
        self._asked += 1
        begun_s = time.perf_counter()
        reply = self._http.get(f"{self._base}/{path}", params=query)
        taken_ms = (time.perf_counter() - begun_s) * 1000
        assert reply.status_code == httpx.codes.OK, reply.text
        found: dict[str, Any] = reply.json()
        return found, taken_ms


def bench_lists(site: Site, report: Report, *, project: str, rounds: int, filters: int) -> None:
    """Report pages of 100 of the VMs of a project: each sort both ways at three depths ``rounds``
    times; ``filters`` random combinations of filters with a random order; facets, statistics and a
    VM with its details."""
    cursors = asyncio.run(_cursors(site.database, UUID(project.rpartition("/")[2])))
    with site.platform.direct("assessment") as http:
        assessment = _Assessment(site, http, project)
        assessment.timed("vms", {"limit": 1})  # the first one waits for connections
        _report_sorts(assessment, report, cursors, rounds=rounds)
        _report_filters(assessment, report, filters=filters)
        _report_others(assessment, report, rounds=rounds)


def _report_sorts(
    assessment: _Assessment,
    report: Report,
    cursors: Mapping[VmOrder, Sequence[str | None]],
    *,
    rounds: int,
) -> None:
    taken_ms: dict[VmSort, list[float]] = {sort: [] for sort in VmSort}
    for _ in range(rounds):
        for order, depths in cursors.items():
            query = {"sort": order.by.value, "order": order.order.value, "limit": PAGE}
            for cursor in depths:
                page = query | ({"cursor": cursor} if cursor else {})
                taken_ms[order.by].append(assessment.timed("vms", page)[1])
    for sort, values in taken_ms.items():
        p95 = quantile(values, 0.95)
        report(Result(f"list.sorted_by.{sort.value}.p95", p95, "ms", goal=SORTED_GOAL_MS))
    every = [value for values in taken_ms.values() for value in values]
    report(Result("list.sorted.p50", quantile(every, 0.5), "ms"))
    report(Result("list.sorted.p95", quantile(every, 0.95), "ms", goal=SORTED_GOAL_MS))


def _report_filters(assessment: _Assessment, report: Report, *, filters: int) -> None:
    facets, _ = assessment.timed("vms/facets", {})
    chance = random.Random(SEED)
    taken_ms = []
    for _ in range(filters):
        query = _random_query(chance, facets)
        page, first_ms = assessment.timed("vms", query)
        taken_ms.append(first_ms)
        if page["next_cursor"]:
            query = query | {"cursor": page["next_cursor"]}
            taken_ms.append(assessment.timed("vms", query)[1])
    report(Result("list.filtered.p50", quantile(taken_ms, 0.5), "ms"))
    report(Result("list.filtered.p95", quantile(taken_ms, 0.95), "ms", goal=FILTERED_GOAL_MS))


def _report_others(assessment: _Assessment, report: Report, *, rounds: int) -> None:
    items = assessment.timed("vms", {"limit": PAGE, "sort": "host"})[0]["items"]
    details = [assessment.timed(f"vms/{vm['vm_id']}", {})[1] for vm in items[: 4 * rounds]]
    facets = [assessment.timed("vms/facets", {})[1] for _ in range(rounds)]
    statistics = [assessment.timed("statistics", {})[1] for _ in range(rounds)]
    for name, taken_ms in (("vm", details), ("facets", facets), ("statistics", statistics)):
        report(Result(f"list.{name}.p50", quantile(taken_ms, 0.5), "ms"))


async def _cursors(database: FreshDatabase, project_id: UUID) -> dict[VmOrder, list[str | None]]:
    """For each order the cursors of its first page, of one in the middle, and of the last one."""
    engine = make_engine(database.dsn("assessment"), schema="assessment")
    try:
        async with engine.connect() as connection:
            own_id = await newest_complete(connection, ProjectId(project_id))
            found: dict[VmOrder, list[str | None]] = {}
            for order in [VmOrder(by, towards) for by in VmSort for towards in SortOrder]:
                places = await vm_positions(connection, own_id, only=VmFilter(), order=order)
                last = [places[len(places) // 2], places[-min(PAGE, len(places))]]
                found[order] = [None] + [
                    vm_cursor(own_id, only=VmFilter(), order=order, position=position)
                    for position in last
                ]
            return found
    finally:
        await engine.dispose()


def _random_query(chance: random.Random, facets: Mapping[str, Any]) -> dict[str, Any]:
    """One to four filters, each with values that there are, and an order."""
    query: dict[str, Any] = {
        "limit": PAGE,
        "sort": chance.choice(list(VmSort)).value,
        "order": chance.choice(list(SortOrder)).value,
    }
    kinds: Sequence[str] = (*_FACETS, *_RANGES, "search")
    for kind in chance.sample(kinds, chance.randint(1, 4)):
        if kind == "search":
            query["search"] = chance.choice(_SEARCHES)
        elif kind in _RANGES:
            query[f"{chance.choice(['min', 'max'])}_{kind}"] = chance.choice(_RANGES[kind])
        elif values := [one["value"] for one in facets[kind]["values"]]:
            query[kind] = chance.sample(values, min(len(values), chance.randint(1, 3)))
    return query
