"""Bodies pass through in pieces, over a real server."""

import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from shared.http.client import make_client
from shared.observability import correlation
from shared.testing.waiting import eventually
from tests.shared.http.bench import Workshop, as_person, listening
from tests.shared.log_lines import LogLines

MIB = 1024 * 1024
LARGE_MIB = 96


@pytest.fixture
async def real(workshop: Workshop, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        listening(workshop.app, tmp_path / "s.sock") as address,
        make_client(address) as client,
    ):
        yield client


@pytest.fixture
def memory() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


async def test_a_large_upload_needs_little_memory(real: httpx.AsyncClient, memory: None) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(LARGE_MIB * 4):
            yield bytes(MIB // 4)

    await real.get("/livez")
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    response = await real.post("/v1/large-uploads", content=pieces(), headers=as_person())
    assert response.json() == {"bytes": LARGE_MIB * MIB}
    assert tracemalloc.get_traced_memory()[1] - before < 8 * MIB


async def test_a_large_download_needs_little_memory(real: httpx.AsyncClient, memory: None) -> None:
    await real.get("/livez")
    tracemalloc.reset_peak()
    before, _ = tracemalloc.get_traced_memory()
    total = 0
    async with real.stream("GET", f"/v1/downloads/{LARGE_MIB}", headers=as_person()) as response:
        async for chunk in response.aiter_raw():
            total += len(chunk)
    assert total == LARGE_MIB * MIB
    assert tracemalloc.get_traced_memory()[1] - before < 8 * MIB


async def test_a_reply_that_breaks_off_is_noticed_and_logged_once(
    real: httpx.AsyncClient, log_lines: LogLines
) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await real.get("/v1/cut-short", headers=as_person())
    failures = [line for line in log_lines.all if "exception" in line]
    assert len(failures) == 1
    assert "the disk is gone" in failures[0]["exception"]


async def test_a_client_that_leaves_is_no_error_of_ours(
    workshop: Workshop, real: httpx.AsyncClient, log_lines: LogLines
) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"x" * 1000
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        await real.post("/v1/uploads", content=half(), headers=as_person())

    def request_is_logged() -> bool:
        return any(line.get("status") == 499 for line in log_lines.all)

    await eventually(request_is_logged)
    assert not [line for line in log_lines.all if line["level"] in ("error", "critical")]


async def test_a_413_reaches_a_client_that_is_still_sending(real: httpx.AsyncClient) -> None:
    response = await real.post("/v1/orders", content=bytes(4 * MIB), headers=as_person())
    assert response.status_code == 413
    assert (await real.get("/livez")).status_code == 200


async def test_a_client_hands_on_the_correlation_id(real: httpx.AsyncClient) -> None:
    with correlation.bind("import-7"):
        response = await real.get("/livez")
    assert response.headers["X-Correlation-ID"] == "import-7"


@pytest.mark.parametrize(
    "address", ["", "localhost:80", "ftp://x", "unix:relative", "unix://host/x", "http://h/path"]
)
def test_an_odd_upstream_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="not an upstream address"):
        make_client(address)


async def test_an_http_address_is_taken() -> None:
    async with make_client("http://127.0.0.1:1") as client:
        assert client.timeout.connect == 3
        assert client.timeout.read == 10
        with pytest.raises(httpx.ConnectError):
            await client.get("/livez")
