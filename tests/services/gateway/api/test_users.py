"""Accounts, as administrators manage them."""

from uuid import UUID

from tests.services.gateway.conftest import PASSWORD, Gateway, new_key

PROJECT = "0193a1b2-0000-7000-8000-000000000001"


async def test_a_new_user_can_log_in_and_has_its_role(gateway: Gateway) -> None:
    headers = await gateway.user("technical")

    me = (await gateway.client.get("/v1/me", headers=headers)).json()

    assert me["permissions"] == ["migration:read", "migration:write"]
    assert me["projects"] is None


async def test_only_administrators_see_the_accounts(gateway: Gateway) -> None:
    reply = await gateway.client.get("/v1/users", headers=await gateway.user("technical"))

    assert reply.status_code == 403


async def test_an_administrator_of_some_projects_does_not_manage_accounts(
    gateway: Gateway,
) -> None:
    headers = await gateway.user("admin", projects=[PROJECT], username="limited")

    reply = await gateway.client.get("/v1/users", headers=headers)

    assert reply.status_code == 403


async def test_two_people_editing_one_account_the_second_is_told(gateway: Gateway) -> None:
    admin = await gateway.log_in()
    await gateway.user("viewer")
    users = (await gateway.client.get("/v1/users", headers=admin)).json()["items"]
    path = "/v1/users/" + next(user["id"] for user in users if user["username"] == "viewer")
    etag = (await gateway.client.get(path, headers=admin)).headers["ETag"]

    first = await gateway.client.patch(
        path, json={"role": "operator"}, headers={**admin, "If-Match": etag}
    )
    second = await gateway.client.patch(
        path, json={"role": "technical"}, headers={**admin, "If-Match": etag}
    )

    assert first.status_code == 200
    assert second.status_code == 412
    assert (await gateway.client.get(path, headers=admin)).json()["role"] == "operator"


async def test_an_update_without_if_match_is_refused(gateway: Gateway) -> None:
    admin = await gateway.log_in()

    reply = await gateway.client.patch(
        f"/v1/users/{PROJECT}", json={"role": "viewer"}, headers=admin
    )

    assert reply.status_code == 428


async def test_switching_an_account_off_ends_its_sessions(gateway: Gateway) -> None:
    admin, viewer = await gateway.log_in(), await gateway.user("viewer")
    me = (await gateway.client.get("/v1/me", headers=viewer)).json()

    await gateway.client.patch(
        f"/v1/users/{me['id']}", json={"is_active": False}, headers={**admin, "If-Match": '"1"'}
    )

    assert (await gateway.client.get("/v1/me", headers=viewer)).status_code == 401
    again = {"username": "viewer", "password": PASSWORD}
    assert (await gateway.client.post("/v1/sessions", json=again)).status_code == 401


async def test_the_last_administrator_stays(gateway: Gateway) -> None:
    admin = await gateway.log_in()
    me = (await gateway.client.get("/v1/me", headers=admin)).json()

    reply = await gateway.client.patch(
        f"/v1/users/{me['id']}", json={"role": "viewer"}, headers={**admin, "If-Match": '"1"'}
    )

    assert reply.status_code == 409
    assert reply.json()["code"] == "last-admin"


async def test_a_taken_name_is_refused(gateway: Gateway) -> None:
    body = {"username": "Admin ", "password": PASSWORD, "role": "viewer"}

    headers = await gateway.log_in() | new_key()
    reply = await gateway.client.post("/v1/users", json=body, headers=headers)

    assert reply.status_code == 409
    assert reply.json()["code"] == "user-exists"
    assert reply.json()["errors"][0]["pointer"] == "/username"


async def test_accounts_are_listed_page_by_page_in_order_of_their_names(gateway: Gateway) -> None:
    admin = await gateway.log_in()
    for role in ("viewer", "operator", "technical"):
        await gateway.user(role)

    names: list[str] = []
    cursor: str | None = None
    while True:
        query = {"limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = (await gateway.client.get("/v1/users", params=query, headers=admin)).json()
        names += [user["username"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break

    assert names == ["admin", "operator", "technical", "viewer"]


async def test_no_reply_holds_a_password_or_its_hash(gateway: Gateway) -> None:
    admin = await gateway.log_in()

    text = (await gateway.client.get("/v1/users", headers=admin)).text

    assert PASSWORD not in text
    assert "argon2" not in text


async def test_the_first_password_makes_no_second_administrator(gateway: Gateway) -> None:
    for hook in gateway.service.on_start[1:]:
        await hook()

    users = (await gateway.client.get("/v1/users", headers=await gateway.log_in())).json()["items"]

    assert len(users) == 1
    assert UUID(users[0]["id"])
