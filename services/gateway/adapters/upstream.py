"""The services behind the gateway: requests and answers stream through, never held whole."""

from collections.abc import AsyncIterator, Mapping
from typing import Final

import httpx
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Send

from services.gateway.domain.errors import UPSTREAM_UNAVAILABLE
from shared.kernel.errors import Unavailable
from shared.observability.failpoints import failpoint

NOT_FORWARDED: Final = "gateway.not_forwarded"
"""Failpoint: a request is accepted and no service knows of it."""
ANSWERED_NOT_RETURNED: Final = "gateway.answered_not_returned"
"""Failpoint: a service has done what was asked, and the client does not know."""

_HOP_BY_HOP: Final = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_HEADERS_NOT_FORWARDED: Final = _HOP_BY_HOP | {
    "host",
    "authorization",
    "cookie",
    # Ours to say: the client's own were taken into account when the request came in.
    "x-correlation-id",
    "traceparent",
    "tracestate",
    "baggage",
}
_HEADERS_NOT_RETURNED: Final = _HOP_BY_HOP | {"date"}
"""Our own server says when it answers."""
_ANSWER_TIMEOUT: Final = httpx.Timeout(30.0, connect=3.0, pool=10.0, write=60.0)


class Upstreams:
    """One HTTP client for each service."""

    def __init__(self, clients: Mapping[str, httpx.AsyncClient]) -> None:
        self._clients = clients

    async def forward(
        self, request: Request, *, service: str, token: str, correlation_id: str
    ) -> Response:
        """The answer of ``service`` to ``request``, asked with ``token``.

        The body passes in both directions as it comes; memory does not grow with it.

        Raises:
            Unavailable: the service cannot be reached or broke off before it answered;
                code ``upstream-unavailable``.
        """
        client = self._clients[service]
        outgoing = client.build_request(
            "GET" if request.method == "HEAD" else request.method,
            httpx.URL(path=request.url.path, query=request.url.query.encode()),
            headers=[
                *(  # as bytes: a header may hold any of them
                    (name, value)
                    for name, value in request.headers.raw
                    if name.lower().decode("latin-1") not in _HEADERS_NOT_FORWARDED
                ),
                (b"authorization", f"Bearer {token}".encode()),
                (b"x-correlation-id", correlation_id.encode()),
            ],
            content=_body(request),
            timeout=_ANSWER_TIMEOUT,
        )
        failpoint(NOT_FORWARDED)
        try:
            answer = await client.send(outgoing, stream=True)
        except httpx.TransportError as error:
            raise Unavailable(
                f"The {service} service does not answer. Try again in a moment.",
                code=UPSTREAM_UNAVAILABLE,
                context={"service": service, "reason": type(error).__name__},
            ) from error
        failpoint(ANSWERED_NOT_RETURNED)
        return _Streamed(answer, has_body=request.method != "HEAD")


def _body(request: Request) -> AsyncIterator[bytes] | None:
    declared = request.headers.get("content-length")
    has_body = "transfer-encoding" in request.headers or declared not in {None, "0"}
    return request.stream() if has_body else None


class _Streamed(StreamingResponse):
    """An upstream answer on its way through; closed however the client leaves."""

    def __init__(self, answer: httpx.Response, *, has_body: bool) -> None:
        body = answer.aiter_raw() if has_body else iter(())
        super().__init__(body, status_code=answer.status_code)
        self._answer = answer
        self.raw_headers = [
            (name.lower(), value)
            for name, value in answer.headers.raw
            if name.decode("latin-1").lower() not in _HEADERS_NOT_RETURNED
        ]

    async def stream_response(self, send: Send) -> None:
        """Send the answer; release the upstream connection in any case."""
        try:
            await super().stream_response(send)
        finally:
            await self._answer.aclose()
