"""What a scrape shows."""

import asyncio
from collections.abc import Mapping

import pytest
from prometheus_client.parser import text_string_to_metric_families

from shared.observability import metrics as metrics_module
from shared.observability.metrics import Metrics, OutboxFigures


async def scraped(metrics: Metrics) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    text = (await metrics.render()).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())


async def test_counters_carry_the_service() -> None:
    metrics = Metrics("ingest")
    metrics.inbox_duplicates.inc()
    metrics.http_requests.labels("GET", "/v1/projects", "2xx").inc(2)
    values = await scraped(metrics)
    assert values[key("inbox_duplicates_total", service="ingest")] == 1
    assert (
        values[
            key(
                "http_requests_total",
                service="ingest",
                method="GET",
                route="/v1/projects",
                status_class="2xx",
            )
        ]
        == 2
    )


async def test_figures_are_read_at_every_scrape() -> None:
    metrics = Metrics("ingest")
    ages = iter([12.5, 0.0])

    async def outbox() -> OutboxFigures:
        return OutboxFigures(oldest_unpublished_s=age, blocked_aggregates=1)

    metrics.watch_outbox(outbox)
    for age in ages:
        values = await scraped(metrics)
        assert values[key("outbox_oldest_unpublished_seconds", service="ingest")] == age
        assert values[key("outbox_blocked_aggregates", service="ingest")] == 1


async def test_jobs_and_dead_letters_are_shown_by_state_and_queue() -> None:
    metrics = Metrics("ingest")

    async def jobs() -> Mapping[tuple[str, str], float]:
        return {("running", "import"): 2, ("failed", "import"): 1}

    async def dead() -> Mapping[str, float]:
        return {"ingest.x": 3}

    metrics.watch_jobs(jobs)
    metrics.watch_dead_letters(dead)
    values = await scraped(metrics)
    assert values[key("jobs", service="ingest", state="running", kind="import")] == 2
    assert values[key("jobs", service="ingest", state="failed", kind="import")] == 1
    assert values[key("dead_letters", service="ingest", queue="ingest.x")] == 3


async def test_a_figure_that_cannot_be_read_is_absent_not_stale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics_module, "SOURCE_TIMEOUT_S", 0.05)
    metrics = Metrics("ingest")
    answers = iter([True, False])

    async def jobs() -> Mapping[tuple[str, str], float]:
        if not next(answers):
            await asyncio.Event().wait()
        return {("running", "import"): 2}

    metrics.watch_jobs(jobs)
    running = key("jobs", service="ingest", state="running", kind="import")
    assert running in await scraped(metrics)
    assert running not in await scraped(metrics)


async def test_services_in_one_process_share_a_scrape() -> None:
    gateway, ingest = Metrics("gateway"), Metrics("ingest")
    ingest.inbox_duplicates.inc(4)
    gateway.join([gateway, ingest])
    text = (await gateway.render()).decode()
    assert text.count("# TYPE inbox_duplicates_total counter") == 1
    values = await scraped(gateway)
    assert values[key("inbox_duplicates_total", service="ingest")] == 4
    assert values[key("inbox_duplicates_total", service="gateway")] == 0
