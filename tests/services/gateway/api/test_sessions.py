"""Logging in and out."""

import asyncio

from tests.services.gateway.conftest import PASSWORD, Gateway


async def test_logging_in_gives_a_token_that_says_who_one_is(gateway: Gateway) -> None:
    headers = await gateway.log_in()

    me = await gateway.client.get("/v1/me", headers=headers)

    assert me.status_code == 200
    assert me.json()["username"] == "admin"
    assert me.json()["role"] == "superadmin"


async def test_a_wrong_password_and_an_unknown_name_look_the_same(gateway: Gateway) -> None:
    wrong = await gateway.client.post(
        "/v1/sessions", json={"username": "admin", "password": "not the password"}
    )
    unknown = await gateway.client.post(
        "/v1/sessions", json={"username": "nobody", "password": PASSWORD}
    )

    assert (wrong.status_code, unknown.status_code) == (401, 401)
    assert wrong.json()["detail"] == unknown.json()["detail"]
    assert wrong.json()["code"] == "wrong-credentials"


async def test_the_eleventh_failed_login_has_to_wait(gateway: Gateway) -> None:
    body = {"username": "admin", "password": "not the password"}
    for _ in range(10):
        assert (await gateway.client.post("/v1/sessions", json=body)).status_code == 401

    refused = await gateway.client.post("/v1/sessions", json=body)

    assert refused.status_code == 429
    assert refused.json()["code"] == "too-many-logins"
    assert 0 < int(refused.headers["Retry-After"]) <= 300


async def test_parallel_tries_do_not_slip_through_the_limit(gateway: Gateway) -> None:
    body = {"username": "admin", "password": "not the password"}

    replies = await asyncio.gather(
        *(gateway.client.post("/v1/sessions", json=body) for _ in range(15))
    )

    assert sorted(reply.status_code for reply in replies) == [401] * 10 + [429] * 5


async def test_after_logging_out_the_token_is_worthless(gateway: Gateway) -> None:
    headers = await gateway.log_in()

    ended = await gateway.client.delete("/v1/sessions/current", headers=headers)
    after = await gateway.client.get("/v1/me", headers=headers)

    assert ended.status_code == 204
    assert after.status_code == 401
    assert after.json()["code"] == "session-expired"


async def test_without_a_token_nothing_is_answered(gateway: Gateway) -> None:
    reply = await gateway.client.get("/v1/projects")

    assert reply.status_code == 401
    assert reply.headers["WWW-Authenticate"] == "Bearer"
    assert gateway.upstream.seen == []


async def test_changing_the_password_ends_the_other_sessions(gateway: Gateway) -> None:
    here, elsewhere = await gateway.log_in(), await gateway.log_in()

    changed = await gateway.client.post(
        "/v1/me/password",
        json={"current": PASSWORD, "new": "another password of length"},
        headers=here,
    )

    assert changed.status_code == 204
    assert (await gateway.client.get("/v1/me", headers=here)).status_code == 200
    assert (await gateway.client.get("/v1/me", headers=elsewhere)).status_code == 401
    await gateway.log_in(password="another password of length")


async def test_a_short_password_is_refused_without_repeating_it(gateway: Gateway) -> None:
    headers = await gateway.log_in()

    reply = await gateway.client.post(
        "/v1/me/password", json={"current": PASSWORD, "new": "short"}, headers=headers
    )

    assert reply.status_code == 422
    assert reply.json()["code"] == "weak-password"
    assert "short" not in reply.text
