"""HTTP clients for other services: over TCP, or over a Unix socket when all run in one process."""

from typing import Final
from urllib.parse import urlsplit

import httpx

from shared.http.middleware import CORRELATION_HEADER
from shared.observability import correlation

CONNECT_TIMEOUT_S: Final = 3.0
READ_TIMEOUT_S: Final = 10.0
POOL_TIMEOUT_S: Final = 10.0
"""Waiting for a free connection means that the upstream is slow: give up when a read would."""
MAX_CONNECTIONS: Final = 100


def make_client(base_url: str, *, read_timeout_s: float = READ_TIMEOUT_S) -> httpx.AsyncClient:
    """A client for ``http://host:port`` or ``unix:/path/to.sock``; close it when done.

    Timeouts: connect 3 s, ``read_timeout_s`` between two reads or writes. Requests carry the
    correlation id of the work at hand. Redirects are not followed, proxies of the environment not
    used.

    Raises:
        ValueError: the URL is neither form.
    """
    limits = httpx.Limits(max_connections=MAX_CONNECTIONS, keepalive_expiry=30)
    url, socket_path = _address(base_url)
    return httpx.AsyncClient(
        base_url=url,
        transport=httpx.AsyncHTTPTransport(uds=socket_path, limits=limits, trust_env=False),
        timeout=httpx.Timeout(read_timeout_s, connect=CONNECT_TIMEOUT_S, pool=POOL_TIMEOUT_S),
        event_hooks={"request": [_add_correlation_id]},
        trust_env=False,
        follow_redirects=False,
    )


def _address(base_url: str) -> tuple[str, str | None]:
    parts = urlsplit(base_url)
    if parts.scheme in {"http", "https"} and parts.hostname and parts.path in {"", "/"}:
        return base_url, None
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return "http://service", parts.path
    raise ValueError(
        f"{base_url!r} is not an upstream address: http://host:port or unix:/path/to.sock"
    )


async def _add_correlation_id(request: httpx.Request) -> None:
    correlation_id = correlation.current()
    if correlation_id is not None and CORRELATION_HEADER not in request.headers:
        request.headers[CORRELATION_HEADER] = correlation_id
