"""The benchmarks run: every case, a little of it. How fast things are is not asked here."""

from pathlib import Path

import pytest

from bench.cases import Bench, Scale
from bench.results import Result
from bench.site import Site
from services import SERVICES
from shared.testing.shared_run import SharedRun

pytestmark = [pytest.mark.system, pytest.mark.timeout(300)]

LITTLE = Scale(
    import_vms={"small": 30, "large": 120},
    pairs={"small": 2, "large": 1},
    assessment_vms=30,
    repetitions=1,
    events=3,
    requests=3,
    page_rounds=2,
    list_rounds=1,
    list_filters=5,
)


def test_every_case_reports_its_figures(shared_run: SharedRun, tmp_path: Path) -> None:
    found: list[Result] = []
    with Site.opened(shared_run, tmp_path, workbooks=tmp_path) as site:
        for case in Bench(site, found.append, LITTLE).cases().values():
            case()

    figures = {result.name: result for result in found}
    assert len(found) == len(figures), "a figure was reported twice"
    assert set(figures) >= {
        *("event_latency.postgres.p50", "event_latency.rabbitmq.p99"),
        *("gateway_overhead", "assessment", "import_growth"),
        *("list.sorted.p95", "list.sorted_by.host.p95", "list.filtered.p95", "list.statistics.p50"),
        *(f"page_of_100.{depth}.p95" for depth in ("first", "middle", "last")),
        *(f"{size}.{what}" for size in ("small", "large") for what in ("seconds", "whole")),
        *(f"large.peak_memory.{process}" for process in (*SERVICES, "parser")),
    }
    assert all(result.value > 0 for result in found if ".cpu." not in result.name)
    assert figures["small.parse_and_store"].baseline
