"""Traces made with OpenTelemetry. Imported only by a process that has a collector."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.instrumentation.asgi import OpenTelemetryMiddleware
from opentelemetry.instrumentation.httpx import HTTPXClientInstrumentor
from opentelemetry.propagate import set_global_textmap
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.http import ExcludeList

from shared.kernel.errors import AppError
from shared.observability import correlation
from shared.observability.health import PROBES
from shared.observability.logging import bound_service
from shared.observability.tracing import Kind

NAMESPACE: Final = "migration-planner"
_KINDS: Final = {"producer": SpanKind.PRODUCER, "consumer": SpanKind.CONSUMER}
_W3C: Final = TraceContextTextMapPropagator()
_CORRELATION: Final = "migplan.correlation_id"
_PROBES: Final = ExcludeList([f"{path}$" for path in sorted(PROBES)])
CLOSE_S: Final = 3.0
"""What a collector that is away or slow may take of the end of a process."""


class OpenTelemetry:
    """The spans of all services of this process; each ends at ``processor``.

    Several services may share a process, yet a span belongs to one: there is a provider for each,
    with the service's name as its resource. ``default_service`` owns what no service does.
    """

    def __init__(self, processor: SpanProcessor, *, default_service: str) -> None:
        self._processor = processor
        self._default_service = default_service
        self._providers: dict[str, TracerProvider] = {}
        # Not baggage: what a client puts there would travel through every service.
        set_global_textmap(_W3C)

    @contextmanager
    def span(
        self,
        name: str,
        *,
        kind: Kind,
        parent: str | None,
        began_ns: int | None,
        attributes: Mapping[str, str | int],
    ) -> Iterator[None]:
        """A span that continues ``parent``, or begins a trace."""
        service = bound_service() or self._default_service
        carrier = {} if parent is None else {"traceparent": parent}
        with (
            self._provider(service)
            .get_tracer(__name__)
            .start_as_current_span(
                name,
                context=_W3C.extract(carrier, context=Context()),
                kind=_KINDS[kind],
                start_time=began_ns,
                attributes={**attributes, **_correlation()},
                record_exception=False,  # its text may hold what nobody else may read
                set_status_on_exception=False,
            )
        ):
            try:
                yield
            except Exception as error:
                self.mark_failed(error)
                raise

    def traceparent(self) -> str | None:
        """The span at hand as W3C has it."""
        carrier: dict[str, str] = {}
        _W3C.inject(carrier)
        return carrier.get("traceparent")

    def ids(self) -> Mapping[str, str]:
        """The ids of the span at hand, in hexadecimal."""
        context = trace.get_current_span().get_span_context()
        if not context.is_valid:
            return {}
        return {
            "trace_id": trace.format_trace_id(context.trace_id),
            "span_id": trace.format_span_id(context.span_id),
        }

    def mark_failed(self, error: BaseException) -> None:
        """The span at hand failed; of the error, its class and code."""
        span = trace.get_current_span()
        span.set_attribute("error.type", type(error).__name__)
        code = error.code if isinstance(error, AppError) else type(error).__name__
        span.set_status(Status(StatusCode.ERROR, code))

    def name_request(self, method: str, route: str) -> None:
        """Renames the span at hand."""
        span = trace.get_current_span()
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)

    def traced_app(self, app: Any, *, service: str) -> Any:
        """The instrumentation of ASGI, without a span for each piece of a body.

        It starts outside every span: where a large body made the server pause reading, it resumed
        in the context of that request, and later ones on the connection would seem caused by it.
        """
        middleware = OpenTelemetryMiddleware(
            app,
            # Before routing nobody knows the template, and a path holds ids.
            default_span_details=lambda scope: (str(scope.get("method", "")), {}),
            server_request_hook=lambda span, _scope: span.set_attributes(_correlation()),
            exclude_spans=["receive", "send"],
            excluded_urls=_PROBES,
            tracer_provider=self._provider(service),
        )

        async def outside_every_span(scope: Any, receive: Any, send: Any) -> None:
            token = attach(Context())
            try:
                await middleware(scope, receive, send)
            finally:
                detach(token)

        return outside_every_span

    def trace_client(self, client: Any, *, service: str) -> None:
        """The instrumentation of httpx, for this client alone."""
        HTTPXClientInstrumentor.instrument_client(client, tracer_provider=self._provider(service))

    def close(self) -> None:
        """Sends what waits, as far as that takes no longer than CLOSE_S."""
        sending = threading.Thread(target=self._processor.shutdown, name="last spans", daemon=True)
        sending.start()
        sending.join(CLOSE_S)

    def _provider(self, service: str) -> TracerProvider:
        if service not in self._providers:
            provider = TracerProvider(
                resource=Resource.create({"service.name": service, "service.namespace": NAMESPACE}),
                shutdown_on_exit=False,  # the processor is everybody's; close() ends it
            )
            provider.add_span_processor(self._processor)
            self._providers[service] = provider
        return self._providers[service]


def _correlation() -> dict[str, str]:
    correlation_id = correlation.current()
    return {} if correlation_id is None else {_CORRELATION: correlation_id}
