"""How large a request body may be, and how long it may take to arrive.

Two classes: a JSON body is small and has to be there soon; a streamed upload may take as long as it
needs while bytes keep coming. A route of the second class says so with :func:`streaming_body`; one
that stands for many (the gateway's proxy) puts the limit of each request into its scope.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final, TypeVar

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.problems import problem_of, problem_response
from shared.kernel.errors import Invalid

JSON_BODY_BYTES: Final = 1024 * 1024
"""JSON that a person caused is far below it."""
JSON_BODY_S: Final = 30.0
UPLOAD_IDLE_S: Final = 60.0
BODY_LIMIT: Final = "migplan.body_limit"
"""Scope key of the :class:`BodyLimit` of one request; goes before that of its route."""

_MARK: Final = "__migplan_body_limit__"
_NUL_IN_ADDRESS: Final = Invalid("The address holds a NUL character.", code="malformed-address")

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class BodyLimit:
    """What a body may cost; None is no limit.

    ``total_s`` is from the first look at the body to its end, ``idle_s`` between two pieces.
    """

    max_bytes: int | None = JSON_BODY_BYTES
    total_s: float | None = None
    idle_s: float | None = None


JSON_BODY: Final = BodyLimit(JSON_BODY_BYTES, total_s=JSON_BODY_S)


def streaming_body(
    *, max_bytes: int | None, idle_s: float = UPLOAD_IDLE_S
) -> Callable[[Endpoint], Endpoint]:
    """Marks a route that reads ``request.stream()`` itself, with limits of its own.

    None: no limit here, because the route counts for itself.
    """

    def mark(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, _MARK, BodyLimit(max_bytes, idle_s=idle_s))
        return endpoint

    return mark


class Limits:
    """Refuses what no route can take.

    A body over the limit is 413: before it is read when its length is told, else at the piece that
    passes the limit. One that does not come in time is 408, and its connection is closed. A NUL in
    the address is 400: no database stores it.
    """

    def __init__(self, app: ASGIApp, *, default: BodyLimit = JSON_BODY) -> None:
        self._app = app
        self._default = default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            problem = problem_of(_NUL_IN_ADDRESS, instance=Request(scope).url.path)
            await problem_response(problem)(scope, receive, send)
            return
        await self._app(scope, _Body(scope, receive, self._default).receive, send)


class _Body:
    """The body of one request as it arrives."""

    def __init__(self, scope: Scope, receive: Receive, default: BodyLimit) -> None:
        self._scope = scope
        self._receive = receive
        self._default = default
        self._told_bytes = _content_length(scope)
        self._read_bytes = 0
        self._deadline_s: float | None = None
        self._is_complete = False

    async def receive(self) -> Message:
        """The next message, within the limit of the route, which is known only now."""
        if self._is_complete:  # who asks now waits for the client to leave
            return await self._receive()
        limit = self._limit()
        if limit.max_bytes is not None and self._told_bytes > limit.max_bytes:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        message = await self._in_time(limit)
        if message["type"] == "http.request":
            self._read_bytes += len(message.get("body", b""))
            self._is_complete = not message.get("more_body", False)
            if limit.max_bytes is not None and self._read_bytes > limit.max_bytes:
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return message

    def _limit(self) -> BodyLimit:
        of_route = getattr(self._scope.get("endpoint"), _MARK, self._default)
        limit: BodyLimit = self._scope.get(BODY_LIMIT, of_route)
        return limit

    async def _in_time(self, limit: BodyLimit) -> Message:
        now_s = asyncio.get_running_loop().time()
        if self._deadline_s is None and limit.total_s is not None:
            self._deadline_s = now_s + limit.total_s
        ends = [self._deadline_s, None if limit.idle_s is None else now_s + limit.idle_s]
        try:
            async with asyncio.timeout_at(
                min((end for end in ends if end is not None), default=None)
            ):
                return await self._receive()
        except TimeoutError:
            raise HTTPException(
                HTTPStatus.REQUEST_TIMEOUT, headers={"Connection": "close"}
            ) from None


def _content_length(scope: Scope) -> int:
    value = Headers(scope=scope).get("content-length", "")
    return int(value) if value.isascii() and value.isdigit() else 0
