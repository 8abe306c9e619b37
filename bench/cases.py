"""The benchmarks by name, in the order in which all of them run."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench.assess import bench_assessment
from bench.gateway import bench_gateway
from bench.imports import Import, bench_import, growth
from bench.latency import bench_latency
from bench.lists import bench_lists
from bench.pages import bench_pages
from bench.results import Report
from bench.site import Site


@dataclass(frozen=True, slots=True)
class Scale:
    """How much of everything; tests measure a little of it."""

    import_vms: dict[str, int]
    """VMs by the name of the import's case, from small to large."""
    pairs: dict[str, int]
    """Pairs of import and floor; a large one averages much by itself."""
    assessment_vms: int = 10_000
    repetitions: int = 5
    events: int = 60
    requests: int = 300
    page_rounds: int = 60
    list_rounds: int = 10
    list_filters: int = 150


FULL: Final = Scale(
    import_vms={"import_1k": 1_000, "import_10k": 10_000, "import_100k": 100_000},
    pairs={"import_1k": 5, "import_10k": 3, "import_100k": 2},
)

Case = Callable[[], object]


class Bench:
    """One run: what one case has imported, later ones need not import again."""

    def __init__(self, site: Site, report: Report, scale: Scale = FULL) -> None:
        self._site = site
        self._report = report
        self._scale = scale
        self._imports: dict[str, list[Import]] = {}

    def cases(self) -> dict[str, Case]:
        """What can be run, by name. Small things first: a large import leaves a busy server."""
        sizes = self._scale.import_vms
        return {
            "events": self._events,
            "gateway": self._gateway,
            "assessment": self._assessment,
            **{name: partial(self._ensure, name) for name in sizes},
            "import_growth": self._growth,
            "pages": self._pages,
            "lists": self._lists,
        }

    def _events(self) -> None:
        rounds, events = self._scale.repetitions, self._scale.events
        bench_latency(self._site, self._report, rounds=rounds, events=events)

    def _gateway(self) -> None:
        bench_gateway(self._site, self._report, requests=self._scale.requests)

    def _assessment(self) -> None:
        vms, rounds = self._scale.assessment_vms, self._scale.repetitions
        bench_assessment(self._site, self._report, vms=vms, rounds=rounds)

    def _growth(self) -> None:
        small, large = list(self._scale.import_vms)[-2:]
        self._report(growth("import_growth", self._ensure(small), self._ensure(large)))

    def _pages(self) -> None:
        largest = self._ensure(list(self._scale.import_vms)[-1])[0]
        bench_pages(
            self._site,
            self._report,
            inventory=largest.inventory,
            vms=largest.vms,
            rounds=self._scale.page_rounds,
        )

    def _lists(self) -> None:
        largest = self._ensure(list(self._scale.import_vms)[-1])[0]
        bench_lists(
            self._site,
            self._report,
            project=largest.inventory.partition("/inventories/")[0],
            rounds=self._scale.list_rounds,
            filters=self._scale.list_filters,
        )

    def _ensure(self, name: str) -> list[Import]:
        if name not in self._imports:
            self._imports[name] = bench_import(
                self._site,
                self._report,
                name=name,
                vms=self._scale.import_vms[name],
                pairs=self._scale.pairs[name],
            )
        return self._imports[name]
