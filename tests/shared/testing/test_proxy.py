import asyncio
import time
from collections.abc import AsyncIterator

import pytest

from shared.testing.proxy import Proxy

ANSWER = b"x" * 300


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """In front of a server that answers each line with 300 bytes."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.readline():
            writer.write(ANSWER)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, Proxy(f"http://127.0.0.1:{port}") as proxy:
        yield proxy


async def asked(proxy: Proxy) -> bytes:
    """The answer to one line, by way of the proxy."""
    place = proxy.url.rpartition("/")[2].split(":")
    reader, writer = await asyncio.open_connection(place[0], int(place[1]))
    try:
        writer.write(b"?\n")
        return await reader.readexactly(len(ANSWER))
    finally:
        writer.close()


async def test_an_answer_that_drips_arrives_whole_and_late(proxy: Proxy) -> None:
    proxy.drip(bytes_per_s=600)
    began_s = time.monotonic()
    assert await asked(proxy) == ANSWER
    assert time.monotonic() - began_s > 0.3


async def test_an_accepting_proxy_does_not_drip(proxy: Proxy) -> None:
    proxy.drip(bytes_per_s=1)
    proxy.accept()
    async with asyncio.timeout(10):
        assert await asked(proxy) == ANSWER
