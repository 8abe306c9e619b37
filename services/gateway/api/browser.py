"""What browsers are told with every answer of the public address."""

import base64
import hashlib
from collections.abc import Sequence
from typing import Final

from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.idempotency import REPLAYED_HEADER
from shared.http.middleware import CORRELATION_HEADER

_HTML: Final = "text/html"
_DATA_POLICY: Final = "default-src 'none'; frame-ancestors 'none'"
_ONE_YEAR_S: Final = 31_536_000
_PRIVATE_PREFIX: Final = "/v1/"
_METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_REQUEST_HEADERS: Final = (
    "Authorization",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    CORRELATION_HEADER,
)
_REPLY_HEADERS: Final = (
    "Content-Digest",
    "Content-Disposition",
    "ETag",
    "Location",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    REPLAYED_HEADER,
    CORRELATION_HEADER,
)


def page_policy(inline_scripts: Sequence[bytes] = ()) -> str:
    """The Content-Security-Policy of a page of ours, whose own ``inline_scripts`` may run."""
    digests = [base64.b64encode(hashlib.sha256(one).digest()).decode() for one in inline_scripts]
    sources = " ".join(["'self'", *(f"'sha256-{digest}'" for digest in digests)])
    return (
        f"default-src 'self'; script-src {sources}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )


_PAGE_POLICY: Final = page_policy()


class SecurityHeaders:
    """Adds the headers that an answer does not set itself.

    An answer of the API is not kept anywhere unless its owner says how long: it is somebody's.
    ``is_behind_tls`` promises that this host is reached by TLS only, for a year.
    """

    def __init__(self, app: ASGIApp, *, is_behind_tls: bool) -> None:
        self._app = app
        self._always = {
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "DENY",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Opener-Policy": "same-origin",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if is_behind_tls:
            self._always["Strict-Transport-Security"] = f"max-age={_ONE_YEAR_S}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._always.items():
                    headers.setdefault(name, value)
                is_page = headers.get("Content-Type", "").startswith(_HTML)
                headers.setdefault(
                    "Content-Security-Policy", _PAGE_POLICY if is_page else _DATA_POLICY
                )
                if scope["path"].startswith(_PRIVATE_PREFIX):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


def browser_middleware(*, is_behind_tls: bool, cors_origins: Sequence[str]) -> list[Middleware]:
    """Security headers; and CORS for ``cors_origins``, if there are any.

    Tokens travel in a header that pages set themselves, so no credentials are allowed.
    """
    middleware = [Middleware(SecurityHeaders, is_behind_tls=is_behind_tls)]
    if cors_origins:
        middleware.append(
            Middleware(
                CORSMiddleware,
                allow_origins=list(cors_origins),
                allow_methods=list(_METHODS),
                allow_headers=list(_REQUEST_HEADERS),
                expose_headers=list(_REPLY_HEADERS),
                allow_credentials=False,
                max_age=600,
            )
        )
    return middleware
