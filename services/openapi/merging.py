"""One OpenAPI document for the whole public API, merged from those of the services."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

from services.openapi import contract, headers, problems, tags
from services.openapi.examples import add_examples

PUBLIC_PREFIX: Final = "/v1/"
PUBLISHED: Final = (Path("docs/api/openapi.json"), Path("services/gateway/openapi.json"))
"""The document as people find it, and as the gateway ships it."""

_SHARED_SCHEMAS: Final = frozenset({"Problem", "ProblemError"})
_SCHEMAS: Final = "#/components/schemas/"
_SESSION: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "The token of `POST /v1/sessions`, for 12 hours",
}
_INFO: Final = {
    "title": "Migration Planner",
    "version": "1",
    "summary": "From RVTools workbooks to an executable migration onto OpenStack.",
    "description": (
        "Log in with `POST /v1/sessions` and send the token as `Authorization: Bearer <token>`. "
        "Updates need `If-Match` with the `ETag` you read; creating calls take an "
        "`Idempotency-Key`. Long work answers 202 with an operation to follow. Errors are problem "
        "documents (RFC 9457). Every answer says what is left of your rate (`RateLimit`); 429 says "
        "when to come back. Lists are pages: `limit`, and `cursor` from `next_cursor`. Sizes are "
        "MiB or GiB, network rates Mbit/s, times RFC 3339 in UTC."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}


def merge(applications: Mapping[str, FastAPI]) -> dict[str, Any]:
    """The public paths of ``applications`` (by service name) as one document.

    Schema names get their service's name in front, operation ids too; internal paths are left out.
    An operation id is made of the route function's name, so renaming one is a change of the API.
    """
    paths: dict[str, Any] = {}
    schemas: dict[str, Any] = {}
    for service, application in sorted(applications.items()):
        document = _renamed(application.openapi(), service)
        schemas |= document["components"]["schemas"]
        for path, operations in document["paths"].items():
            if not path.startswith(PUBLIC_PREFIX):
                continue
            for operation in operations.values():
                operation["operationId"] = f"{service}_{_function(operation)}"
                operation["security"] = [] if "x-public" in operation else [{"session": []}]
            paths[path] = operations
    paths = dict(sorted(paths.items()))
    contract.complete(paths)
    add_examples(paths, schemas)
    responses = problems.components()
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "servers": [{"url": "/", "description": "The gateway that serves this document"}],
        "security": [{"session": []}],
        "tags": tags.described(_tags(paths)),
        "paths": paths,
        "components": {
            "schemas": _reachable([paths, responses], schemas),
            "responses": responses,
            "headers": headers.components(),
            "securitySchemes": {"session": _SESSION},
        },
    }


def as_text(document: Mapping[str, Any]) -> str:
    """The document as it is stored."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def publish(document: Mapping[str, Any], root: Path) -> list[Path]:
    """Write the document where it is kept below ``root``; the files written."""
    written = [root / path for path in PUBLISHED]
    for path in written:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(as_text(document), encoding="utf-8")
    return written


def _function(operation: Mapping[str, Any]) -> str:
    """The route function's name, which FastAPI makes a summary of."""
    return str(operation["summary"]).lower().replace(" ", "_").removesuffix("_route")


def _tags(paths: Mapping[str, Any]) -> set[str]:
    return {
        tag
        for operations in paths.values()
        for operation in operations.values()
        for tag in operation.get("tags", ())
    }


def _renamed(document: dict[str, Any], service: str) -> dict[str, Any]:
    names = {
        name: name if name in _SHARED_SCHEMAS else f"{service.capitalize()}{name}"
        for name in document["components"]["schemas"]
    }
    text = json.dumps(document)
    for old, new in sorted(names.items(), key=lambda pair: -len(pair[0])):
        text = text.replace(f'"#/components/schemas/{old}"', f'"#/components/schemas/{new}"')
    renamed: dict[str, Any] = json.loads(text)
    renamed["components"]["schemas"] = {
        names[name]: schema for name, schema in renamed["components"]["schemas"].items()
    }
    return renamed


def _reachable(users: Any, schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas that ``users`` refer to, by name, and those that these use."""
    wanted: set[str] = set()
    pending = _references(users)
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending |= _references(schemas[name])
    return {name: schemas[name] for name in sorted(wanted)}


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        target = str(node.get("$ref", ""))
        own = {target.removeprefix(_SCHEMAS)} if target.startswith(_SCHEMAS) else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()
