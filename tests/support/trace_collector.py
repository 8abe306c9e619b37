"""A collector of traces, as far as a test needs one: OTLP over HTTP, spans kept in memory."""

import gzip
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Status


@dataclass(frozen=True)
class CollectedSpan:
    """A span as it was sent; ids in hexadecimal, ``parent_id`` empty for the first of a trace."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str
    has_failed: bool
    attributes: dict[str, str]

    def __str__(self) -> str:
        return f"{self.service}: {self.name}"


class TraceCollector:
    """What has been sent to ``endpoint``."""

    def __init__(self, endpoint: str) -> None:
        self.endpoint = endpoint
        self.spans: list[CollectedSpan] = []

    def of_trace(self, trace_id: str) -> list[CollectedSpan]:
        """The spans of one trace."""
        return [span for span in self.spans if span.trace_id == trace_id]

    def named(self, name: str) -> list[CollectedSpan]:
        """``<service>: <name>``."""
        return [span for span in self.spans if str(span) == name]

    def lines(self, trace_id: str) -> list[list[str]]:
        """From each span of the trace up to its first, as far as they have come."""
        by_id = {span.span_id: span for span in self.of_trace(trace_id)}
        found = []
        for span in by_id.values():
            line = [span]
            while parent := by_id.get(line[-1].parent_id):
                line.append(parent)
            if line[-1].parent_id == "":
                found.append([str(one) for one in line])
        return found


@contextmanager
def trace_collector() -> Iterator[TraceCollector]:
    """A running collector on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            collector.spans += spans_in(body)
            self.send_response(200 if self.path == "/v1/traces" else 404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = TraceCollector(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def spans_in(body: bytes) -> list[CollectedSpan]:
    """The spans of one request."""
    return [
        CollectedSpan(
            service=texts(resource.resource.attributes)["service.name"],
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            has_failed=span.status.code == Status.StatusCode.STATUS_CODE_ERROR,
            attributes=texts(span.attributes),
        )
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def texts(attributes: Sequence[KeyValue]) -> dict[str, str]:
    """Attributes with their values as text."""
    return {
        one.key: str(getattr(one.value, str(one.value.WhichOneof("value")))) for one in attributes
    }
