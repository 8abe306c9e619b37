"""Every way of saying no is a problem document (RFC 9457)."""

import json
from typing import Any

import httpx
import pytest

from shared.auth.permissions import Permission
from shared.http.problems import STATUS, problem_of, status_of
from shared.kernel.errors import AppError, Invalid, NotFound
from tests.shared.http.bench import as_person
from tests.shared.log_lines import LogLines


def problem(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    document: dict[str, Any] = response.json()
    assert document["status"] == status
    assert document["code"] == code
    assert document["type"] == f"/problems/{code}"
    assert document["instance"] == response.request.url.path
    assert document["title"]
    assert document["detail"]
    assert document["correlation_id"] == response.headers["X-Correlation-ID"]
    return document


async def test_an_unknown_path_is_404(client: httpx.AsyncClient) -> None:
    problem(await client.get("/v1/nothing/here"), 404, "not-found")
    problem(await client.get("/v1/open/"), 404, "not-found")
    problem(await client.get("/docs"), 404, "not-found")


async def test_a_wrong_method_is_405_and_says_which_are_right(client: httpx.AsyncClient) -> None:
    response = await client.delete("/v1/open")
    problem(response, 405, "method-not-allowed")
    assert response.headers["Allow"] == "GET"


async def test_field_errors_are_pointed_at(client: httpx.AsyncClient) -> None:
    body = {"titel": "x", "parts": [{"name": "a", "cpus": 1}, {"name": "b/c", "cpus": "many"}]}
    response = await client.post("/v1/orders", json=body, headers=as_person())
    document = problem(response, 422, "invalid")
    assert {error["pointer"] for error in document["errors"]} == {
        "/title",
        "/titel",
        "/parts/1/cpus",
    }
    assert "many" not in response.text


async def test_a_pointer_escapes_slash_and_tilde(client: httpx.AsyncClient) -> None:
    response = await client.post("/v1/orders", json={"title": "t", "a/b~c": 1}, headers=as_person())
    assert [e["pointer"] for e in problem(response, 422, "invalid")["errors"]] == ["/a~1b~0c"]


async def test_parameter_errors_name_the_parameter(client: httpx.AsyncClient) -> None:
    url = "/v1/projects/018f0000-0000-7000-8000-000000000001/orders?limit=9999"
    document = problem(await client.get(url, headers=as_person()), 422, "invalid")
    assert [error["parameter"] for error in document["errors"]] == ["limit"]


async def test_a_missing_body_points_at_the_whole(client: httpx.AsyncClient) -> None:
    response = await client.post(
        "/v1/orders", headers=as_person() | {"Content-Type": "application/json"}
    )
    assert [e["pointer"] for e in problem(response, 422, "invalid")["errors"]] == [""]


async def test_broken_json_is_400(client: httpx.AsyncClient) -> None:
    headers = as_person() | {"Content-Type": "application/json"}
    response = await client.post("/v1/orders", content=b'{"title": ', headers=headers)
    problem(response, 400, "malformed-json")


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"[" * 900, b"{'a': 1}"])
async def test_unreadable_json_is_400(client: httpx.AsyncClient, raw: bytes) -> None:
    headers = as_person() | {"Content-Type": "application/json"}
    response = await client.post("/v1/orders", content=raw, headers=headers)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    "raw",
    [
        rb'{"title": "\ud800"}',
        rb'{"title": "a\u0000b"}',
        rb'{"title": "t", "\ud800": 1}',
        rb'{"title": "t", "parts": [{"name": "\udfff", "cpus": 1}]}',
    ],
)
async def test_text_that_no_database_takes_is_an_error_of_the_request(
    client: httpx.AsyncClient, raw: bytes
) -> None:
    headers = as_person() | {"Content-Type": "application/json"}
    response = await client.post("/v1/orders", content=raw, headers=headers)
    assert problem(response, 422, "invalid")["errors"]


