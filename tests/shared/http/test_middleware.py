"""Correlation ids, limits, probes, figures and the access log around every request."""

from collections.abc import AsyncIterator

import httpx
import pytest

from shared.observability import correlation
from tests.shared.http.bench import (
    BODY_LIMIT,
    PROJECT,
    UPLOAD_LIMIT,
    Workshop,
    as_person,
)
from tests.shared.log_lines import LogLines

JSON = {"Content-Type": "application/json"}


async def pieces(count: int, size: int = 512) -> AsyncIterator[bytes]:
    for _ in range(count):
        yield b"x" * size


async def test_a_plain_correlation_id_is_kept(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/open", headers={"X-Correlation-ID": "demo-7"})
    assert response.headers["X-Correlation-ID"] == "demo-7"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, 'a"b', "é"])
async def test_an_odd_correlation_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/v1/open", headers={b"X-Correlation-ID": given.encode("latin-1")})
    assert response.headers["X-Correlation-ID"] not in ("", given)


async def test_the_correlation_id_ends_with_the_request(client: httpx.AsyncClient) -> None:
    await client.get("/v1/open")
    assert correlation.current() is None


async def test_a_body_over_the_limit_is_refused_by_its_told_length(
    client: httpx.AsyncClient,
) -> None:
    content = b" " * (BODY_LIMIT + 1)
    response = await client.post("/v1/orders", content=content, headers=as_person() | JSON)
    assert response.status_code == 413
    assert response.headers["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "too-large"


async def test_a_body_over_the_limit_is_refused_while_it_streams(
    client: httpx.AsyncClient,
) -> None:
    asked = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal asked
        while asked < 1000:
            asked += 1
            yield b" " * 512

    response = await client.post("/v1/orders", content=endless(), headers=as_person() | JSON)
    assert response.status_code == 413
    assert asked == BODY_LIMIT // 512 + 1


async def test_a_body_at_the_limit_is_taken(client: httpx.AsyncClient) -> None:
    content = b'{"title": "t"}'.ljust(BODY_LIMIT)
    response = await client.post("/v1/orders", content=content, headers=as_person() | JSON)
    assert response.status_code == 200


async def test_a_streaming_route_has_a_limit_of_its_own(client: httpx.AsyncClient) -> None:
    count = UPLOAD_LIMIT // 512
    taken = await client.post("/v1/uploads", content=pieces(count), headers=as_person())
    assert taken.json() == {"bytes": UPLOAD_LIMIT}
    refused = await client.post("/v1/uploads", content=pieces(count + 1), headers=as_person())
    assert refused.status_code == 413
    told = await client.post("/v1/uploads", content=bytes(UPLOAD_LIMIT + 1), headers=as_person())
    assert told.status_code == 413


async def test_a_route_that_reads_no_body_is_not_limited(client: httpx.AsyncClient) -> None:
    response = await client.request("GET", "/v1/open", content=bytes(BODY_LIMIT + 1))
    assert response.status_code == 200


async def test_probes_need_no_credentials(client: httpx.AsyncClient) -> None:
    assert (await client.get("/livez")).json() == {"status": "alive"}
    assert (await client.get("/readyz")).json() == {"status": "ready"}


async def test_readiness_does_not_tell_everybody_why_it_fails(
    workshop: Workshop, client: httpx.AsyncClient
) -> None:
    async def away() -> None:
        raise ConnectionError("secret host")

    workshop.health.add("database", away)
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {"status": "not ready"}
    assert response.headers["Retry-After"] == "1"
    assert (await client.get("/livez")).status_code == 200


async def test_metrics_are_not_where_requests_are_answered(client: httpx.AsyncClient) -> None:
    assert (await client.get("/metrics")).status_code == 404


async def test_requests_are_counted_under_their_template(
    workshop: Workshop, client: httpx.AsyncClient
) -> None:
    await client.get(f"/v1/projects/{PROJECT}/orders", headers=as_person())
    await client.get(f"/v1/projects/{PROJECT}/orders")
    await client.get("/v1/unknown/1")
    await client.request("BREW", "/v1/open")
    text = (await workshop.app.state.metrics.render()).decode()
    template = "/v1/projects/{project_id}/orders"
    for labels in (
        f'method="GET",route="{template}",service="workshop",status_class="2xx"',
        f'method="GET",route="{template}",service="workshop",status_class="4xx"',
        'method="GET",route="unmatched",service="workshop",status_class="4xx"',
        'method="other",route="/v1/open",service="workshop",status_class="4xx"',
    ):
        assert f"http_requests_total{{{labels}}} 1.0" in text
        assert f"http_request_seconds_count{{{labels}}} 1.0" in text
    assert str(PROJECT) not in text


async def test_probes_are_not_counted_among_requests(
    workshop: Workshop, client: httpx.AsyncClient
) -> None:
    async def away() -> None:
        raise ConnectionError

    workshop.health.add("database", away)
    assert (await client.get("/livez")).status_code == 200
    assert (await client.get("/readyz")).status_code == 503
    text = (await workshop.app.state.metrics.render()).decode()
    assert "http_requests_total{" not in text
    assert "http_request_seconds_count{" not in text


async def test_the_log_tells_of_a_request_without_query_or_headers(
    client: httpx.AsyncClient, log_lines: LogLines
) -> None:
    headers = as_person() | {"X-Correlation-ID": "demo-7"}
    await client.get(f"/v1/projects/{PROJECT}/orders?cursor=hunter2", headers=headers)
    line = log_lines.only
    assert (
        line.items()
        >= {
            "service": "workshop",
            "correlation_id": "demo-7",
            "event": "request",
            "method": "GET",
            "path": f"/v1/projects/{PROJECT}/orders",
            "route": "/v1/projects/{project_id}/orders",
            "status": 200,
            "principal": "user:018f0000-0000-7000-8000-00000000aaaa",
        }.items()
    )
    text = str(line)
    assert "hunter2" not in text
    assert headers["Authorization"].removeprefix("Bearer ") not in text


async def test_probes_are_not_logged(client: httpx.AsyncClient, log_lines: LogLines) -> None:
    await client.get("/livez")
    assert log_lines.all == []
