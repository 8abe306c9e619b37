"""Bodies that are too large or too slow for the class of their route."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from shared.testing.postgres import FreshDatabase
from tests.services.gateway.conftest import Gateway, new_key, running_gateway
from tests.services.gateway.echo import EchoUpstream

PROJECT = "/v1/projects/0193a1b2-0000-7000-8000-000000000001"
SHORT_S = 0.2
SMALL = 4096
JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def impatient(
    gateway_database: FreshDatabase, keys: tuple[str, str], echo: EchoUpstream
) -> AsyncIterator[Gateway]:
    """A gateway that waits for bodies for a fifth of a second."""
    async with running_gateway(
        gateway_database,
        keys,
        echo,
        body_timeout_s=SHORT_S,
        upload_idle_s=SHORT_S,
        max_body_bytes=SMALL,
        body_max_bytes=4 * SMALL,
    ) as running:
        yield running


async def begun() -> AsyncIterator[bytes]:
    """A body that never ends."""
    yield b"{"
    await asyncio.Event().wait()


async def dripping(pieces: int) -> AsyncIterator[bytes]:
    """A body that takes longer than a JSON body may, and never pauses as long as an upload may."""
    for _ in range(pieces):
        await asyncio.sleep(SHORT_S / 4)
        yield b" "


@pytest.mark.parametrize("path", ["/v1/users", "/v1/projects", f"{PROJECT}/inventories"])
async def test_a_body_that_stops_is_given_up(impatient: Gateway, path: str) -> None:
    headers = await impatient.log_in() | new_key() | JSON

    reply = await impatient.client.post(path, content=begun(), headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (408, "request-timeout")
    assert reply.headers["Connection"] == "close"


async def test_json_has_a_deadline_and_an_upload_only_has_to_go_on(impatient: Gateway) -> None:
    headers = await impatient.log_in() | new_key() | JSON

    slow = await impatient.client.post("/v1/projects", content=dripping(40), headers=headers)
    upload = await impatient.client.post(
        f"{PROJECT}/inventories", content=dripping(8), headers=headers
    )

    assert slow.status_code == 408
    assert (upload.status_code, upload.json()["size"]) == (200, 8)


@pytest.mark.parametrize("path", ["/v1/users", "/v1/projects", f"{PROJECT}/plan/snapshots"])
async def test_json_over_its_limit_does_not_reach_anybody(impatient: Gateway, path: str) -> None:
    headers = await impatient.log_in() | new_key() | JSON

    reply = await impatient.client.post(path, content=b" " * (SMALL + 1), headers=headers)

    assert (reply.status_code, reply.json()["code"]) == (413, "too-large")
    assert impatient.upstream.seen == []


async def test_an_upload_may_be_larger_than_json(impatient: Gateway) -> None:
    headers = await impatient.log_in() | new_key()
    path = f"{PROJECT}/inventories"

    fits = await impatient.client.post(path, content=bytes(4 * SMALL), headers=headers)
    too_large = await impatient.client.post(path, content=bytes(4 * SMALL + 1), headers=headers)

    assert fits.status_code == 200
    assert too_large.status_code == 413
