"""The published OpenAPI document: current, valid, and complete for every operation.

Everything here goes over the document, so it holds for routes that are still to come.
"""

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.validators import validator_for
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from services import openapi
from services.__main__ import applications
from services.openapi.contract import takes

ROOT = Path(__file__).resolve().parents[2]
NOT_REPLAYED = {"gateway_open_session"}
"""Creates something, and no key repeats it: its reply holds a token that is stored nowhere."""
HEADERS = ("ETag", "Location", "Retry-After", "RateLimit", "RateLimit-Policy", "X-Correlation-ID")
PAGED = {"items", "next_cursor"}


@cache
def document() -> dict[str, Any]:
    return openapi.merge(applications())


def operations() -> list[Any]:
    """Each operation of the document, with its path and method."""
    return [
        pytest.param(path, method, operation, id=operation["operationId"])
        for path, found in document()["paths"].items()
        for method, operation in found.items()
    ]


each_operation = pytest.mark.parametrize(("path", "method", "operation"), operations())


def resolved(node: dict[str, Any]) -> dict[str, Any]:
    """``node``, or the component that it refers to."""
    if "$ref" not in node:
        return node
    kind, name = node["$ref"].split("/")[2:]
    found: dict[str, Any] = document()["components"][kind][name]
    return found


def contents(operation: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every body of an operation: where it is, its media type and what is said of it."""
    bodies = {"request": operation.get("requestBody", {})} | operation["responses"]
    for place, body in bodies.items():
        for media_type, content in resolved(body).get("content", {}).items():
            yield place, media_type, content


@pytest.mark.parametrize("path", openapi.PUBLISHED, ids=str)
def test_the_published_document_is_current(path: Path) -> None:
    assert (ROOT / path).read_text(encoding="utf-8") == openapi.as_text(document()), (
        "write it again: python -m services openapi"
    )


def test_the_document_is_valid_openapi_3_1() -> None:
    errors = [
        f"{error.instance_path}: {error.message}"
        for error in OPENAPI_31_VALIDATOR.iter_errors(document())
    ]
    assert errors == []


@pytest.mark.parametrize("name", document()["components"]["schemas"])
def test_a_schema_is_a_json_schema(name: str) -> None:
    schema = document()["components"]["schemas"][name]
    assert validator_for(schema, default=Draft202012Validator) is Draft202012Validator
    Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere() -> None:
    text = openapi.as_text(document())
    targets = set(re.findall(r'"\$ref": "#/components/([a-z]+)/([^"]+)"', text, re.IGNORECASE))
    components = document()["components"]
    assert [(kind, name) for kind, name in targets if name not in components[kind]] == []


def test_operation_ids_are_unique_names_in_snake_case() -> None:
    ids = [operation["operationId"] for _, _, operation in (case.values for case in operations())]
    assert sorted(set(ids)) == sorted(ids)
    assert [one for one in ids if not re.fullmatch(r"[a-z]+(_[a-z0-9]+)+", one)] == []


def test_every_tag_is_described() -> None:
    described = {tag["name"] for tag in document()["tags"] if tag.get("description")}
    used = {tag for case in operations() for tag in case.values[2]["tags"]}
    assert used == described, "describe it in services/openapi/tags.py"


@each_operation
def test_an_operation_says_what_it_does(path: str, method: str, operation: dict[str, Any]) -> None:
    assert 3 <= len(operation["summary"]) <= 100
    assert operation["description"].startswith(operation["summary"])
    assert len(operation["tags"]) == 1


@each_operation
def test_an_operation_says_who_may_call_it(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    is_public = operation.get("x-public", False)
    assert operation["security"] == ([] if is_public else [{"session": []}])
    assert is_public or "401" in operation["responses"]
    assert is_public or operation["x-permission"] == "signed-in" or "403" in operation["responses"]


@each_operation
def test_refusals_are_problem_documents(path: str, method: str, operation: dict[str, Any]) -> None:
    refusals = {s: resolved(r) for s, r in operation["responses"].items() if s[0] in "45"}
    assert {"400", "429", "500", "503"} <= refusals.keys()
    assert "default" not in operation["responses"]
    for status, response in refusals.items():
        assert list(response["content"]) == ["application/problem+json"], status
        assert resolved(response["content"]["application/problem+json"]["schema"])["title"] == (
            "Problem"
        )


@pytest.mark.parametrize("name", document()["components"]["responses"])
def test_the_example_of_a_refusal_has_its_page(name: str) -> None:
    content = document()["components"]["responses"][name]["content"]["application/problem+json"]
    for example in content["examples"].values():
        problem = example["value"]
        assert problem["type"] == f"/problems/{problem['code']}"
        page = (ROOT / "docs" / "problems" / f"{problem['code']}.md").read_text(encoding="utf-8")
        assert f"HTTP {problem['status']}" in page
        assert name == f"Problem{problem['status']}"


@each_operation
def test_every_json_body_has_an_example_that_is_valid(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    for place, media_type, content in contents(operation):
        if not media_type.endswith("json"):
            continue
        examples = [one["value"] for one in content.get("examples", {}).values()]
        examples += [content["example"]] if "example" in content else []
        assert examples, f"{place}: no example"
        schema = (
            {"$ref": content["schema"]["$ref"]}
            if "$ref" in content["schema"]
            else (content["schema"])
        )
        validator = Draft202012Validator(
            {**schema, "components": document()["components"]},
            format_checker=Draft202012Validator.FORMAT_CHECKER,
        )
        for example in examples:
            assert [error.message for error in validator.iter_errors(example)] == [], place


@each_operation
def test_successes_tell_their_headers(path: str, method: str, operation: dict[str, Any]) -> None:
    for status, response in operation["responses"].items():
        if status[0] != "2":
            continue
        headers = response["headers"].keys()
        assert {"RateLimit", "RateLimit-Policy", "X-Correlation-ID"} <= headers
        assert "Location" in headers or status not in {"201", "202"}


def test_shared_headers_are_described_with_an_example() -> None:
    headers = document()["components"]["headers"]
    for name in HEADERS:
        assert {"description", "schema", "example"} <= headers[name].keys(), name
        Draft202012Validator(headers[name]["schema"]).validate(headers[name]["example"])


@each_operation
def test_what_creates_or_starts_takes_an_idempotency_key(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    creates = {"201", "202"} & operation["responses"].keys() or path.endswith("/retry")
    if method != "post" or not creates or operation["operationId"] in NOT_REPLAYED:
        return
    assert takes(operation, "Idempotency-Key")
    assert {"400", "409", "422"} <= operation["responses"].keys()


@each_operation
def test_what_updates_wants_the_etag_that_reading_gave(
    path: str, method: str, operation: dict[str, Any]
) -> None:
    if method not in {"patch", "put"}:
        return
    (parameter,) = [one for one in operation["parameters"] if one["name"] == "If-Match"]
    assert parameter["required"] is True
    assert {"412", "428"} <= operation["responses"].keys()
    assert "ETag" in operation["responses"]["200"]["headers"]
    reading = document()["paths"][path]["get"]
    assert resolved(reading["responses"]["200"]["headers"]["ETag"])["required"] is True


@each_operation
def test_lists_are_pages_of_one_shape(path: str, method: str, operation: dict[str, Any]) -> None:
    content = operation["responses"].get("200", {}).get("content", {}).get("application/json")
    properties = resolved(content["schema"]).get("properties", {}) if content else {}
    if method != "get" or not PAGED & properties.keys():
        assert not takes(operation, "cursor")
        return
    assert properties.keys() == PAGED
    parameters = {one["name"]: one["schema"] for one in operation["parameters"]}
    limits = {key: parameters["limit"][key] for key in ("type", "minimum", "maximum", "default")}
    assert limits == {"type": "integer", "minimum": 1, "maximum": 500, "default": 100}
    assert parameters["cursor"]["type"] == "string"


@pytest.mark.parametrize("service", ["assessment", "exporter", "ingest", "planner"])
def test_the_operations_of_a_service_can_be_watched_cancelled_and_retried(service: str) -> None:
    base = f"/v1/operations/{service}/{{job_id}}"
    paths = document()["paths"]
    assert [list(paths[path]) for path in (base, f"{base}/cancel", f"{base}/retry")] == [
        ["get"],
        ["post"],
        ["post"],
    ]


def test_the_document_is_plain_json() -> None:
    assert json.loads(openapi.as_text(document())) == document()
