"""Whether a process makes traces, and that a collector that is away holds nobody up."""

import sys
import time
from collections.abc import Iterator

import pytest

from shared.observability import tracing
from shared.runtime.errors import StartError
from shared.runtime.trace_export import is_wanted, start_tracing
from shared.testing.ports import free_ports
from tests.support.trace_collector import trace_collector

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.fixture(autouse=True)
def off_again(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in (ENDPOINT, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_SDK_DISABLED"):
        monkeypatch.delenv(name, raising=False)
    yield
    tracing.close()


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, False),
        ({ENDPOINT: ""}, False),
        ({ENDPOINT: "http://collector:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://collector:4318/v1/traces"}, True),
        ({ENDPOINT: "http://collector:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({ENDPOINT: "http://collector:4318", "OTEL_TRACES_EXPORTER": "none"}, False),
        ({ENDPOINT: "http://collector:4318", "OTEL_TRACES_EXPORTER": "otlp"}, True),
    ],
)
def test_a_named_collector_asks_for_traces(environment: dict[str, str], expected: bool) -> None:
    assert is_wanted(environment) is expected


def test_without_a_collector_there_are_no_traces() -> None:
    start_tracing("tests")

    assert not tracing.is_on()


def test_spans_reach_the_collector_at_the_latest_when_the_process_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with trace_collector() as collector:
        monkeypatch.setenv(ENDPOINT, collector.endpoint)
        start_tracing("tests")
        with tracing.span("job build", kind="consumer", parent=None, attempt=1):
            pass
        tracing.close()

    (span,) = collector.spans
    assert (str(span), span.attributes) == ("tests: job build", {"attempt": "1"})


def test_a_collector_that_is_away_does_not_hold_up_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (port,) = free_ports(1)
    monkeypatch.setenv(ENDPOINT, f"http://127.0.0.1:{port}")
    start_tracing("tests")
    with tracing.span("job build", kind="consumer", parent=None):
        pass
    began_s = time.monotonic()

    tracing.close()

    assert time.monotonic() - began_s < 8


def test_without_the_libraries_the_process_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(ENDPOINT, "http://collector:4318")
    monkeypatch.setitem(sys.modules, "shared.observability.otel", None)

    with pytest.raises(StartError, match=r"Install migration-planner\[tracing\]"):
        start_tracing("tests")
