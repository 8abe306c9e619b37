"""Refusals as shared responses: one component for each status that an operation may answer."""

from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from services.openapi.headers import CORRELATION_ID, RATES, RETRY_AFTER, header_references
from shared.http.problems import MEDIA_TYPE


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a status is answered: in words, and as the problem of the example."""

    when: str
    code: str
    detail: str
    headers: tuple[str, ...] = ()


REFUSALS: Final = {
    400: Refusal(
        "The address, a header or the body cannot be read",
        "malformed-json",
        "The body is not JSON.",
    ),
    401: Refusal(
        "It is not known who asks, or the session has ended",
        "session-expired",
        "The session has ended. Log in again: POST /v1/sessions.",
        ("WWW-Authenticate",),
    ),
    403: Refusal(
        "The caller may not do this",
        "permission-missing",
        "This needs the permission migration:write, which the role viewer lacks. "
        "An administrator can change the role.",
    ),
    404: Refusal(
        "There is no such thing, or not for this caller",
        "project-not-found",
        "There is no such project.",
    ),
    408: Refusal(
        "The body did not arrive in time",
        "request-timeout",
        "The request body did not arrive in time. Send it again without pauses.",
    ),
    409: Refusal(
        "The present state does not allow this",
        "idempotency-key-in-flight",
        "A request with this Idempotency-Key is being worked on. Ask again in a moment.",
    ),
    412: Refusal(
        "Somebody else changed it first",
        "precondition-failed",
        "Somebody changed this first. Read it again and repeat the change.",
    ),
    413: Refusal(
        "The body is too large",
        "too-large",
        "The request body is larger than this address takes.",
    ),
    415: Refusal(
        "The body is of a kind that is not read here",
        "unsupported-media-type",
        "The body must be JSON: send Content-Type: application/json.",
    ),
    422: Refusal(
        "The request is well-formed and breaks a rule; `errors` says where",
        "invalid",
        "The request has 1 error; see the list.",
    ),
    428: Refusal(
        "The update does not say what it is based on",
        "precondition-required",
        "An update must say which version it is based on: send the ETag you read as If-Match.",
    ),
    429: Refusal(
        "Too many requests",
        "too-many-requests",
        "These are more than 1200 requests a minute of one principal. "
        "Wait 7 s, then ask less often: Retry-After of an operation says when.",
        (RETRY_AFTER,),
    ),
    500: Refusal(
        "A mistake of ours",
        "internal",
        "Something went wrong on our side. The log knows it by the correlation id.",
    ),
    503: Refusal(
        "A part of the platform does not answer now; the same request may work later",
        "upstream-unavailable",
        "The planner service does not answer. Try again in a moment.",
        (RETRY_AFTER,),
    ),
}


def reference(status: int) -> dict[str, str]:
    """The shared response of ``status``."""
    return {"$ref": f"#/components/responses/Problem{status}"}


def components() -> dict[str, Any]:
    """All shared responses by name."""
    return {f"Problem{status}": _response(status, one) for status, one in REFUSALS.items()}


def _response(status: int, refusal: Refusal) -> dict[str, Any]:
    return {
        "description": f"{refusal.when}.",
        "headers": header_references(*refusal.headers, CORRELATION_ID, *RATES),
        "content": {
            MEDIA_TYPE: {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {refusal.code: {"value": _example(status, refusal)}},
            }
        },
    }


def _example(status: int, refusal: Refusal) -> dict[str, Any]:
    problem: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": refusal.detail,
        "instance": "/v1/projects",
        "code": refusal.code,
        "correlation_id": "3f6f1f0a-6f2e-4e57-9a38-5b7b1f3d2c10",
    }
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        problem["errors"] = [{"detail": "Field required", "pointer": "/name"}]
    return problem
