"""If-None-Match: 304 for whoever has the current copy."""

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from shared.http.conditional import ConditionalGet

TAG = '"7"'


async def document(request: Request) -> Response:
    return Response("{}", headers={"ETag": TAG, "X-Kept": "yes"}, media_type="application/json")


async def long(request: Request) -> Response:
    async def pieces():
        for _ in range(3):
            yield b"x" * 100

    return StreamingResponse(pieces(), headers={"ETag": TAG})


async def untagged(request: Request) -> Response:
    return Response("{}", status_code=404 if request.url.path == "/gone" else 200)


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = Starlette(
        routes=[
            Route("/document", document, methods=["GET", "POST"]),
            Route("/long", long),
            Route("/untagged", untagged),
            Route("/gone", untagged),
        ]
    )
    transport = httpx.ASGITransport(app=ConditionalGet(app))
    return httpx.AsyncClient(transport=transport, base_url="http://test")


@pytest.mark.parametrize("header", [TAG, f'"6", {TAG}', f"W/{TAG}", "*"])
@pytest.mark.parametrize("path", ["/document", "/long"])
async def test_a_current_copy_is_not_sent_again(
    client: httpx.AsyncClient, path: str, header: str
) -> None:
    reply = await client.get(path, headers={"If-None-Match": header})

    assert (reply.status_code, reply.content) == (304, b"")
    assert reply.headers["ETag"] == TAG
    assert not {"content-type", "content-length"} & reply.headers.keys()


@pytest.mark.parametrize("header", ['"6"', "7", "", '"77"'])
async def test_another_copy_is_replaced(client: httpx.AsyncClient, header: str) -> None:
    reply = await client.get("/document", headers={"If-None-Match": header})

    assert (reply.status_code, reply.text) == (200, "{}")


async def test_only_successful_reads_of_tagged_things_are_conditional(
    client: httpx.AsyncClient,
) -> None:
    headers = {"If-None-Match": "*"}

    assert (await client.post("/document", headers=headers)).status_code == 200
    assert (await client.get("/untagged", headers=headers)).status_code == 200
    assert (await client.get("/gone", headers=headers)).status_code == 404
    assert (await client.head("/document", headers=headers)).status_code == 304
