"""What passes through the gateway, and what does not."""

import hashlib

from shared.auth.permissions import Permission
from tests.services.gateway.conftest import Gateway

PROJECT = "0193a1b2-0000-7000-8000-000000000001"
OTHER = "0193a1b2-0000-7000-8000-000000000002"


async def test_the_owner_gets_path_query_headers_and_body_unchanged(gateway: Gateway) -> None:
    headers = await gateway.log_in() | {
        "Content-Type": "application/octet-stream",
        "Idempotency-Key": "k1",
    }
    body = b"workbook" * 1000

    reply = await gateway.client.post(
        f"/v1/projects/{PROJECT}/inventories?filename=a%20b.xlsx&force=true",
        content=body,
        headers=headers,
    )

    seen = reply.json()
    assert reply.status_code == 200
    assert reply.headers["ETag"] == '"7"'
    assert seen["path"] == f"/v1/projects/{PROJECT}/inventories"
    assert seen["query"] == "filename=a%20b.xlsx&force=true"
    assert seen["headers"]["idempotency-key"] == "k1"
    assert seen["sha256"] == hashlib.sha256(body).hexdigest()


async def test_the_owner_learns_who_asks_and_never_sees_the_session_token(
    gateway: Gateway,
) -> None:
    headers = await gateway.user("technical")

    reply = await gateway.client.get(f"/v1/projects/{PROJECT}", headers=headers)

    principal = gateway.upstream.principals[-1]
    assert principal.name == "technical"
    assert principal.permissions == {Permission.READ, Permission.WRITE}
    assert headers["Authorization"] not in reply.text


async def test_one_correlation_id_goes_all_the_way(gateway: Gateway) -> None:
    headers = await gateway.log_in() | {"X-Correlation-ID": "from-the-client"}

    reply = await gateway.client.get("/v1/projects", headers=headers)

    assert reply.headers["X-Correlation-ID"] == "from-the-client"
    assert reply.json()["headers"]["x-correlation-id"] == "from-the-client"


async def test_a_user_of_other_projects_gets_404_and_the_owner_hears_nothing(
    gateway: Gateway,
) -> None:
    headers = await gateway.user("technical", projects=[OTHER])
    before = len(gateway.upstream.seen)

    reply = await gateway.client.get(f"/v1/projects/{PROJECT}", headers=headers)

    assert reply.status_code == 404
    assert len(gateway.upstream.seen) == before


async def test_a_viewer_cannot_write(gateway: Gateway) -> None:
    headers = await gateway.user("viewer")

    reply = await gateway.client.post("/v1/projects", json={"name": "x"}, headers=headers)

    assert reply.status_code == 403
    assert reply.json()["code"] == "permission-missing"


async def test_internal_paths_cannot_be_reached_from_outside(gateway: Gateway) -> None:
    headers = await gateway.log_in()
    for path in (f"/internal/v1/snapshots/{PROJECT}", f"/v1/../internal/v1/snapshots/{PROJECT}"):
        assert (await gateway.client.get(path, headers=headers)).status_code == 404
    assert gateway.upstream.seen == []


async def test_a_wrong_method_is_405_and_tells_the_right_ones(gateway: Gateway) -> None:
    reply = await gateway.client.delete("/v1/projects", headers=await gateway.log_in())

    assert reply.status_code == 405
    assert reply.headers["Allow"] == "GET, POST"


async def test_probes_and_documentation_need_no_login(gateway: Gateway) -> None:
    for path in ("/livez", "/readyz", "/docs", "/docs/assets/swagger-ui.css"):
        assert (await gateway.client.get(path)).status_code == 200, path


async def test_metrics_are_not_public(gateway: Gateway) -> None:
    for headers in ({}, await gateway.log_in()):
        reply = await gateway.client.get("/metrics", headers=headers)

        assert reply.status_code == 404
        assert b"http_requests_total" not in reply.content
    assert gateway.upstream.seen == []


async def test_head_is_answered_like_get_without_a_body(gateway: Gateway) -> None:
    headers = await gateway.log_in()

    reply = await gateway.client.head("/v1/projects", headers=headers)

    assert (reply.status_code, reply.content) == (200, b"")
    assert reply.headers["ETag"] == '"7"'
    assert (await gateway.client.head("/livez")).status_code == 200


async def test_headers_may_hold_any_bytes(gateway: Gateway) -> None:
    headers = [
        *(await gateway.log_in()).items(),
        (b"User-Agent", b"M\xfcller"),
        (b"X-Proxy-User", "Łukasz".encode()),
    ]

    reply = await gateway.client.get("/v1/projects", headers=headers)  # type: ignore[arg-type]

    assert reply.status_code == 200


async def test_an_announced_body_over_the_limit_is_refused_at_once(gateway: Gateway) -> None:
    headers = await gateway.log_in() | {"Content-Length": str(10**12)}

    reply = await gateway.client.post(
        f"/v1/projects/{PROJECT}/inventories", content=b"x", headers=headers
    )

    assert reply.status_code == 413
    assert gateway.upstream.seen == []
