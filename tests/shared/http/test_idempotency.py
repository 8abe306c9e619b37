"""A creating POST may be repeated: one effect, one reply. On a real database."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, Response
from starlette.requests import Request

from shared.auth.internal_token import TokenSigner, TokenVerifier
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.app import create_app
from shared.http.idempotency import KeyedPost, KeyScope, RequestDigest, json_reply, run_once
from shared.http.models import RequestModel
from shared.http.security import require
from shared.kernel.errors import Conflict, TooManyRequests, Unavailable
from shared.observability.health import Health
from shared.observability.metrics import Metrics
from shared.testing.waiting import eventually
from tests.shared.db.workshop import SERVICE, WidgetMade, Widgets, row_count, widget_names
from tests.shared.http.bench import GATEWAY_PRIVATE, KEYS, as_person, talking_to

Writer = Annotated[Principal, require(Permission.WRITE)]


class NewWidget(RequestModel):
    name: str


@dataclass
class Factory:
    """Makes widgets, and fails as told."""

    db: Database
    failures: list[Exception] = field(default_factory=list)
    gate: asyncio.Event | None = None
    runs: int = 0

    async def make(self, transactions: Transactions[Widgets], name: str) -> None:
        """The use case: it opens transactions as it likes and knows nothing of keys."""
        self.runs += 1
        async with transactions() as tx:
            await tx.store.add(name)
        if self.gate is not None:
            await self.gate.wait()
        async with transactions() as tx:
            await tx.publish(WidgetMade(name=name), aggregate_version=1)
        if self.failures:
            raise self.failures.pop(0)

    def routes(self) -> APIRouter:
        router = APIRouter(prefix="/v1")

        @router.post("/widgets", status_code=201)
        async def make_widget(body: NewWidget, keyed: KeyedPost, caller: Writer) -> Response:
            async def work(transactions: Transactions[Widgets]) -> Reply:
                await self.make(transactions, body.name)
                content = {"name": body.name, "by": caller.name}
                return json_reply(201, content, location=f"/v1/widgets/{body.name}", version=1)

            return await run_once(self.db, self.db.transactions(Widgets), keyed, work)

        @router.post("/uploads/{name}")
        async def upload(name: str, scope: KeyScope, caller: Writer) -> dict[str, str]:
            return {"principal": scope.principal, "route": scope.route, "key": scope.key}

        return router


@pytest.fixture
def factory(db: Database) -> Factory:
    return Factory(db)


@pytest.fixture
async def client(factory: Factory) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(
        service=SERVICE,
        title="Workshop",
        routers=[factory.routes()],
        verifier=TokenVerifier(SERVICE, KEYS),
        health=Health(),
        metrics=Metrics(SERVICE),
    )
    async with talking_to(app) as client:
        yield client


async def post(
    client: httpx.AsyncClient, key: str | None = "k1", name: str = "cog", **headers: str
) -> httpx.Response:
    given = as_person() | ({} if key is None else {"Idempotency-Key": key}) | headers
    return await client.post("/v1/widgets", json={"name": name}, headers=given)


async def test_a_repeated_request_gives_the_same_reply_and_one_effect(
    client: httpx.AsyncClient, factory: Factory
) -> None:
    first, second = await post(client), await post(client)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json() == {"name": "cog", "by": "Anna"}
    assert first.headers["Location"] == second.headers["Location"] == "/v1/widgets/cog"
    assert first.headers["ETag"] == second.headers["ETag"] == '"1"'
    assert second.headers["Content-Type"] == "application/json"
    assert "Idempotency-Replayed" not in first.headers
    assert second.headers["Idempotency-Replayed"] == "true"
    assert factory.runs == 1
    assert await widget_names(factory.db) == ["cog"]
    assert await row_count(factory.db, "outbox") == 1


async def test_another_key_is_another_request(client: httpx.AsyncClient, factory: Factory) -> None:
    await post(client, "k1", "cog")
    await post(client, "k2", "gear")
    assert await widget_names(factory.db) == ["cog", "gear"]


async def test_a_key_belongs_to_the_person(client: httpx.AsyncClient, factory: Factory) -> None:
    bob = Principal(kind="user", id="bob", name="Bob", permissions=frozenset(Permission))
    token = TokenSigner("gateway", GATEWAY_PRIVATE).sign(bob, SERVICE)
    await post(client, "k1", "cog")
    assert (await post(client, "k1", "gear", Authorization=f"Bearer {token}")).status_code == 201


@pytest.mark.parametrize("change", ["body", "query"])
async def test_a_key_for_another_request_is_422(client: httpx.AsyncClient, change: str) -> None:
    await post(client)
    if change == "body":
        response = await post(client, name="gear")
    else:
        headers = as_person() | {"Idempotency-Key": "k1"}
        response = await client.post("/v1/widgets?x=1", json={"name": "cog"}, headers=headers)
    assert response.status_code == 422
    assert response.json()["code"] == "idempotency-key-reused"


async def test_a_key_in_flight_is_409(client: httpx.AsyncClient, factory: Factory) -> None:
    factory.gate = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(post(client))
        await eventually(lambda: factory.runs == 1)
        second = await post(client)
        factory.gate.set()
    assert second.status_code == 409
    assert second.json()["code"] == "idempotency-key-in-flight"
    assert first.result().status_code == 201
    assert factory.runs == 1


async def test_a_refusal_is_given_again_and_leaves_no_effect(
    client: httpx.AsyncClient, factory: Factory
) -> None:
    factory.failures = [Conflict("There is one already.", code="widget-exists")]
    first, second = await post(client), await post(client)
    assert first.status_code == second.status_code == 409
    assert first.json() == second.json()
    assert first.json()["code"] == "widget-exists"
    assert first.json()["instance"] == "/v1/widgets"
    assert second.headers["Content-Type"] == "application/problem+json"
    assert second.headers["Idempotency-Replayed"] == "true"
    assert factory.runs == 1
    assert await widget_names(factory.db) == []
    assert await row_count(factory.db, "outbox") == 0


@pytest.mark.parametrize(
    ("failure", "status"),
    [
        (Unavailable("The disk is away."), 503),
        (TooManyRequests("Slow down."), 429),
        (KeyError("a bug"), 500),
    ],
)
async def test_what_may_pass_is_not_stored_and_repeating_works(
    client: httpx.AsyncClient, factory: Factory, failure: Exception, status: int
) -> None:
    factory.failures = [failure]
    assert (await post(client)).status_code == status
    assert await widget_names(factory.db) == []
    assert (await post(client)).status_code == 201
    assert await widget_names(factory.db) == ["cog"]


async def test_a_request_cut_off_gives_its_key_back(
    client: httpx.AsyncClient, factory: Factory
) -> None:
    factory.gate = asyncio.Event()
    request = asyncio.create_task(post(client))
    await eventually(lambda: factory.runs == 1)
    request.cancel()
    await asyncio.wait({request})
    factory.gate = None
    assert (await post(client)).status_code == 201
    assert await widget_names(factory.db) == ["cog"]


async def test_a_creating_request_without_a_key_is_400(client: httpx.AsyncClient) -> None:
    response = await post(client, None)
    assert response.status_code == 400
    assert response.json()["code"] == "idempotency-key-required"


@pytest.mark.parametrize("key", ["", "a b", "x" * 201])
async def test_an_odd_key_is_400(client: httpx.AsyncClient, key: str) -> None:
    response = await post(client, key)
    assert response.status_code == 400
    assert response.json()["code"] == "malformed-header"


async def test_an_invalid_body_takes_no_key(client: httpx.AsyncClient, factory: Factory) -> None:
    headers = as_person() | {"Idempotency-Key": "k1"}
    response = await client.post("/v1/widgets", json={"nam": 1}, headers=headers)
    assert response.status_code == 422
    assert (await post(client)).status_code == 201


async def test_a_streaming_route_knows_whose_key_it_is(client: httpx.AsyncClient) -> None:
    headers = as_person() | {"Idempotency-Key": "k1"}
    response = await client.post("/v1/uploads/a", headers=headers)
    assert response.json() == {
        "principal": "user:018f0000-0000-7000-8000-00000000aaaa",
        "route": "POST /v1/uploads/{name}",
        "key": "k1",
    }


def test_a_digest_is_of_address_and_body_however_it_arrives() -> None:
    def digest(path: str, *chunks: bytes) -> str:
        scope: dict[str, Any] = {
            "type": "http",
            "path": path,
            "query_string": b"",
            "headers": [],
            "server": ("s", 80),
        }
        whole = RequestDigest(Request(scope))
        for chunk in chunks:
            whole.update(chunk)
        return whole.hexdigest()

    assert digest("/a", b"xy") == digest("/a", b"x", b"y")
    assert digest("/a", b"xy") != digest("/b", b"xy")
    assert digest("/a", b"xy") != digest("/a", b"x")
