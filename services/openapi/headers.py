"""Headers as shared components, and the parameters that updates and creations take."""

from typing import Any, Final

CORRELATION_ID: Final = "X-Correlation-ID"
RETRY_AFTER: Final = "Retry-After"
RATES: Final = ("RateLimit", "RateLimit-Policy")

_TAG: Final = r'^"[!#-~]+"$'
_VERSION_TAG: Final = r'^"[1-9][0-9]{0,17}"$'
_UUID: Final = "5b0f2f7e-58a5-4b0c-8f0e-2f8a4c1d9e77"

_HEADERS: Final[dict[str, dict[str, Any]]] = {
    "ETag": {
        "description": "Version of the representation: send it back as `If-Match` or "
        "`If-None-Match`",
        "required": True,
        "schema": {"type": "string", "pattern": _TAG},
        "example": '"3"',
    },
    "Location": {
        "description": "Path of what was created, or of the operation to follow",
        "required": True,
        "schema": {"type": "string", "format": "uri-reference"},
        "example": "/v1/operations/ingest/5b0f2f7e-58a5-4b0c-8f0e-2f8a4c1d9e77",
    },
    RETRY_AFTER: {
        "description": "Seconds to wait before the next request",
        "required": True,
        "schema": {"type": "integer", "minimum": 1},
        "example": 7,
    },
    "Idempotency-Replayed": {
        "description": "`true` when this is the stored reply to an earlier request with the key",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    CORRELATION_ID: {
        "description": "Names the request in logs and events; yours if you sent one",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,64}$"},
        "example": "3f6f1f0a-6f2e-4e57-9a38-5b7b1f3d2c10",
    },
    "RateLimit": {
        "description": "What is left of each policy: `r` requests, more of them in `t` seconds",
        "schema": {"type": "string"},
        "example": '"address";r=2993;t=41, "principal";r=1187;t=41',
    },
    "RateLimit-Policy": {
        "description": "The policies that the request counts under: `q` requests in `w` seconds",
        "schema": {"type": "string"},
        "example": '"address";q=3000;w=60, "principal";q=1200;w=60',
    },
    "WWW-Authenticate": {
        "description": "How to say who asks",
        "required": True,
        "schema": {"type": "string"},
        "example": "Bearer",
    },
}

PARAMETERS: Final[dict[str, dict[str, Any]]] = {
    "Idempotency-Key": {
        "schema": {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$", "maxLength": 200},
        "example": _UUID,
    },
    "If-Match": {
        "schema": {"type": "string", "pattern": _VERSION_TAG, "maxLength": 20},
        "example": '"3"',
    },
}
"""Headers without which a request is refused, as strict as the service reads them."""


def components() -> dict[str, Any]:
    """All shared headers by name."""
    return dict(_HEADERS)


def header_references(*names: str) -> dict[str, dict[str, str]]:
    """The headers ``names`` of a response."""
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}
