"""The running platform keeps what its document promises, route by route.

The sweeps go over the document: a new route is swept as soon as it is published.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.openapi.contract import UPDATES, takes
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import EmbeddedPlatform
from tests.support.seeded import SAMPLE, Seeded, seed
from tests.system.conftest import client_of

pytestmark = pytest.mark.system

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "api" / "openapi.json"
STALE = '"999999"'


ENDLESS = "gateway_stream_facts"
"""An answer that goes on until the client leaves; its own tests look at its headers."""


def published() -> list[tuple[str, str, dict[str, Any]]]:
    document = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return [
        (path, method, operation)
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
    ]


def those(*, header: str | None = None, query: str | None = None, methods: set[str]) -> list[Any]:
    """Published operations that take ``header`` or ``query``."""
    return [
        pytest.param(path, method, operation, id=operation["operationId"])
        for path, method, operation in published()
        if method in methods and takes(operation, header or query or "")
    ]


@pytest.fixture(scope="module")
def seeded(embedded: EmbeddedPlatform) -> Seeded:
    """The platform has one of everything."""
    return seed(client_of(embedded))


@pytest.fixture(scope="module")
def http(embedded: EmbeddedPlatform) -> Iterator[httpx.Client]:
    """A signed-in client."""
    client: PlatformClient = client_of(embedded)
    yield client.http
    client.http.close()


def body_of(operation: dict[str, Any], seeded: Seeded) -> dict[str, Any]:
    """The body to send: the sample where a file is wanted, else the document's example."""
    content = operation.get("requestBody", {}).get("content", {})
    if "application/octet-stream" in content:
        return {"content": SAMPLE.read_bytes()}
    if "application/json" not in content:
        return {}
    example = content["application/json"]["example"]
    return {"json": seeded.body(operation["operationId"], example)}


def query_of(operation: dict[str, Any], seeded: Seeded) -> dict[str, str]:
    """The parameters that have to be given: ids of what is there."""
    return {
        parameter["name"]: seeded.id_in("", parameter["name"])
        for parameter in operation.get("parameters", [])
        if parameter.get("in") == "query" and parameter.get("required")
    }


def base_of(
    http: httpx.Client, seeded: Seeded, path: str, operation: dict[str, Any]
) -> dict[str, str]:
    """The current version of what a creation builds on, where it has to say that."""
    if not takes(operation, "If-Match"):
        return {}
    return {"If-Match": http.get(seeded.address(path.rpartition("/")[0])).headers["ETag"]}


@pytest.mark.parametrize(
    ("path", "method", "operation"), those(header="Idempotency-Key", methods={"post"})
)
def test_a_repeated_creation_gives_the_first_reply_again(
    http: httpx.Client, seeded: Seeded, path: str, method: str, operation: dict[str, Any]
) -> None:
    def send() -> httpx.Response:
        body = body_of(operation, seeded)
        return http.request(method, seeded.address(path), headers=headers, **body)

    headers = {"Idempotency-Key": str(uuid4()), **base_of(http, seeded, path, operation)}
    first, again = send(), send()

    assert first.status_code < 500, first.text
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers.get("Idempotency-Replayed") == "true", again.text
    assert (again.status_code, again.content) == (first.status_code, first.content)
    for name in ("Location", "ETag", "Content-Type"):
        assert again.headers.get(name) == first.headers.get(name)


@pytest.mark.parametrize(
    ("path", "method", "operation"), those(header="Idempotency-Key", methods={"post"})
)
def test_a_creation_without_a_key_is_refused(
    http: httpx.Client, seeded: Seeded, path: str, method: str, operation: dict[str, Any]
) -> None:
    headers = base_of(http, seeded, path, operation)
    reply = http.request(
        method, seeded.address(path), headers=headers, **body_of(operation, seeded)
    )

    assert (reply.status_code, reply.json()["code"]) == (400, "idempotency-key-required")


@pytest.mark.parametrize(
    ("path", "method", "operation"), those(header="If-Match", methods=set(UPDATES))
)
def test_an_update_needs_the_current_etag(
    http: httpx.Client, seeded: Seeded, path: str, method: str, operation: dict[str, Any]
) -> None:
    def send(**headers: str) -> httpx.Response:
        body = body_of(operation, seeded)
        return http.request(method, address, headers=headers, **body)

    address = seeded.address(path)
    current = http.get(address).headers["ETag"]

    without, stale = send(), send(**{"If-Match": STALE})
    changed = send(**{"If-Match": current})
    late = send(**{"If-Match": current})

    assert (without.status_code, without.json()["code"]) == (428, "precondition-required")
    assert (stale.status_code, stale.json()["code"]) == (412, "precondition-failed")
    assert changed.status_code == 200, changed.text
    assert changed.headers["ETag"] == http.get(address).headers["ETag"]
    assert changed.headers["ETag"] == current or late.status_code == 412


@pytest.mark.parametrize(
    ("path", "method", "operation"), those(header="If-None-Match", methods={"get"})
)
def test_a_reader_with_the_current_copy_is_told_so(
    http: httpx.Client, seeded: Seeded, path: str, method: str, operation: dict[str, Any]
) -> None:
    address = seeded.address(path)
    etag = http.get(address).headers["ETag"]

    known = http.get(address, headers={"If-None-Match": f'"other", {etag}'})
    other = http.get(address, headers={"If-None-Match": '"other"'})

    assert (known.status_code, known.content, known.headers["ETag"]) == (304, b"", etag)
    assert other.status_code == 200


@pytest.mark.parametrize(("path", "method", "operation"), those(query="cursor", methods={"get"}))
def test_a_list_is_read_page_by_page_within_its_bounds(
    http: httpx.Client, seeded: Seeded, path: str, method: str, operation: dict[str, Any]
) -> None:
    address = seeded.address(path)

    def read(**query: object) -> httpx.Response:
        return http.get(address, params={key: str(value) for key, value in query.items()})

    for limit in (0, 501, "x"):
        assert read(limit=limit).json()["errors"][0]["parameter"] == "limit"
    assert (read(cursor="x").status_code, read(cursor="x").json()["code"]) == (
        400,
        "invalid-cursor",
    )
    whole = read(limit=3).json()["items"]
    first = read(limit=1).json()
    assert first["items"] == whole[:1]
    if len(whole) > 1:
        second = read(limit=1, cursor=first["next_cursor"]).json()
        assert second["items"] == whole[1:2]
    else:
        assert first["next_cursor"] is None


def test_every_answer_tells_browsers_to_keep_it_to_themselves(
    http: httpx.Client, seeded: Seeded
) -> None:
    for path, method, operation in published():
        if method != "get" or operation["operationId"] == ENDLESS:
            continue
        reply = http.get(seeded.address(path), params=query_of(operation, seeded))
        assert reply.status_code in {200, 404}, (path, reply.text)
        assert reply.headers["Cache-Control"] == "no-store" or (
            reply.headers["Cache-Control"].startswith("private") and "ETag" in reply.headers
        ), operation["operationId"]
        assert reply.headers["X-Content-Type-Options"] == "nosniff"
        assert reply.headers["RateLimit"].count(";r=") == 2
