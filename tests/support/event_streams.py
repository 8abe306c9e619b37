"""Streams of facts as tests read them: what a browser's EventSource would make of the bytes."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx


@dataclass(frozen=True)
class Received:
    """One event as a page gets it. ``name`` is ``message`` unless the event says otherwise."""

    id: int
    name: str
    data: dict[str, Any]


@dataclass
class EventParser:
    """Lines in, events out; remembers the last id as browsers do."""

    last_id: str = ""
    comments: int = 0
    _name: str = ""
    _data: list[str] = field(default_factory=list)

    def feed(self, line: str) -> Received | None:
        """The event that ``line`` completes, if any."""
        if line.startswith(":"):
            self.comments += 1
        elif line:
            name, _, value = line.partition(": ")
            self._take(name, value)
        elif self._data:
            event = Received(
                int(self.last_id), self._name or "message", json.loads("\n".join(self._data))
            )
            self._name, self._data = "", []
            return event
        return None

    def _take(self, name: str, value: str) -> None:
        match name:
            case "id":
                self.last_id = value
            case "event":
                self._name = value
            case "data":
                self._data.append(value)


class OpenStream:
    """A stream that is open."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self.parser = EventParser()
        self._lines = response.aiter_lines()

    async def next(self) -> Received:
        """The next event.

        Raises:
            StopAsyncIteration: the stream has ended.
        """
        while True:
            event = self.parser.feed(await anext(self._lines))
            if event is not None:
                return event

    async def begun(self) -> str:
        """The id under which the stream begins, once it is told."""
        while not self.parser.last_id:
            self.parser.feed(await anext(self._lines))
        return self.parser.last_id

    async def heartbeat(self) -> None:
        """Wait for a comment."""
        heard = self.parser.comments
        while self.parser.comments == heard:
            self.parser.feed(await anext(self._lines))

    async def ended(self) -> None:
        """Read on until the server ends the stream in good order."""
        async for _ in self._lines:
            pass


@asynccontextmanager
async def open_stream(
    client: httpx.AsyncClient, path: str, headers: dict[str, str], *, after: str | None = None
) -> AsyncIterator[OpenStream]:
    """The stream at ``path``, continued after an id."""
    told = headers if after is None else {**headers, "Last-Event-ID": after}
    async with client.stream("GET", path, headers=told, timeout=30) as response:
        if response.status_code != httpx.codes.OK:
            await response.aread()
        yield OpenStream(response)


@contextmanager
def open_stream_blocking(client: httpx.Client, path: str) -> Iterator[Iterator[Received]]:
    """The same for code that blocks: its events, one after another."""
    with client.stream("GET", path, timeout=60) as response:
        assert response.status_code == httpx.codes.OK, response.read()
        lines = response.iter_lines()
        parser = EventParser()
        while not parser.last_id:
            parser.feed(next(lines))
        yield (event for line in lines if (event := parser.feed(line)) is not None)
