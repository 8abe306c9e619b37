"""What operators are told on their own port."""

import httpx

from shared.http.admin import admin_app
from shared.observability.health import Health
from shared.observability.metrics import Metrics


def client_of(health: Health, metrics: Metrics) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=admin_app(health, metrics))
    return httpx.AsyncClient(transport=transport, base_url="http://admin")


async def test_readiness_names_what_fails_and_not_where() -> None:
    async def away() -> None:
        raise ConnectionError("secret host")

    async with client_of(Health({"database": away}), Metrics("s")) as client:
        response = await client.get("/readyz")
        alive = await client.get("/livez")

    assert response.status_code == 503
    assert response.json() == {"status": "not ready", "failing": {"database": "ConnectionError"}}
    assert response.headers["Retry-After"] == "1"
    assert alive.json() == {"status": "alive"}


async def test_metrics_are_in_the_text_format_of_prometheus() -> None:
    async with client_of(Health(), Metrics("s")) as client:
        response = await client.get("/metrics")

    assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert 'inbox_duplicates_total{service="s"} 0.0' in response.text


async def test_there_is_nothing_else() -> None:
    async with client_of(Health(), Metrics("s")) as client:
        replies = [await client.get(path) for path in ("/", "/docs", "/openapi.json", "/v1/me")]
        posted = await client.post("/metrics")

    assert [reply.status_code for reply in replies] == [404] * 4
    assert posted.status_code == 405
