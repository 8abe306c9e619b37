"""Who may call a route, and what a stranger learns."""

from typing import Any

import httpx
import pytest
from fastapi import APIRouter

from shared.auth.internal_token import TokenSigner
from shared.auth.permissions import Permission
from shared.http.security import allow_anybody, require, require_signed_in
from shared.observability.health import Health
from shared.observability.metrics import Metrics
from tests.shared.http.bench import (
    FOREIGN,
    GATEWAY_PRIVATE,
    PROJECT,
    Workshop,
    as_person,
    as_planner,
    build,
    person,
    talking_to,
)

ORDERS = f"/v1/projects/{PROJECT}/orders"


async def status(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> int:
    return (await client.get(url, headers=headers)).status_code


async def test_a_person_with_the_permission_is_let_in(client: httpx.AsyncClient) -> None:
    response = await client.get(ORDERS, headers=as_person(Permission.READ))
    assert response.json() == {"items": [str(PROJECT), "100"], "next_cursor": None}


async def test_a_person_without_the_permission_is_not(client: httpx.AsyncClient) -> None:
    assert await status(client, ORDERS, as_person(Permission.WRITE)) == 403


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Basic eDp5", "Bearer x.y.z", "bearer"]
)
async def test_useless_credentials_are_401(client: httpx.AsyncClient, header: str) -> None:
    assert await status(client, ORDERS, {"Authorization": header}) == 401


async def test_a_token_for_another_service_is_401(client: httpx.AsyncClient) -> None:
    token = TokenSigner("gateway", GATEWAY_PRIVATE).sign(person(), "exporter")
    assert await status(client, ORDERS, {"Authorization": f"Bearer {token}"}) == 401


async def test_a_service_may_not_use_routes_of_people(client: httpx.AsyncClient) -> None:
    assert await status(client, ORDERS, as_planner()) == 403


async def test_a_foreign_project_does_not_exist(client: httpx.AsyncClient) -> None:
    mine = as_person(Permission.READ, projects=frozenset({PROJECT}))
    assert await status(client, ORDERS, mine) == 200
    response = await client.get(f"/v1/projects/{FOREIGN}/orders", headers=mine)
    assert response.status_code == 404
    assert response.json()["code"] == "project-not-found"


async def test_internal_routes_are_for_the_named_service(client: httpx.AsyncClient) -> None:
    assert await status(client, "/internal/v1/parts", as_planner()) == 200
    assert await status(client, "/internal/v1/parts", as_person()) == 403
    assert await status(client, "/internal/v1/parts", {}) == 401


async def test_an_open_route_needs_nothing(client: httpx.AsyncClient) -> None:
    assert await status(client, "/v1/open", {}) == 200


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method} {path}": {key: value for key, value in operation.items() if key[:2] == "x-"}
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_openapi_shows_who_may_call(workshop: Workshop) -> None:
    shown = operations(workshop.app.openapi())
    assert shown["get /v1/projects/{project_id}/orders"] == {"x-permission": "migration:read"}
    assert shown["post /v1/orders"] == {"x-permission": "migration:write"}
    assert shown["get /internal/v1/parts"] == {"x-service": ["planner"]}
    assert shown["get /v1/open"] == {"x-public": True}
    assert all(len(access) == 1 for access in shown.values())
    assert not any(path.endswith(("/livez", "/readyz", "/metrics")) for path in shown)


def test_openapi_shows_errors_as_problem_documents(workshop: Workshop) -> None:
    document = workshop.app.openapi()
    replies = document["paths"]["/v1/orders"]["post"]["responses"]
    assert set(replies) == {"200", "default"}
    assert replies["default"]["content"] == {
        "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
    }
    assert {"Problem", "ProblemError"} <= set(document["components"]["schemas"])
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_a_route_that_does_not_say_who_may_call_it_does_not_start() -> None:
    router = APIRouter()

    @router.get("/v1/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(ValueError, match="/v1/forgotten: a route declares exactly once"):
        build(Health(), Metrics("workshop"), extra=router)


def test_a_route_that_says_it_twice_does_not_start() -> None:
    router = APIRouter(dependencies=[allow_anybody()])

    @router.get("/v1/doubtful", dependencies=[require(Permission.ADMIN)])
    async def doubtful() -> None: ...

    with pytest.raises(ValueError, match="this one 2 times"):
        build(Health(), Metrics("workshop"), extra=router)


async def test_a_route_for_everybody_signed_in_refuses_services() -> None:
    router = APIRouter()

    @router.get("/v1/me", dependencies=[require_signed_in()])
    async def me() -> str:
        return "you"

    async with talking_to(build(Health(), Metrics("workshop"), extra=router)) as client:
        assert await status(client, "/v1/me", as_person(Permission.APPROVE)) == 200
        assert await status(client, "/v1/me", as_planner()) == 403
