"""What browsers are told: where pages may load from, what may be kept, who may call."""

import base64
import hashlib
import re

import pytest

from shared.testing.postgres import FreshDatabase
from tests.services.gateway.conftest import Gateway, running_gateway
from tests.services.gateway.echo import EchoUpstream

ORIGIN = "https://ops.example"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "PATCH",
    "Access-Control-Request-Headers": "authorization,if-match,idempotency-key",
}


@pytest.mark.parametrize("path", ["/v1/me", "/v1/nothing", "/docs", "/openapi.json", "/livez"])
async def test_every_answer_is_guarded(gateway: Gateway, path: str) -> None:
    headers = (await gateway.client.get(path)).headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
    assert "Strict-Transport-Security" not in headers


async def test_data_may_load_nothing_and_pages_only_what_is_ours(gateway: Gateway) -> None:
    data = await gateway.client.get("/openapi.json")
    page = await gateway.client.get("/docs")

    assert data.headers["Content-Security-Policy"].startswith("default-src 'none'")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "'unsafe-inline'" not in policy.partition("script-src")[2].partition(";")[0]


async def test_the_script_inside_the_docs_page_is_allowed_by_its_digest(gateway: Gateway) -> None:
    page = await gateway.client.get("/docs")

    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'self' 'sha256-{digest}'" in page.headers["Content-Security-Policy"]
    for address in re.findall(r'(?:src|href)="([^"]+)"', page.text):
        assert address.startswith("/docs/assets/"), address
        assert (await gateway.client.get(address)).status_code == 200


async def test_answers_of_the_api_are_not_kept(gateway: Gateway) -> None:
    headers = await gateway.log_in()

    for path in ("/v1/me", "/v1/projects", "/v1/nothing"):
        reply = await gateway.client.get(path, headers=headers)
        assert reply.headers["Cache-Control"] == "no-store", path


async def test_no_other_origin_may_call_unless_it_is_listed(gateway: Gateway) -> None:
    preflight = await gateway.client.options("/v1/projects", headers=PREFLIGHT)
    simple = await gateway.client.get("/v1/me", headers={"Origin": ORIGIN})

    assert preflight.status_code == 405
    assert "Access-Control-Allow-Origin" not in preflight.headers
    assert "Access-Control-Allow-Origin" not in simple.headers


async def test_a_listed_origin_may_call_and_read_what_it_needs(
    gateway_database: FreshDatabase, keys: tuple[str, str], echo: EchoUpstream
) -> None:
    async with running_gateway(
        gateway_database, keys, echo, cors_origins=[ORIGIN], is_behind_tls=True
    ) as gateway:
        preflight = await gateway.client.options("/v1/projects", headers=PREFLIGHT)
        listed = await gateway.client.get("/v1/me", headers={"Origin": ORIGIN})
        other = await gateway.client.get("/v1/me", headers={"Origin": "https://evil.example"})

    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert listed.headers["Access-Control-Allow-Origin"] == ORIGIN
    assert {"ETag", "Location", "Retry-After"} <= set(
        listed.headers["Access-Control-Expose-Headers"].split(", ")
    )
    assert "Access-Control-Allow-Credentials" not in listed.headers
    assert "Access-Control-Allow-Origin" not in other.headers
    assert listed.headers["Strict-Transport-Security"].startswith("max-age=31536000")
