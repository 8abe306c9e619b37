"""Rates at the edge: told with every answer, and refused beyond."""

import re
from collections.abc import AsyncIterator

import pytest

from shared.testing.postgres import FreshDatabase
from tests.services.gateway.conftest import Gateway, new_key, running_gateway
from tests.services.gateway.echo import EchoUpstream

PER_PRINCIPAL = 4
PER_ADDRESS = 12


@pytest.fixture
async def strict(
    gateway_database: FreshDatabase, keys: tuple[str, str], echo: EchoUpstream
) -> AsyncIterator[Gateway]:
    """A gateway that gives everybody very little."""
    async with running_gateway(
        gateway_database,
        keys,
        echo,
        requests_per_minute_of_principal=PER_PRINCIPAL,
        requests_per_minute_of_address=PER_ADDRESS,
    ) as running:
        yield running


def left(header: str) -> dict[str, int]:
    """What is left of each policy."""
    return {name: int(count) for name, count in re.findall(r'"([a-z]+)";r=(\d+);t=\d+', header)}


async def test_every_answer_says_what_is_left(strict: Gateway) -> None:
    headers = await strict.log_in()

    own = await strict.client.get("/v1/me", headers=headers)
    passed_on = await strict.client.get("/v1/projects", headers=headers)

    assert own.headers["RateLimit-Policy"] == (
        f'"address";q={PER_ADDRESS};w=60, "principal";q={PER_PRINCIPAL};w=60'
    )
    assert left(own.headers["RateLimit"]) == {
        "address": PER_ADDRESS - 2,
        "principal": PER_PRINCIPAL - 1,
    }
    assert left(passed_on.headers["RateLimit"])["principal"] == PER_PRINCIPAL - 2


async def test_a_principal_over_its_rate_waits_and_nobody_else_does(strict: Gateway) -> None:
    headers = await strict.log_in()
    body = {"username": "dana", "password": "a password of some length", "role": "viewer"}
    created = await strict.client.post("/v1/users", json=body, headers=headers | new_key())
    for _ in range(PER_PRINCIPAL - 1):
        assert (await strict.client.get("/v1/projects", headers=headers)).status_code == 200
    seen = len(strict.upstream.seen)

    refused = await strict.client.get("/v1/projects", headers=headers)
    other = await strict.client.get("/v1/me", headers=await strict.log_in("dana"))

    assert created.status_code == 201
    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert len(strict.upstream.seen) == seen
    assert other.status_code == 200


async def test_an_address_over_its_rate_is_refused_before_anything_is_looked_up(
    strict: Gateway,
) -> None:
    for _ in range(PER_ADDRESS):
        assert (await strict.client.get("/v1/me")).status_code == 401

    refused = await strict.client.get("/v1/me")
    probe = await strict.client.get("/livez")

    assert (refused.status_code, refused.json()["code"]) == (429, "too-many-requests")
    assert int(refused.headers["Retry-After"]) > 0
    assert refused.headers["X-Content-Type-Options"] == "nosniff"
    assert refused.headers["X-Correlation-ID"] == refused.json()["correlation_id"]
    assert probe.status_code == 200


@pytest.mark.parametrize(
    ("trusted", "status_of_another"), [(["127.0.0.1"], 401), (["10.0.0.0/8"], 429), ([], 429)]
)
async def test_clients_of_a_proxy_are_told_apart_when_it_is_trusted(
    gateway_database: FreshDatabase,
    keys: tuple[str, str],
    echo: EchoUpstream,
    trusted: list[str],
    status_of_another: int,
) -> None:
    async with running_gateway(
        gateway_database,
        keys,
        echo,
        requests_per_minute_of_address=PER_ADDRESS,
        trusted_proxies=trusted,
    ) as behind:
        for _ in range(PER_ADDRESS):
            await behind.client.get("/v1/me", headers={"X-Forwarded-For": "203.0.113.9"})
        same = await behind.client.get("/v1/me", headers={"X-Forwarded-For": "203.0.113.9"})
        another = await behind.client.get("/v1/me", headers={"X-Forwarded-For": "203.0.113.10"})

    assert same.status_code == 429
    assert another.status_code == status_of_another
