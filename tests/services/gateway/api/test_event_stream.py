"""A stream's reply ends in every way that a client can leave it."""

import asyncio
from collections.abc import AsyncGenerator

from starlette.types import Message, Scope

from services.gateway.api.event_stream import EventStreamResponse, frame, opening

SCOPE: Scope = {"type": "http", "path": "/v1/stream"}


class Telling:
    """A story without an end, and whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False
        self.ended = 0

    async def story(self) -> AsyncGenerator[bytes, None]:
        try:
            while True:
                yield b"piece\n\n"
                await asyncio.sleep(0)
        finally:
            self.is_closed = True

    def response(self) -> EventStreamResponse:
        return EventStreamResponse(self.story(), ended=self._end, send_timeout_s=0.05)

    def _end(self) -> None:
        self.ended += 1


async def never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError


async def test_a_client_that_takes_nothing_is_cut_off() -> None:
    telling = Telling()
    sent: list[Message] = []

    async def stuck(message: Message) -> None:
        sent.append(message)
        if len(sent) == 3:
            await asyncio.Event().wait()

    async with asyncio.timeout(5):
        await telling.response()(SCOPE, never, stuck)

    assert len(sent) == 3
    assert (telling.is_closed, telling.ended) == (True, 1)


async def test_a_client_that_leaves_is_noticed_while_nothing_is_sent() -> None:
    telling = Telling()
    has_begun = asyncio.Event()

    async def send(message: Message) -> None:
        has_begun.set()
        await asyncio.sleep(0)

    async def leave() -> Message:
        await has_begun.wait()
        return {"type": "http.disconnect"}

    async with asyncio.timeout(5):
        await telling.response()(SCOPE, leave, send)

    assert (telling.is_closed, telling.ended) == (True, 1)


async def test_a_connection_that_breaks_in_the_middle_is_no_error_of_ours() -> None:
    telling = Telling()

    async def broken(message: Message) -> None:
        if message["type"] == "http.response.body":
            raise OSError("gone")

    async with asyncio.timeout(5):
        await telling.response()(SCOPE, never, broken)

    assert (telling.is_closed, telling.ended) == (True, 1)


def test_an_event_is_a_frame_of_id_name_and_data() -> None:
    assert frame({"version": 3}, position=7) == b'id: 7\ndata: {"version":3}\n\n'
    assert frame({}, position=7, name="reset") == b"id: 7\nevent: reset\ndata: {}\n\n"
    assert opening(None) == b"retry: 2000\n\n"
    assert opening(41) == b"retry: 2000\nid: 41\n\n"
