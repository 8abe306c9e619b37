"""ETag, If-Match, merge patch, lists and times on the wire."""

from datetime import UTC, datetime

import httpx
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http.etags import etag, if_match
from shared.http.models import ListReply, to_json
from shared.kernel.errors import Invalid
from shared.kernel.paging import Page
from tests.shared.http.bench import PROJECT, as_person


@given(st.integers(min_value=1, max_value=2**53))
def test_what_is_sent_as_etag_is_read_from_if_match(version: int) -> None:
    assert if_match(etag(version)) == version


@pytest.mark.parametrize(
    "header", ["*", 'W/"7"', "7", '"7", "8"', '""', '"0"', '"-1"', '"x"', '"07"', '"\u0667"', ""]
)
def test_if_match_is_one_strong_tag_of_ours(header: str) -> None:
    with pytest.raises(Invalid) as caught:
        if_match(header)
    assert caught.value.code == "malformed-header"


async def test_an_update_without_if_match_is_428(client: httpx.AsyncClient) -> None:
    response = await client.patch("/v1/orders/1", json={}, headers=as_person())
    assert response.status_code == 428
    assert response.json()["code"] == "precondition-required"


async def test_a_malformed_if_match_is_400(client: httpx.AsyncClient) -> None:
    headers = as_person() | {"If-Match": "*"}
    response = await client.patch("/v1/orders/1", json={}, headers=headers)
    assert response.status_code == 400


async def test_an_update_answers_with_the_new_version(client: httpx.AsyncClient) -> None:
    headers = as_person() | {"If-Match": '"7"'}
    response = await client.patch("/v1/orders/1", json={"title": "new"}, headers=headers)
    assert response.headers["ETag"] == '"8"'


@pytest.mark.parametrize("body", [{}, {"note": None}, {"title": "t"}, {"title": "", "note": "n"}])
async def test_absent_is_unchanged_and_null_is_cleared(
    client: httpx.AsyncClient, body: dict[str, object]
) -> None:
    headers = as_person() | {"If-Match": '"1"'}
    response = await client.patch("/v1/orders/1", json=body, headers=headers)
    assert response.json() == body


@pytest.mark.parametrize("body", [{"title": None}, {"titel": "t"}, ["title"]])
async def test_a_patch_refuses_null_for_what_must_be_and_unknown_fields(
    client: httpx.AsyncClient, body: object
) -> None:
    headers = as_person() | {"If-Match": '"1"'}
    response = await client.patch("/v1/orders/1", json=body, headers=headers)
    assert response.status_code == 422


@pytest.mark.parametrize("path", ["/v1/orders/1", "/v1/raw"])
async def test_times_are_utc_with_z(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(
        path, params={"at": "2027-03-01T10:00:00+02:00"}, headers=as_person()
    )
    assert "2027-03-01T08:00:00Z" in response.json().values()


async def test_a_time_without_a_zone_is_refused(client: httpx.AsyncClient) -> None:
    response = await client.get("/v1/raw?at=2027-03-01T10:00:00", headers=as_person())
    assert response.status_code == 422
    assert response.json()["errors"][0]["parameter"] == "at"


async def test_a_list_continues_where_the_cursor_says(client: httpx.AsyncClient) -> None:
    response = await client.get(
        f"/v1/projects/{PROJECT}/orders?cursor=abc&limit=7", headers=as_person()
    )
    assert response.json() == {"items": [str(PROJECT), "7"], "next_cursor": "abc"}


def test_a_page_becomes_a_list_reply() -> None:
    reply = ListReply[int].of(Page(items=(1, 2), next_cursor=None))
    assert reply.model_dump() == {"items": [1, 2], "next_cursor": None}


def test_json_writes_models_times_and_ids() -> None:
    moment = datetime(2027, 3, 1, 8, tzinfo=UTC)
    content = {"page": ListReply[int](items=[1], next_cursor=None), "at": moment, "id": PROJECT}
    assert orjson.loads(to_json(content)) == {
        "page": {"items": [1], "next_cursor": None},
        "at": "2027-03-01T08:00:00Z",
        "id": str(PROJECT),
    }


def test_json_refuses_what_has_no_form() -> None:
    with pytest.raises(TypeError):
        to_json({"x": object()})
