"""A TCP proxy in front of a server, whose connections a test may cut, silence, slow or refuse."""

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

_CHUNK_BYTES: Final = 65536
_DRIP_EVERY_S: Final = 0.1


class Proxy:
    """Forwards connections to the server that ``url`` names by host and port.

    Use as an async context manager; :attr:`url` then leads through it.
    """

    host: Final = "127.0.0.1"

    def __init__(self, url: str) -> None:
        self._target = urlsplit(url)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._is_refusing = False
        self._is_swallowing = False
        self._drip_bytes_s: float | None = None
        self._port = 0
        self.refused_count = 0
        """Connections that were ended at once."""

    @property
    def url(self) -> str:
        """The server's URL, by way of this proxy."""
        login, at, _ = self._target.netloc.rpartition("@")
        return self._target._replace(netloc=f"{login}{at}{self.host}:{self._port}").geturl()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, self.host, 0)
        self._port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.refuse()
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    def cut(self) -> None:
        """Break every connection, as a failing network does. New ones are accepted."""
        for writer in list(self._writers):
            writer.transport.abort()

    def refuse(self) -> None:
        """Break every connection and end new ones at once, until :meth:`accept`."""
        self._is_refusing = True
        self.cut()

    def accept(self) -> None:
        """End what :meth:`refuse`, :meth:`swallow_replies` and :meth:`drip` began."""
        self._is_refusing = False
        self._is_swallowing = False
        self._drip_bytes_s = None

    def swallow_replies(self) -> None:
        """From now on requests arrive, and what the server answers is lost."""
        self._is_swallowing = True

    def drip(self, *, bytes_per_s: float) -> None:
        """From now on the server's answers come so slowly, on each connection."""
        self._drip_bytes_s = bytes_per_s

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_refusing:
            self.refused_count += 1
            writer.transport.abort()
            return
        try:
            to_server = await asyncio.open_connection(self._target.hostname, self._target.port)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, to_server[1]}
        self._writers |= ends
        try:
            async with asyncio.TaskGroup() as directions:
                directions.create_task(self._pump(reader, to_server[1], replies=False))
                directions.create_task(self._pump(to_server[0], writer, replies=True))
        finally:
            self._writers -= ends

    async def _pump(
        self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, *, replies: bool
    ) -> None:
        with suppress(OSError):
            while data := await source.read(_CHUNK_BYTES):
                if replies and self._is_swallowing:
                    continue
                await self._pass_on(data, sink, replies=replies)
        sink.close()

    async def _pass_on(self, data: bytes, sink: asyncio.StreamWriter, *, replies: bool) -> None:
        while data:
            rate = self._drip_bytes_s if replies else None
            size = len(data) if rate is None else max(1, round(rate * _DRIP_EVERY_S))
            sink.write(data[:size])
            await sink.drain()
            data = data[size:]
            if rate is not None:
                await asyncio.sleep(_DRIP_EVERY_S)
