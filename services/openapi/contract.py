"""What follows for an operation from what its route declares."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.openapi.headers import (
    CORRELATION_ID,
    PARAMETERS,
    RATES,
    header_references,
)
from services.openapi.problems import reference
from shared.http.idempotency import REPLAYED_HEADER
from shared.http.models import DEFAULT_PAGE_ITEMS, MAX_PAGE_ITEMS
from shared.http.security import X_PERMISSION, X_PUBLIC

SIGNED_IN: Final = "signed-in"
UPDATES: Final = frozenset({"patch", "put"})
_WRITES: Final = UPDATES | {"post", "delete"}
_ALWAYS: Final = (400, 429, 500, 503)
_FIRST_PART: Final = re.compile(r"^(.+?)[.;:](?:\s|$)", re.DOTALL)


def complete(paths: dict[str, dict[str, Any]]) -> None:
    """Complete all operations of ``paths`` where they stand."""
    for path, operations in paths.items():
        for method, operation in operations.items():
            _strict_parameters(operation)
            _words(operation)
            _headers(paths, path, method, operation)
            operation["responses"].pop("default", None)
            for status in sorted(set(_refusals(path, method, operation))):
                told = operation["responses"].get(str(status), {})
                operation["responses"][str(status)] = told | reference(status)
            operation["responses"] = dict(sorted(operation["responses"].items()))


def takes(operation: Mapping[str, Any], header: str) -> bool:
    """Whether ``operation`` declares the request header."""
    return any(one["name"] == header for one in operation.get("parameters", ()))


def _strict_parameters(operation: dict[str, Any]) -> None:
    """As the services read them: FastAPI calls a header optional that only we refuse to miss."""
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _not_null(parameter["schema"])
        strict = PARAMETERS.get(parameter["name"])
        if strict is not None:
            parameter.update(strict, required=True)


def _not_null(schema: dict[str, Any]) -> dict[str, Any]:
    """``schema`` of a parameter, which can be absent but never null."""
    branches = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(branches) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    return {**rest, **branches[0]}


def _words(operation: dict[str, Any]) -> None:
    """A short summary from the first part of the docstring; then all of it, and what follows."""
    told = " ".join(operation["description"].split())
    first = _FIRST_PART.match(told)
    operation["summary"] = first[1] if first else told
    operation["description"] = "\n\n".join([told, " ".join(_facts(operation))])


def _facts(operation: Mapping[str, Any]) -> Iterator[str]:
    permission = operation.get(X_PERMISSION)
    if X_PUBLIC in operation:
        yield "Needs no credentials."
    elif permission == SIGNED_IN:
        yield "For everybody who is signed in."
    else:
        yield f"Needs the permission `{permission}`."
    if takes(operation, "Idempotency-Key"):
        yield (
            "Repeated with the same `Idempotency-Key` within 24 hours it gives the first reply "
            f"again, marked `{REPLAYED_HEADER}: true`."
        )
    if takes(operation, "If-Match"):
        yield "`If-Match` must hold the `ETag` you read; 412 says that somebody was faster."
    if takes(operation, "cursor"):
        yield (
            f"A page has {DEFAULT_PAGE_ITEMS} items unless `limit` says otherwise, at most "
            f"{MAX_PAGE_ITEMS}; `next_cursor` continues, null ends the list."
        )
    if "202" in operation["responses"]:
        yield "The work goes on after the answer: follow its operation."


def _headers(paths: Mapping[str, Any], path: str, method: str, operation: dict[str, Any]) -> None:
    """The headers of successes."""
    responses = operation["responses"]
    for status, response in responses.items():
        if not status.startswith("2"):
            continue
        names = [CORRELATION_ID, *RATES]
        if status in {"201", "202"}:
            names.append("Location")
        if takes(operation, "Idempotency-Key"):
            names.append(REPLAYED_HEADER)
        if _has_version(paths, path, method, status):
            names.append("ETag")
        response["headers"] = header_references(*names) | response.get("headers", {})
    if "304" in responses:
        responses["304"]["headers"] = header_references("ETag", CORRELATION_ID, *RATES)


def _has_version(paths: Mapping[str, Any], path: str, method: str, status: str) -> bool:
    """Whether this answers with something that can be updated, and so with its ETag."""
    if method in UPDATES or (method == "get" and UPDATES & paths[path].keys()):
        return True
    created = re.compile(re.escape(path) + r"/\{[a-z_]+\}")
    return (
        method == "post"
        and status == "201"
        and any(created.fullmatch(other) and UPDATES & paths[other].keys() for other in paths)
    )


def _refusals(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[int]:
    yield from (int(status) for status in operation["responses"] if status[0] in "45")
    yield from _ALWAYS
    if X_PUBLIC not in operation:
        yield 401
        if operation[X_PERMISSION] != SIGNED_IN:
            yield 403
    if "{" in path:
        yield 404
    if operation.get("parameters") or "requestBody" in operation:
        yield 422
    if "requestBody" in operation:
        yield from (408, 413, 415)
    if takes(operation, "If-Match"):
        yield from (412, 428)
    if method in _WRITES and ("{" in path or "requestBody" in operation):
        yield 409
