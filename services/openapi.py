"""One OpenAPI document for the whole public API, merged from those of the services."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from fastapi import FastAPI

PUBLIC_PREFIX: Final = "/v1/"
PUBLISHED: Final = (Path("docs/api/openapi.json"), Path("services/gateway/openapi.json"))
"""The document as people find it, and as the gateway ships it."""

_SHARED_SCHEMAS: Final = frozenset({"Problem", "ProblemError"})
_INFO: Final = {
    "title": "Migration Planner",
    "version": "1",
    "summary": "From RVTools workbooks to an executable migration onto OpenStack.",
    "description": (
        "Log in with `POST /v1/sessions` and send the token as `Authorization: Bearer <token>`. "
        "Updates need `If-Match` with the `ETag` you read; creating calls take an "
        "`Idempotency-Key`. Long work answers 202 with an operation to follow. Errors are problem "
        "documents (RFC 9457). Sizes are MiB or GiB, network rates Mbit/s, times RFC 3339 in UTC."
    ),
    "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
}


def merge(applications: Mapping[str, FastAPI]) -> dict[str, Any]:
    """The public paths of ``applications`` (by service name) as one document.

    Schema names get their service's name in front, operation ids too; internal paths are left out.
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
                if "x-public" not in operation:
                    operation["security"] = [{"session": []}]
            paths[path] = operations
    return {
        "openapi": "3.1.0",
        "info": _INFO,
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _reachable(paths, schemas),
            "securitySchemes": {"session": {"type": "http", "scheme": "bearer"}},
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
    """The route function's name: FastAPI's operation id begins with it, as does its summary."""
    return str(operation["summary"]).lower().replace(" ", "_")


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


def _reachable(paths: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """The schemas that public operations use, by name."""
    wanted: set[str] = set()
    pending = _references(paths)
    while pending:
        name = pending.pop()
        if name not in wanted:
            wanted.add(name)
            pending |= _references(schemas[name])
    return {name: schemas[name] for name in sorted(wanted)}


def _references(node: Any) -> set[str]:
    if isinstance(node, dict):
        own = {str(node["$ref"]).rpartition("/")[2]} if "$ref" in node else set()
        return own.union(*(_references(value) for value in node.values()))
    if isinstance(node, list):
        return set().union(*(_references(value) for value in node))
    return set()
