"""GET with ``If-None-Match``: 304 when the reader's copy is what it would get again.

Holds for every reply that has an ``ETag``; routes need not know.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_OF_THE_COPY = frozenset({b"content-type", b"content-length", b"content-digest"})
"""Headers that describe the body, which a 304 does not have."""


class ConditionalGet:
    """Answers 304 in the place of a 200 whose ETag the request names."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Runs one request."""
        wanted = None
        if scope["type"] == "http" and scope["method"] in {"GET", "HEAD"}:
            wanted = Headers(scope=scope).get("if-none-match")
        if wanted is None:
            await self._app(scope, receive, send)
            return
        is_known = False

        async def send_unless_known(message: Message) -> None:
            nonlocal is_known
            if message["type"] == "http.response.start":
                is_known = message["status"] == 200 and _names(
                    wanted, Headers(raw=message["headers"]).get("etag")
                )
                await send(_not_modified(message) if is_known else message)
            elif not is_known:
                await send(message)
            elif not message.get("more_body", False):
                await send({"type": "http.response.body", "body": b""})

        await self._app(scope, receive, send_unless_known)


def _names(header: str, etag: str | None) -> bool:
    """Whether ``If-None-Match`` names ``etag``; weak comparison, as RFC 9110 wants it here."""
    if etag is None:
        return False
    if header.strip() == "*":
        return True
    return etag in {tag.strip().removeprefix("W/") for tag in header.split(",")}


def _not_modified(message: Message) -> Message:
    headers = [pair for pair in message["headers"] if pair[0].lower() not in _OF_THE_COPY]
    return {**message, "status": 304, "headers": headers}
