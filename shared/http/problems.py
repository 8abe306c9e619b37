"""Errors as RFC 9457 problem documents: the only form in which a service says no.

``type`` is ``/problems/<code>`` (a page in ``docs/problems/``); beside the standard members there
are ``code``, ``correlation_id``, ``errors`` (what exactly, and where) and, where they help the
caller, facts under ``context``. An ``Internal`` error or an unforeseen exception says nothing of
itself.
"""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from shared.http.models import JsonResponse
from shared.kernel.errors import (
    AppError,
    Conflict,
    ErrorDetail,
    Forbidden,
    Internal,
    Invalid,
    NotFound,
    PreconditionFailed,
    PreconditionRequired,
    TooLarge,
    TooManyRequests,
    Unauthenticated,
    Unavailable,
    Unsupported,
)
from shared.observability import correlation

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 2
"""When to come back after a 503 that says nothing more precise."""

STATUS: Final[Mapping[type[AppError], int]] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    TooLarge: 413,
    Unsupported: 415,
    PreconditionRequired: 428,
    TooManyRequests: 429,
    Internal: 500,
    Unavailable: 503,
}
MALFORMED_CODES: Final = frozenset(
    {
        "malformed-address",
        "malformed-header",
        "malformed-json",
        "invalid-cursor",
        "idempotency-key-required",
    }
)
"""Codes of ``Invalid`` that blame the form of the request, not its content: 400 instead of 422."""

FRAMEWORK_CODES: Final[Mapping[int, tuple[str, str]]] = {
    400: ("bad-request", "The request cannot be understood."),
    404: ("not-found", "There is nothing at this address."),
    405: ("method-not-allowed", "This address does not take this method."),
    408: (
        "request-timeout",
        "The request body did not arrive in time. Send it again without pauses.",
    ),
    413: ("too-large", "The request body is larger than this address takes."),
}


class ProblemError(BaseModel):
    """One thing wrong, and where: in the body, in a parameter, or in a workbook."""

    detail: str
    pointer: str | None = Field(None, description="JSON pointer into the request body")
    parameter: str | None = Field(None, description="Name of a query, path or header parameter")
    tab: str | None = Field(None, description="Tab of the workbook")
    row: int | None = Field(None, description="Row of the tab; the header is row 1")
    column: str | None = Field(None, description="Header of the column")
    file: str | None = Field(None, description="File of an import of several")


class Problem(BaseModel):
    """A problem document (RFC 9457)."""

    type: str = Field(description="/problems/<code>: where the code is explained")
    title: str
    status: int
    detail: str
    instance: str = Field(description="Path of the request that failed")
    code: str
    correlation_id: str | None = None
    errors: list[ProblemError] = Field(default_factory=list)
    context: dict[str, Any] = Field(default_factory=dict)


def status_of(error: AppError) -> int:
    """The HTTP status of ``error``.

    >>> status_of(NotFound("No such project."))
    404
    """
    if error.code in MALFORMED_CODES:
        return 400
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def problem_of(error: AppError, *, instance: str) -> Problem:
    """``error`` as the caller may see it."""
    status = status_of(error)
    if status == 500:
        return internal_problem(instance=instance)
    return _problem(
        status,
        error.code,
        error.detail,
        instance=instance,
        errors=[_error(detail) for detail in error.errors],
        context={} if status == 401 else dict(error.context),
    )


def internal_problem(*, instance: str) -> Problem:
    """What a caller is told of a mistake of ours: the id under which the log knows more."""
    return _problem(
        500,
        Internal.default_code,
        "Something went wrong on our side. The log knows it by the correlation id.",
        instance=instance,
    )


def problem_response(problem: Problem, *, headers: Mapping[str, str] | None = None) -> Response:
    """The reply that carries ``problem``; 401, 429 and 503 get the header they ask for."""
    extra = dict(headers or {})
    if problem.status == 401:
        extra.setdefault("WWW-Authenticate", "Bearer")
    if problem.status in {429, 503}:
        seconds = problem.context.get("retry_after_s", RETRY_AFTER_S)
        extra.setdefault("Retry-After", str(max(1, math.ceil(seconds))))
    return JsonResponse(
        problem.model_dump(mode="json", exclude_none=True, exclude_defaults=True, fallback=str),
        status_code=problem.status,
        headers=extra,
        media_type=MEDIA_TYPE,
    )


async def on_app_error(request: Request, error: Exception) -> Response:
    """Handler of every ``AppError`` a route raises, ``Internal`` excepted."""
    assert isinstance(error, AppError)  # noqa: S101 - registered for this type only
    if status_of(error) == 500:
        raise error  # the last catch logs it
    return problem_response(problem_of(error, instance=request.url.path))


async def on_validation_error(request: Request, error: Exception) -> Response:
    """Handler of what FastAPI finds wrong in parameters and bodies."""
    assert isinstance(error, RequestValidationError)  # noqa: S101 - as above
    found = error.errors()
    instance = request.url.path
    if any(item["type"] == "json_invalid" for item in found):
        malformed = Invalid("The body is not JSON.", code="malformed-json")
        return problem_response(problem_of(malformed, instance=instance))
    if isinstance(error.body, bytes):  # FastAPI parses a body only when it is declared as JSON
        unsupported = Unsupported("The body must be JSON: send Content-Type: application/json.")
        return problem_response(problem_of(unsupported, instance=instance))
    errors = [_field_error(item) for item in found]
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    return problem_response(
        _problem(
            422,
            Invalid.default_code,
            f"The request has {count}; see the list.",
            instance=instance,
            errors=errors,
        )
    )


async def on_http_exception(request: Request, error: Exception) -> Response:
    """Handler of what the framework raises itself: unknown path, wrong method, body too large."""
    assert isinstance(error, HTTPException)  # noqa: S101 - as above
    code, detail = FRAMEWORK_CODES.get(error.status_code, ("bad-request", str(error.detail)))
    problem = _problem(error.status_code, code, detail, instance=request.url.path)
    return problem_response(problem, headers=error.headers)


def _problem(
    status: int,
    code: str,
    detail: str,
    *,
    instance: str,
    errors: Sequence[ProblemError] = (),
    context: Mapping[str, Any] | None = None,
) -> Problem:
    return Problem(
        type=f"/problems/{code}",
        title=HTTPStatus(status).phrase,
        status=status,
        detail=detail,
        instance=instance,
        code=code,
        correlation_id=correlation.current(),
        errors=list(errors),
        context=dict(context or {}),
    )


def _error(detail: ErrorDetail) -> ProblemError:
    return ProblemError(
        detail=detail.detail,
        pointer=detail.pointer,
        tab=detail.tab,
        row=detail.row,
        column=detail.column,
        file=detail.file,
    )


def _field_error(item: Mapping[str, Any]) -> ProblemError:
    place, *path = item["loc"]
    message = str(item["msg"])
    if place != "body":
        return ProblemError(detail=message, parameter=str(path[0]) if path else str(place))
    pointer = "".join(f"/{_escaped(str(part))}" for part in path)
    return ProblemError(detail=message, pointer=pointer)


def _escaped(part: str) -> str:
    """A reference token of a JSON pointer (RFC 6901); half a surrogate pair becomes ``?``."""
    text = part.encode("utf-8", "replace").decode()
    return text.replace("~", "~0").replace("/", "~1")
