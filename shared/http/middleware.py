"""What happens around every request, as plain ASGI: nothing here ever holds a body.

From the outside in: :class:`CorrelationId`, the span where traces are made, :class:`AccessLog`,
what a service adds, :class:`LastCatch`, :class:`~shared.http.limits.Limits`, then the routes.
"""

import re
import time
from collections.abc import Callable, Mapping
from typing import Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.problems import internal_problem, problem_response
from shared.observability import correlation, tracing
from shared.observability.health import PROBES
from shared.observability.logging import bind_service
from shared.observability.metrics import Metrics

CORRELATION_HEADER: Final = "X-Correlation-ID"
ROUTE_TEMPLATE: Final = "migplan.route_template"
"""Scope key: a route that stands for many (the gateway's proxy) puts the real template here."""

CLIENT_LEFT: Final = 499
"""Status in log and metrics of a request whose client went away; nobody is sent it."""

_ACCEPTABLE_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_log = structlog.stdlib.get_logger("access")
_errors = structlog.stdlib.get_logger(__name__)


class CorrelationId:
    """Binds the request's correlation id and this service's name, and sends the id back.

    An id that a client makes up is taken when it is short and plain; else there is a new one.
    """

    def __init__(self, app: ASGIApp, *, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(CORRELATION_HEADER)
        usable = given is not None and _ACCEPTABLE_ID.fullmatch(given) is not None
        correlation_id = given if given is not None and usable else correlation.new()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[CORRELATION_HEADER] = correlation_id
            await send(message)

        with bind_service(self._service), correlation.bind(correlation_id):
            await self._app(scope, receive, send_with_id)


class AccessLog:
    """Counts, measures and logs every request under its route's template.

    Probes are logged for debugging and not counted: their many answers, also those of a process
    that says it is not ready, would hide what users are answered. The log holds the path without
    its query, and no header.
    """

    def __init__(
        self, app: ASGIApp, *, metrics: Metrics, template_of: Callable[[Scope], str]
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._template_of = template_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_s = time.perf_counter()
        status = CLIENT_LEFT
        sent_bytes = 0

        async def send_and_note(message: Message) -> None:
            nonlocal status, sent_bytes
            if message["type"] == "http.response.start":
                status = message["status"]
                tracing.name_request(_method(scope), self._route(scope))
            elif message["type"] == "http.response.body":
                sent_bytes += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            self._record(scope, status, time.perf_counter() - began_s, sent_bytes)

    def _record(self, scope: Scope, status: int, seconds: float, sent_bytes: int) -> None:
        route = self._route(scope)
        is_probe = scope["path"] in PROBES
        if not is_probe:
            labels = (_method(scope), route, f"{status // 100}xx")
            self._metrics.http_requests.labels(*labels).inc()
            self._metrics.http_request_seconds.labels(*labels).observe(seconds)
        log = _log.debug if is_probe else _log.info
        log(
            "request",
            method=scope["method"],
            path=scope["path"],
            route=route,
            status=status,
            duration_ms=round(seconds * 1000, 1),
            sent_bytes=sent_bytes,
            **_who(scope),
        )

    def _route(self, scope: Scope) -> str:
        return scope.get(ROUTE_TEMPLATE) or self._template_of(scope)


def _method(scope: Scope) -> str:
    """The method as a label: a client may send any word."""
    return scope["method"] if scope["method"] in _METHODS else "other"


class LastCatch:
    """Turns what nobody foresaw into a 500 that says nothing, and logs it once with its stack.

    When the reply has begun it cannot be taken back: the connection ends short, which the client
    notices by length or chunk.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        has_begun = False

        async def send_and_note(message: Message) -> None:
            nonlocal has_begun
            has_begun = has_begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except ClientDisconnect:
            return
        except Exception:
            _errors.exception("request failed", method=scope["method"], path=scope["path"])
            if has_begun:
                return
            problem = internal_problem(instance=Request(scope).url.path)
            await problem_response(problem)(scope, receive, send)


def _who(scope: Scope) -> Mapping[str, str]:
    principal = scope.get("state", {}).get("principal")
    return {} if principal is None else {"principal": principal.key}
