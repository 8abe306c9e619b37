"""Snapshots are pulled whole and undamaged, or not at all."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest
from pydantic import BaseModel
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.auth.internal_token import TokenSigner, TokenVerifier
from shared.contracts.snapshots import (
    SnapshotManifest,
    SnapshotRef,
    decode_page,
    encode_page,
    page_sha256,
)
from shared.http import pages as pages_module
from shared.http.app import create_app
from shared.http.client import make_client
from shared.http.pages import SnapshotClient, content_digest, snapshot_path, snapshots_router
from shared.kernel.errors import Invalid, NotFound, Unavailable
from shared.observability.health import Health
from shared.observability.metrics import Metrics
from tests.shared.http.bench import (
    KEYS,
    PLANNER_PRIVATE,
    SERVICE,
    as_person,
    as_planner,
    listening,
)

SNAPSHOT = UUID("018f0000-0000-7000-8000-0000000000f0")
PATH = snapshot_path(SNAPSHOT)


class Row(BaseModel):
    n: int


PAGES = [encode_page([Row(n=n) for n in range(k * 3, k * 3 + 3)]) for k in range(2)]
MANIFEST = SnapshotManifest(
    id=SNAPSHOT,
    record_schema="row.v1",
    record_count=6,
    page_sha256=[page_sha256(page) for page in PAGES],
    header={"name": "Ä"},
)
REF = SnapshotRef(id=SNAPSHOT, record_count=6, page_count=2, digest=MANIFEST.digest(), path=PATH)


class Shelf:
    """A source with one snapshot."""

    async def manifest(self, snapshot_id: UUID) -> SnapshotManifest | None:
        return MANIFEST if snapshot_id == SNAPSHOT else None

    async def page(self, snapshot_id: UUID, number: int) -> bytes | None:
        return PAGES[number] if snapshot_id == SNAPSHOT and number < len(PAGES) else None


class Upstream:
    """The serving app, with faults in front: each takes one request, then it works again."""

    def __init__(self) -> None:
        self.faults: list[ASGIApp] = []
        self.requests = 0
        self.app = create_app(
            service=SERVICE,
            title="Upstream",
            routers=[snapshots_router(Shelf(), readers=("planner",))],
            verifier=TokenVerifier(SERVICE, KEYS),
            health=Health(),
            metrics=Metrics(SERVICE),
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.requests += 1
        app = self.faults.pop(0) if self.faults else self.app
        await app(scope, receive, send)


def answering(status: int) -> ASGIApp:
    return PlainTextResponse("no", status_code=status)


def delivering(body: bytes) -> ASGIApp:
    return Response(body)


async def hanging_up(scope: Scope, receive: Receive, send: Send) -> None:
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]}
    )
    await send({"type": "http.response.body", "body": b"x"})


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages_module, "FIRST_WAIT_S", 0.01)


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("planner")


@pytest.fixture
async def http(upstream: Upstream, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        listening(upstream, tmp_path / "s.sock") as address,
        make_client(address) as client,
    ):
        yield client


@pytest.fixture
def client(http: httpx.AsyncClient, metrics: Metrics) -> SnapshotClient:
    signer = TokenSigner("planner", PLANNER_PRIVATE)
    return SnapshotClient(http, signer, SERVICE, metrics=metrics, deadline_s=1)


async def test_a_snapshot_arrives_as_it_was_stored(client: SnapshotClient) -> None:
    manifest = await client.manifest(REF)
    assert manifest == MANIFEST
    rows = [
        row.n
        for number in range(manifest.page_count)
        for row in decode_page(await client.page(REF, manifest, number), Row)
    ]
    assert rows == [0, 1, 2, 3, 4, 5]


async def test_a_page_is_served_as_gzip_with_its_digest(http: httpx.AsyncClient) -> None:
    response = await http.get(f"{PATH}/pages/0", headers=as_planner())
    assert response.content == PAGES[0]
    assert response.headers["Content-Type"] == "application/gzip"
    assert response.headers["Content-Digest"] == content_digest(PAGES[0])
    assert "immutable" in response.headers["Cache-Control"]


@pytest.mark.parametrize("path", [f"{PATH}/pages/2", f"{snapshot_path(UUID(int=1))}/pages/0"])
async def test_what_does_not_exist_is_404(http: httpx.AsyncClient, path: str) -> None:
    assert (await http.get(path, headers=as_planner())).status_code == 404


async def test_only_the_readers_may_pull(http: httpx.AsyncClient) -> None:
    assert (await http.get(PATH, headers=as_person())).status_code == 403
    assert (await http.get(PATH)).status_code == 401


@pytest.mark.parametrize(
    "fault",
    [answering(503), answering(500), answering(502), answering(429), hanging_up],
    ids=["503", "500", "502", "429", "cut"],
)
async def test_what_may_pass_is_tried_again(
    client: SnapshotClient, upstream: Upstream, metrics: Metrics, fault: ASGIApp
) -> None:
    upstream.faults = [fault, fault]
    assert await client.page(REF, MANIFEST, 1) == PAGES[1]
    assert upstream.requests == 3
    assert metrics.retries.labels(SERVICE)._value.get() == 2


async def test_a_damaged_page_is_fetched_again(client: SnapshotClient, upstream: Upstream) -> None:
    upstream.faults = [delivering(PAGES[0][:-1]), delivering(PAGES[1])]
    assert await client.page(REF, MANIFEST, 0) == PAGES[0]


async def test_a_slow_page_is_given_up_and_fetched_again(
    client: SnapshotClient, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def never_answering(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive())["type"] != "http.disconnect":
            continue

    monkeypatch.setattr(pages_module, "PAGE_TIMEOUT_S", 0.1)
    upstream.faults = [never_answering]
    assert await client.page(REF, MANIFEST, 0) == PAGES[0]
    assert upstream.requests == 2


@pytest.mark.parametrize(("status", "kind"), [(403, Invalid), (401, Invalid), (404, NotFound)])
async def test_a_refusal_is_not_tried_again(
    client: SnapshotClient, upstream: Upstream, status: int, kind: type[Exception]
) -> None:
    upstream.faults = [answering(status)]
    with pytest.raises(kind):
        await client.page(REF, MANIFEST, 0)
    assert upstream.requests == 1


async def test_the_deadline_ends_the_trying(client: SnapshotClient, upstream: Upstream) -> None:
    upstream.faults = [answering(503)] * 10_000
    with pytest.raises(Unavailable, match=r"workshop did not deliver within 1 s: .* 503"):
        await client.manifest(REF)
    assert upstream.requests > 1


async def test_an_upstream_that_is_away_is_unavailable(tmp_path: Path) -> None:
    async with make_client(f"unix:{tmp_path}/nobody.sock") as nobody:
        client = SnapshotClient(
            nobody, TokenSigner("planner", PLANNER_PRIVATE), SERVICE, deadline_s=0.1
        )
        with pytest.raises(Unavailable):
            await client.manifest(REF)


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "0" * 64},
        {"record_count": 7},
        {"page_count": 3},
        {"path": "http://elsewhere/internal/v1/snapshots"},
        {"path": snapshot_path(UUID(int=1))},
        {"path": PATH + "/../../../v1/projects"},
    ],
)
async def test_a_snapshot_other_than_promised_is_refused(
    client: SnapshotClient, change: dict[str, object]
) -> None:
    with pytest.raises(Invalid) as caught:
        await client.manifest(REF.model_copy(update=change))
    assert caught.value.code == "snapshot-mismatch"


@pytest.mark.parametrize("body", [b"", b"{}", b"<html>", b"[1]"])
async def test_a_reply_that_is_no_manifest_is_refused(
    client: SnapshotClient, upstream: Upstream, body: bytes
) -> None:
    upstream.faults = [delivering(body)]
    with pytest.raises(Invalid, match="errors in its manifest"):
        await client.manifest(REF)


async def test_an_endless_reply_is_cut(
    client: SnapshotClient, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages_module, "MAX_PAGE_BYTES", 10)
    with pytest.raises(Invalid, match="passes 10 bytes"):
        await client.page(REF, MANIFEST, 0)


async def test_a_page_that_the_manifest_does_not_have_is_a_mistake_of_the_caller(
    client: SnapshotClient,
) -> None:
    with pytest.raises(IndexError):
        await client.page(REF, MANIFEST, 2)
