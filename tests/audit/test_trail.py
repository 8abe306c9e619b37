"""Whatever people change or take away leaves exactly one audit entry; what is refused, none."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from services import SERVICES
from services.__main__ import applications
from shared.testing.postgres import FreshDatabase
from tests.audit.platform import PASSWORD, Ask, Platform
from tests.audit.routes import AUDITED, Audited, changed_password, changed_user


@pytest.fixture
async def platform(platform_database: FreshDatabase) -> AsyncIterator[Platform]:
    """All services, without workers."""
    async with Platform(platform_database) as platform:
        yield platform


def is_list_as_csv(path: str, paths: dict[str, dict[str, object]]) -> bool:
    listed = path.removesuffix(".csv")
    return listed != path and "get" in paths.get(listed, {})


def test_every_route_that_changes_or_hands_out_something_names_its_action() -> None:
    """A reply with a file's name is a document handed out. A list as CSV is none: it holds what
    the list beside it shows to the same people, page by page."""
    wanted = {
        (method.upper(), path)
        for app in applications().values()
        for path, operations in app.openapi()["paths"].items()
        if path.startswith("/v1/")
        for method, operation in operations.items()
        if method != "get"
        or (
            "Content-Disposition" in operation["responses"]["200"].get("headers", {})
            and not is_list_as_csv(path, app.openapi()["paths"])
        )
    }

    assert set(AUDITED) == wanted


@pytest.mark.parametrize(
    "audited", [pytest.param(AUDITED[key], id=" ".join(key)) for key in AUDITED]
)
async def test_a_success_leaves_one_entry_and_a_refusal_none(
    platform: Platform, audited: Audited
) -> None:
    ask = await audited.prepare(platform)
    await platform.client(ask.service)  # the gateway makes its first account when it starts
    before = await platform.entries()
    for spoilt in ask.refused():
        refused = await platform.send(spoilt)
        assert refused.is_client_error, f"{spoilt}: {refused.status_code} {refused.text}"
    assert await platform.entries() == before

    await platform.done(ask)

    after = await platform.entries()
    (new,) = [entry for entry in after if entry not in before]
    assert (new.service, new.action) == (ask.service, audited.action)
    assert ask.token or ask.path == "/v1/sessions" or new.actor == ask.by.key
    assert new.subject.partition("/")[0] in {"projects", "users"}

    if "Idempotency-Key" in ask.headers:
        again = await platform.done(ask)
        assert again.headers["Idempotency-Replayed"] == "true"
        assert await platform.entries() == after


async def test_the_trail_of_a_service_is_read_where_it_is_written(platform: Platform) -> None:
    ask = await changed_user(platform)
    await platform.done(ask)
    trail = Ask("gateway", "GET", "/v1/audit/gateway?action=user&limit=1", token=ask.token)

    (entry,) = (await platform.done(trail)).json()["items"]

    assert (entry["action"], entry["actor_name"]) == ("user.changed", "admin")
    assert (entry["before"], entry["after"]) == ({"role": "viewer"}, {"role": "operator"})
    assert entry["correlation_id"]


async def test_the_first_administrator_is_made_by_the_gateway_itself(platform: Platform) -> None:
    await platform.client("gateway")
    (first,) = await platform.entries()

    assert (first.service, first.action, first.actor) == (
        "gateway",
        "user.created",
        "service:gateway",
    )


async def test_no_trail_holds_a_password_a_hash_or_a_token(
    platform: Platform, platform_database: FreshDatabase
) -> None:
    asks = [await changed_user(platform), await changed_password(platform)]
    for ask in asks:
        await platform.done(ask)
    connection = await asyncpg.connect(platform_database.admin_dsn)
    texts = [
        row["entry"]
        for service in SERVICES
        for row in await connection.fetch(
            f"SELECT audit_entries::text AS entry FROM {service}.audit_entries"
        )
    ]
    await connection.close()

    tokens = [ask.token for ask in asks if ask.token]
    assert len(texts) >= 5
    for secret in (PASSWORD, "another password", "argon2", "mp_", *tokens):
        assert [text for text in texts if secret in text] == []
