"""Traces: what is a span, what it continues, what it tells; and that none cost nothing."""

import re
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from shared.http.app import create_app
from shared.http.security import allow_anybody
from shared.kernel.errors import NotFound
from shared.observability import correlation, tracing
from shared.observability.health import Health
from shared.observability.logging import bind_service
from shared.observability.metrics import Metrics
from shared.observability.otel import OpenTelemetry
from tests.shared.log_lines import captured_log

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE_ID, SPAN_ID = PARENT.split("-")[1:3]


class Spans:
    """The spans that have ended."""

    def __init__(self, exporter: InMemorySpanExporter) -> None:
        self._exporter = exporter

    @property
    def all(self) -> tuple[ReadableSpan, ...]:
        return self._exporter.get_finished_spans()

    @property
    def only(self) -> ReadableSpan:
        (span,) = self.all
        return span

    def named(self, service: str, name: str) -> ReadableSpan:
        (span,) = [s for s in self.all if (service_of(s), s.name) == (service, name)]
        return span


def service_of(span: ReadableSpan) -> object:
    return span.resource.attributes["service.name"]


def trace_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.trace_id:032x}"


def parent_of(span: ReadableSpan) -> str | None:
    return None if span.parent is None else f"{span.parent.span_id:016x}"


def id_of(span: ReadableSpan) -> str:
    assert span.context is not None
    return f"{span.context.span_id:016x}"


@pytest.fixture
def spans() -> Iterator[Spans]:
    exporter = InMemorySpanExporter()
    tracing.install(OpenTelemetry(SimpleSpanProcessor(exporter), default_service="tests"))
    yield Spans(exporter)
    tracing.close()


def test_a_span_continues_a_stored_parent_in_the_name_of_the_service_at_work(spans: Spans) -> None:
    with (
        bind_service("planner"),
        correlation.bind("demo-7"),
        tracing.span("job build", kind="consumer", parent=PARENT, attempt=2),
    ):
        within = tracing.traceparent()

    span = spans.only
    assert (service_of(span), span.name) == ("planner", "job build")
    assert (trace_of(span), parent_of(span)) == (TRACE_ID, SPAN_ID)
    assert within == f"00-{TRACE_ID}-{id_of(span)}-01"
    assert dict(span.attributes or {}) == {"attempt": 2, "migplan.correlation_id": "demo-7"}


@pytest.mark.parametrize("parent", [None, "", "nonsense", PARENT.replace("00-", "ff-", 1)])
def test_without_a_usable_parent_a_trace_begins(spans: Spans, parent: str | None) -> None:
    with (
        tracing.span("outer", kind="consumer", parent=PARENT),
        tracing.span("inner", kind="consumer", parent=parent),
    ):
        pass

    inner = spans.named("tests", "inner")
    assert parent_of(inner) is None
    assert trace_of(inner) != TRACE_ID


def test_a_failed_span_tells_class_and_code_and_not_the_text(spans: Spans) -> None:
    error = NotFound("The password is hunter2.", code="no-such-plan")
    with (
        pytest.raises(NotFound),
        tracing.span("job build", kind="consumer", parent=None),
    ):
        raise error

    span = spans.only
    assert (span.status.is_ok, span.status.description) == (False, "no-such-plan")
    assert (span.attributes or {})["error.type"] == "NotFound"
    assert "hunter2" not in span.to_json()


def test_log_lines_inside_a_span_name_its_trace(spans: Spans) -> None:
    with captured_log("tests") as lines:
        log = structlog.stdlib.get_logger("tests")
        with tracing.span("job build", kind="consumer", parent=PARENT):
            log.info("inside")
        log.info("outside")

    inside, outside = lines.all
    assert (inside["trace_id"], inside["span_id"]) == (TRACE_ID, id_of(spans.only))
    assert "trace_id" not in outside


@pytest.fixture
def app(spans: Spans) -> FastAPI:
    """A service that is traced."""
    router = APIRouter(dependencies=[allow_anybody()])

    @router.get("/v1/orders/{order_id}")
    async def show(order_id: str) -> str:
        return tracing.traceparent() or ""

    return create_app(
        service="orders",
        title="Orders",
        routers=[router],
        verifier=None,
        health=Health(),
        metrics=Metrics("orders"),
    )


def calling(app: FastAPI) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://orders")


async def test_a_call_and_its_answer_are_two_spans_of_one_trace(spans: Spans, app: FastAPI) -> None:
    async with calling(app) as client:
        tracing.trace_client(client, service="gateway")
        with tracing.span("job build", kind="consumer", parent=PARENT):
            await client.get("/v1/orders/7")

    job = spans.named("tests", "job build")
    call = spans.named("gateway", "GET")
    answer = spans.named("orders", "GET /v1/orders/{order_id}")
    assert {trace_of(span) for span in spans.all} == {TRACE_ID}
    assert (parent_of(call), parent_of(answer)) == (id_of(job), id_of(call))
    assert (answer.attributes or {})["http.route"] == "/v1/orders/{order_id}"


async def test_a_request_without_context_begins_a_trace_whatever_ran_before_on_its_connection(
    spans: Spans, app: FastAPI
) -> None:
    async with calling(app) as client:
        with tracing.span("an earlier request", kind="consumer", parent=PARENT):
            await client.get("/v1/orders/7")

    answer = spans.named("orders", "GET /v1/orders/{order_id}")
    assert parent_of(answer) is None
    assert trace_of(answer) != TRACE_ID


def test_off_no_service_imports_more_than_fastapi_does() -> None:
    """FastAPI imports OpenTelemetry's API for itself; all that makes or sends spans is beyond."""
    code = (
        "import sys; from services.__main__ import applications; "
        "from shared.runtime.trace_export import start_tracing; "
        "start_tracing('tests'); applications(); import services.embedded; "
        "makers = tuple('opentelemetry.' + n for n in ('sdk', 'exporter', 'instrumentation')); "
        "print([name for name in sys.modules if name.startswith(makers)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/bin:/bin"},
    )

    assert (done.returncode, done.stdout.strip()) == (0, "[]"), done.stderr


def test_off_every_call_is_harmless() -> None:
    app = object()
    with tracing.span("job build", kind="consumer", parent=PARENT):
        assert tracing.traceparent() is None
        assert tracing.ids() == {}
        tracing.mark_failed(RuntimeError())
        tracing.name_request("GET", "/")
    assert tracing.traced_app(app, service="s") is app
    assert not tracing.is_on()
    tracing.close()


def test_the_traceparent_is_the_form_that_w3c_prescribes(spans: Spans) -> None:
    with tracing.span("job build", kind="consumer", parent=None):
        told = tracing.traceparent()

    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[0-9a-f]", told or "")
