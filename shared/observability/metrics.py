"""The figures of one service, in Prometheus' text format.

One registry per service, because several services may share a process; every sample carries the
label ``service``. Labels are bounded sets: route templates, methods, states, kinds; never an id.

Counters are counted where the thing happens. Figures that live in the database (outbox, jobs) are
read by callables when somebody scrapes; one that fails leaves its metric out, so that a stale value
never looks like a healthy one.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SOURCE_TIMEOUT_S: Final = 2.0
HTTP_BUCKETS_S: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
FACT_BUCKETS_S: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0)
JOB_FAILURE_REASONS: Final = ("refused", "exhausted", "abandoned")

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class OutboxFigures:
    """``oldest_unpublished_s`` is 0 when everything is published."""

    oldest_unpublished_s: float
    blocked_aggregates: int


@dataclass(frozen=True, slots=True)
class _Source:
    name: str
    documentation: str
    labels: tuple[str, ...]
    read: Callable[[], Awaitable[Mapping[tuple[str, ...], float]]]
    is_counter: bool = False


class Metrics:
    """What one service counts and measures."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.registry = CollectorRegistry()
        self._sources: list[_Source] = []
        self._values: dict[str, Mapping[tuple[str, ...], float]] = {}
        self._joined: list[Metrics] = []
        route = ("method", "route", "status_class")
        registry = self.registry
        self.http_requests = Counter(
            "http_requests_total", "Requests answered.", route, registry=registry
        )
        self.http_request_seconds = Histogram(
            "http_request_seconds",
            "Time from a request's head to the end of its reply.",
            route,
            buckets=HTTP_BUCKETS_S,
            registry=registry,
        )
        self.inbox_duplicates = Counter(
            "inbox_duplicates_total", "Messages delivered again and ignored.", registry=registry
        )
        self.consumer_redeliveries = Counter(
            "consumer_redeliveries_total",
            "Deliveries given back to their queue.",
            ("queue",),
            registry=registry,
        )
        self.job_lease_expired = Counter(
            "job_lease_expired_total", "Jobs taken over from a silent worker.", registry=registry
        )
        self.job_failures = Counter(
            "job_failures_total",
            "Jobs that ended as failed.",
            ("kind", "reason"),
            registry=registry,
        )
        """``refused``: the job cannot be done, e.g. a workbook that is none. ``exhausted`` and
        ``abandoned``: it failed, or its worker died, in every attempt."""
        self.event_end_to_end_seconds = Histogram(
            "event_end_to_end_seconds",
            "Time from a fact's commit to the end of its handler.",
            ("type",),
            buckets=FACT_BUCKETS_S,
            registry=registry,
        )
        self.retries = Counter(
            "upstream_retries_total", "Calls tried again.", ("upstream",), registry=registry
        )
        self.task_crashes = Counter(
            "background_task_crashes_total", "Restarted tasks.", ("task",), registry=registry
        )
        self.invariant_violations = Gauge(
            "invariant_violations",
            "Rows that contradict an invariant.",
            ("name",),
            registry=registry,
        )
        registry.register(_Figures(self._families))

    def expect_jobs(self, kinds: Iterable[str]) -> None:
        """Shows failures of these kinds as 0 before the first: a counter that appears with its
        first event has never increased, and no alert sees it."""
        for kind, reason in product(sorted(kinds), JOB_FAILURE_REASONS):
            self.job_failures.labels(kind=kind, reason=reason)

    def expect_events(self, queues: Mapping[str, str]) -> None:
        """The same for the deliveries of these queues and their types of event, by queue."""
        for queue, event in sorted(queues.items()):
            self.consumer_redeliveries.labels(queue=queue)
            self.event_end_to_end_seconds.labels(type=event)

    def expect_tasks(self, names: Iterable[str]) -> None:
        """The same for crashes of these background tasks."""
        for name in sorted(names):
            self.task_crashes.labels(task=name)

    def forget_invariant(self, name: str) -> None:
        """Shows nothing of an invariant that cannot be looked at: an old figure is no figure."""
        with suppress(KeyError):
            self.invariant_violations.remove(name)

    def watch_outbox(self, read: Callable[[], Awaitable[OutboxFigures]]) -> None:
        """Shows the outbox's age and its blocked aggregates at every scrape."""

        async def oldest() -> Mapping[tuple[str, ...], float]:
            return {(): (await read()).oldest_unpublished_s}

        async def blocked() -> Mapping[tuple[str, ...], float]:
            return {(): float((await read()).blocked_aggregates)}

        self.watch("outbox_oldest_unpublished_seconds", "Age of the oldest waiting fact.", oldest)
        self.watch("outbox_blocked_aggregates", "Aggregates whose facts keep failing.", blocked)

    def watch_jobs(self, read: Callable[[], Awaitable[Mapping[tuple[str, str], float]]]) -> None:
        """Shows how many jobs there are, by (state, kind), at every scrape."""

        async def by_state() -> Mapping[tuple[str, ...], float]:
            return dict((await read()).items())

        self.watch("jobs", "Durable jobs.", by_state, labels=("state", "kind"))

    def watch_dead_letters(self, read: Callable[[], Awaitable[Mapping[str, float]]]) -> None:
        """Shows how many messages were given up on, by queue, at every scrape."""

        async def by_queue() -> Mapping[tuple[str, ...], float]:
            return {(queue,): count for queue, count in (await read()).items()}

        self.watch("dead_letters", "Messages given up on.", by_queue, labels=("queue",))

    def watch(
        self,
        name: str,
        documentation: str,
        read: Callable[[], Awaitable[Mapping[tuple[str, ...], float]]],
        *,
        labels: tuple[str, ...] = (),
        is_counter: bool = False,
    ) -> None:
        """A metric whose values ``read`` gives at every scrape, keyed by the values of ``labels``
        (an empty tuple when there are none)."""
        self._sources.append(_Source(name, documentation, labels, read, is_counter))

    def join(self, others: Iterable["Metrics"]) -> None:
        """From now on :meth:`render` shows those of ``others`` too: one process, one scrape."""
        self._joined.extend(other for other in others if other is not self)

    async def render(self) -> bytes:
        """The text of a scrape."""
        everybody = [self, *self._joined]
        await asyncio.gather(*(metrics.refresh() for metrics in everybody))
        merged = CollectorRegistry()
        merged.register(_Labelled({m.service: m.registry for m in everybody}))
        return generate_latest(merged)

    async def refresh(self) -> None:
        """Asks the callables for their values, all at once, each for at most 2 s."""
        outcomes = await asyncio.gather(
            *(asyncio.wait_for(source.read(), SOURCE_TIMEOUT_S) for source in self._sources),
            return_exceptions=True,
        )
        self._values = {}
        for source, outcome in zip(self._sources, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                _log.warning("metric cannot be read", metric=source.name, reason=repr(outcome))
            else:
                self._values[source.name] = outcome

    def _families(self) -> Iterator[Metric]:
        for source in self._sources:
            if source.name not in self._values:
                continue
            family: GaugeMetricFamily | CounterMetricFamily = (
                CounterMetricFamily if source.is_counter else GaugeMetricFamily
            )(source.name, source.documentation, labels=source.labels)
            for labels, value in sorted(self._values[source.name].items()):
                family.add_metric(labels, value)
            yield family


class _Figures(Collector):
    """Hands the last refreshed figures to a registry."""

    def __init__(self, families: Callable[[], Iterator[Metric]]) -> None:
        self._families = families

    def collect(self) -> Iterator[Metric]:
        return self._families()

    def describe(self) -> Iterator[Metric]:
        """Nothing is known before the first refresh."""
        return iter(())


class _Labelled(Collector):
    """Several registries as one, each sample labelled with the service it comes from."""

    def __init__(self, registries: Mapping[str, CollectorRegistry]) -> None:
        self._registries = registries

    def collect(self) -> Iterator[Metric]:
        merged: dict[str, Metric] = {}
        for service, registry in self._registries.items():
            for family in registry.collect():
                target = merged.setdefault(
                    family.name, Metric(family.name, family.documentation, family.type)
                )
                target.samples.extend(
                    sample._replace(labels={"service": service, **sample.labels})
                    for sample in family.samples
                    if not sample.name.endswith("_created")  # twice the lines, for nobody
                )
        return iter(merged.values())

    def describe(self) -> Iterator[Metric]:
        """Nothing is known before the first scrape."""
        return iter(())