@pytest.mark.parametrize("url", ["/v1/orders/1?at=a%00b", "/v1/a%00b"])
async def test_a_nul_in_the_address_is_an_error_of_the_request(
    client: httpx.AsyncClient, url: str
) -> None:
    response = await client.get(url, headers=as_person())
    assert response.status_code == 400
    assert response.json()["code"] == "malformed-address"


@pytest.mark.parametrize("depth", [100, 480])
async def test_deep_nesting_is_an_error_of_the_request(
    client: httpx.AsyncClient, depth: int
) -> None:
    headers = as_person() | {"Content-Type": "application/json"}
    raw = b'{"title": ' + b"[" * depth + b"]" * depth + b"}"
    response = await client.post("/v1/orders", content=raw, headers=headers)
    assert problem(response, 422, "invalid")["errors"][0]["pointer"] == "/title"


@pytest.mark.parametrize("media_type", ["text/plain", "application/xml", ""])
async def test_a_body_of_another_kind_is_415(client: httpx.AsyncClient, media_type: str) -> None:
    headers = as_person() | {"Content-Type": media_type}
    response = await client.post("/v1/orders", content=b'{"title": "t"}', headers=headers)
    problem(response, 415, "unsupported-media-type")


async def test_an_error_of_a_service_keeps_code_places_and_facts(
    client: httpx.AsyncClient,
) -> None:
    document = problem(await client.get("/v1/broken/invalid", headers=as_person()), 422, "bad-rows")
    assert document["errors"] == [{"detail": "no name", "tab": "vInfo", "row": 7, "column": "VM"}]
    assert document["context"] == {"rows": 1}


@pytest.mark.parametrize("how", ["internal", "bug"])
async def test_our_mistakes_say_nothing_and_are_logged_once_with_the_stack(
    client: httpx.AsyncClient, how: str, log_lines: LogLines
) -> None:
    response = await client.get(f"/v1/broken/{how}", headers=as_person())
    document = problem(response, 500, "internal")
    assert "formula" not in response.text
    (failure,) = [line for line in log_lines.all if "exception" in line]
    assert "the secret formula" in failure["exception"]
    assert failure["correlation_id"] == document["correlation_id"]


async def test_an_outage_is_503_with_a_time_to_come_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/broken/away", headers=as_person())
    problem(response, 503, "unavailable")
    assert response.headers["Retry-After"] == "2"
    response = await client.get("/v1/broken/away-for-long", headers=as_person())
    assert response.headers["Retry-After"] == "31"


async def test_too_many_requests_say_when_to_come_back(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/broken/slow-down", headers=as_person())
    problem(response, 429, "too-many-requests")
    assert response.headers["Retry-After"] == "7"


async def test_missing_credentials_are_401_and_say_what_is_wanted(
    client: httpx.AsyncClient,
) -> None:
    response = await client.post("/v1/orders", json={"title": "t"})
    document = problem(response, 401, "unauthenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert "context" not in document


async def test_a_missing_permission_is_403_and_named(client: httpx.AsyncClient) -> None:
    headers = as_person(Permission.READ)
    response = await client.post("/v1/orders", json={"title": "t"}, headers=headers)
    assert problem(response, 403, "forbidden")["context"] == {"permission": "migration:write"}


async def test_the_body_is_plain_json(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/nothing")
    assert set(json.loads(response.content)) == {
        "type",
        "title",
        "status",
        "detail",
        "instance",
        "code",
        "correlation_id",
    }


def test_every_kind_of_error_has_a_status() -> None:
    assert set(STATUS) == set(AppError.__subclasses__())


def test_a_service_specific_subclass_has_the_status_of_its_kind() -> None:
    class PlanNotFound(NotFound):
        """A test's own kind."""

    assert status_of(PlanNotFound("none")) == 404
    assert status_of(AppError("bare")) == 500


def test_facts_without_a_json_form_are_shown_as_text() -> None:
    error = Invalid("odd", context={"value": object})
    assert problem_of(error, instance="/x").context == {"value": object}
