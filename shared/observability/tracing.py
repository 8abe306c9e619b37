"""Traces: one for a request and everything it causes, through HTTP, outbox, bus and jobs.

Off until a process installs a tracer (:mod:`shared.runtime.trace_export` does when the environment
names a collector). Off, nothing of OpenTelemetry is imported and every function here returns at
once. Between processes and over time a trace is continued by its W3C ``traceparent``: a header of
requests, an attribute of events, a column of jobs.
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Final, Literal, Protocol

Kind = Literal["producer", "consumer"]

_OFF: Final = nullcontext()


class Tracer(Protocol):
    """What traces are made with; :class:`shared.observability.otel.OpenTelemetry` is the one."""

    def span(
        self,
        name: str,
        *,
        kind: Kind,
        parent: str | None,
        began_ns: int | None,
        attributes: Mapping[str, str | int],
    ) -> AbstractContextManager[None]:
        """See :func:`span`."""
        ...

    def traceparent(self) -> str | None:
        """See :func:`traceparent`."""
        ...

    def ids(self) -> Mapping[str, str]:
        """See :func:`ids`."""
        ...

    def mark_failed(self, error: BaseException) -> None:
        """See :func:`mark_failed`."""
        ...

    def name_request(self, method: str, route: str) -> None:
        """See :func:`name_request`."""
        ...

    def traced_app(self, app: Any, *, service: str) -> Any:
        """See :func:`traced_app`."""
        ...

    def trace_client(self, client: Any, *, service: str) -> None:
        """See :func:`trace_client`."""
        ...

    def close(self) -> None:
        """See :func:`close`."""
        ...


class _Installed:
    tracer: Tracer | None = None


def install(tracer: Tracer | None) -> None:
    """From now on traces are made by ``tracer``; None switches them off."""
    _Installed.tracer = tracer


def is_on() -> bool:
    """Whether this process makes traces."""
    return _Installed.tracer is not None


def span(
    name: str,
    *,
    kind: Kind,
    parent: str | None,
    began_ns: int | None = None,
    **attributes: str | int,
) -> AbstractContextManager[None]:
    """Inside the block, the work is a span that continues ``parent``, a stored traceparent.

    None begins a trace. An error that leaves the block marks the span as failed. ``name`` is a
    bounded set, ids are ``attributes``. Work that is over when it is told has ``began_ns``, its
    beginning in nanoseconds since 1970.
    """
    tracer = _Installed.tracer
    if tracer is None:
        return _OFF
    return tracer.span(name, kind=kind, parent=parent, began_ns=began_ns, attributes=attributes)


def traceparent() -> str | None:
    """What continues the span at hand elsewhere or later; None outside any."""
    tracer = _Installed.tracer
    return None if tracer is None else tracer.traceparent()


def ids() -> Mapping[str, str]:
    """``trace_id`` and ``span_id`` of the span at hand, for log lines; empty outside any."""
    tracer = _Installed.tracer
    return {} if tracer is None else tracer.ids()


def mark_failed(error: BaseException) -> None:
    """The span at hand failed with ``error``: its class and code are told, its text is not."""
    tracer = _Installed.tracer
    if tracer is not None:
        tracer.mark_failed(error)


def name_request(method: str, route: str) -> None:
    """Names the span of the request at hand after its route, at the head of the reply: before,
    the route is not known, and with the last of the reply the span ends."""
    tracer = _Installed.tracer
    if tracer is not None:
        tracer.name_request(method, route)


def traced_app(app: Any, *, service: str) -> Any:
    """``app``, an ASGI application, with a span of ``service`` around each request."""
    tracer = _Installed.tracer
    return app if tracer is None else tracer.traced_app(app, service=service)


def trace_client(client: Any, *, service: str) -> None:
    """From now on ``client`` (httpx) has a span of ``service`` for each call, and hands it on."""
    tracer = _Installed.tracer
    if tracer is not None:
        tracer.trace_client(client, service=service)


def close() -> None:
    """Sends what has ended and makes no more traces. Takes a few seconds at most."""
    tracer = _Installed.tracer
    install(None)
    if tracer is not None:
        tracer.close()
