"""Server-sent events as a reply: it ends when the client leaves, and when it takes nothing."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from typing import Final

import orjson
import structlog
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

MEDIA_TYPE: Final = "text/event-stream"
RECONNECT_MS: Final = 2000
HEARTBEAT: Final = b": heartbeat\n\n"
"""A comment: it keeps proxies from closing a silent connection, and clients ignore it."""

_HEADERS: Final = {
    "Cache-Control": "no-store, no-transform",  # no-transform: nobody compresses, hence buffers
    "X-Accel-Buffering": "no",
}

_log = structlog.stdlib.get_logger(__name__)


def opening(position: int | None) -> bytes:
    """The first bytes: how soon to come back, and where a client is that does not know yet."""
    place = "" if position is None else f"id: {position}\n"
    return f"retry: {RECONNECT_MS}\n{place}\n".encode()


def frame(data: Mapping[str, object], *, position: int, name: str | None = None) -> bytes:
    """One event. Without a ``name`` browsers hand it to ``onmessage``."""
    title = f"event: {name}\n" if name is not None else ""
    return f"id: {position}\n{title}data: ".encode() + orjson.dumps(data) + b"\n\n"


class EventStreamResponse(Response):
    """Sends the pieces of a story until it ends, the client leaves, or a piece is not taken.

    ``ended`` is called once in any case. A piece counts as taken when the connection has room for
    the next: what a client that has stopped reading leaves in memory is one buffer.
    """

    media_type = MEDIA_TYPE

    def __init__(
        self,
        story: AsyncGenerator[bytes, None],
        *,
        ended: Callable[[], None],
        send_timeout_s: float,
    ) -> None:
        super().__init__(headers=_HEADERS)
        del self.headers["content-length"]
        self._story = story
        self._ended = ended
        self._send_timeout_s = send_timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Tell the story."""
        telling = asyncio.create_task(self._tell(send), name=f"stream {scope['path']}")
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({telling, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._ended()
            telling.cancel()  # no effect on the one that is done
            leaving.cancel()
            await asyncio.wait({telling, leaving})
        if not telling.cancelled():
            telling.result()

    async def _tell(self, send: Send) -> None:
        start: Message = {
            "type": "http.response.start",
            "status": self.status_code,
            "headers": self.raw_headers,
        }
        try:
            async with aclosing(self._story) as story:
                await self._send(send, start)
                async for piece in story:
                    await self._send(
                        send, {"type": "http.response.body", "body": piece, "more_body": True}
                    )
            await self._send(send, {"type": "http.response.body", "body": b""})
        except TimeoutError:
            _log.warning("client cut off: it takes nothing", after_s=self._send_timeout_s)
        except OSError:  # it left in the middle of a piece
            return

    async def _send(self, send: Send, message: Message) -> None:
        async with asyncio.timeout(self._send_timeout_s):
            await send(message)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
