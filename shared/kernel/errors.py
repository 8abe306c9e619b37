"""The one error vocabulary of all services.

AppError
├── Invalid              the request or document breaks a rule         400 / 422
├── Unauthenticated      who is asking is not known                    401
├── Forbidden            known, but may not                            403
├── NotFound             does not exist, or not for this person        404
├── Conflict             clashes with the present state                409
├── PreconditionFailed   somebody else changed it first                412
├── TooLarge             over a stated limit                           413
├── Unsupported          a kind of document we do not read             415
├── PreconditionRequired an update must say what it is based on        428
├── TooManyRequests      slow down                                     429
├── Internal             our mistake; the message stays inside         500
└── Unavailable          a dependency is away for now; retry           503

Services raise these with a ``code`` of their own (``domain/errors.py`` lists them); the edge turns
the kind into an HTTP status (:mod:`shared.http.problems`) or into the fate of a delivery
(:mod:`shared.bus.consumer`). Nothing else knows the mapping.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class ErrorDetail:
    """One thing wrong, and where.

    ``pointer`` is a JSON pointer into the request; a workbook uses ``tab``, ``row`` (1-based, the
    header is row 1), ``column`` (the header's text) and, in an import of several, ``file``.
    """

    detail: str
    pointer: str | None = None
    tab: str | None = None
    row: int | None = None
    column: str | None = None
    file: str | None = None


class AppError(Exception):
    """Base of every error that has a meaning for the caller.

    ``code`` is stable, kebab-case and names a page in ``docs/problems/``; ``detail`` is one or two
    sentences for the person: what is wrong and what to do; ``context`` holds facts, never secrets.
    """

    default_code = "internal"

    def __init__(
        self,
        detail: str,
        *,
        code: str | None = None,
        context: Mapping[str, Any] | None = None,
        errors: Sequence[ErrorDetail] = (),
    ) -> None:
        super().__init__(detail)
        self.code = code or self.default_code
        self.detail = detail
        self.context: Mapping[str, Any] = dict(context or {})
        self.errors: Sequence[ErrorDetail] = tuple(errors)


class Invalid(AppError):
    """The request is well-formed, but breaks a rule."""

    default_code = "invalid"


class Unauthenticated(AppError):
    """Credentials are missing, wrong or expired."""

    default_code = "unauthenticated"


class Forbidden(AppError):
    """The caller is known and lacks the permission."""

    default_code = "forbidden"


class NotFound(AppError):
    """There is no such thing, or the caller may not know of it."""

    default_code = "not-found"


class Conflict(AppError):
    """The request clashes with the present state."""

    default_code = "conflict"


class PreconditionFailed(AppError):
    """The caller's copy is older than ours."""

    default_code = "precondition-failed"


class PreconditionRequired(AppError):
    """An update came without If-Match."""

    default_code = "precondition-required"


class TooLarge(AppError):
    """A stated limit is passed."""

    default_code = "too-large"


class Unsupported(AppError):
    """A kind of content that is not read here."""

    default_code = "unsupported-media-type"


class TooManyRequests(AppError):
    """The caller is over its rate. ``context["retry_after_s"]`` says when to come back."""

    default_code = "too-many-requests"


class Unavailable(AppError):
    """A dependency does not answer now; the same call may work later."""

    default_code = "unavailable"


class Internal(AppError):
    """A mistake of ours. The message is logged, never shown."""

    default_code = "internal"
