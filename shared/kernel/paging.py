"""Keyset pages: a page, and the opaque cursor that continues it."""

import base64
import binascii
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar, overload
from uuid import UUID

from shared.kernel.errors import Invalid

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")

_INT4: Final = 2**31


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items in a stated order; ``next_cursor`` is None on the last page."""

    items: Sequence[T]
    next_cursor: str | None


def encode_cursor(*key: str | int | UUID) -> str:
    """An opaque cursor that holds the sort key of the last item of a page.

    >>> decode_cursor(encode_cursor("web-01", 7), str, int)
    ('web-01', 7)
    """
    parts = [str(part) if isinstance(part, UUID) else part for part in key]
    raw = json.dumps(parts, separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


@overload
def decode_cursor(cursor: str, kind: type[A], /) -> tuple[A]: ...


@overload
def decode_cursor(cursor: str, first: type[A], second: type[B], /) -> tuple[A, B]: ...


@overload
def decode_cursor(
    cursor: str, first: type[A], second: type[B], third: type[C], /
) -> tuple[A, B, C]: ...


def decode_cursor(cursor: str, *kinds: type[Any]) -> tuple[Any, ...]:
    """The key inside ``cursor``; ``kinds`` says what its parts are: str, int or UUID.

    Raises:
        Invalid: it is not a cursor of ours, or belongs to another list; code ``invalid-cursor``.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        parts = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
        if not isinstance(parts, list):
            raise foreign_cursor()
        return tuple(_part(part, kind) for part, kind in zip(parts, kinds, strict=True))
    except (binascii.Error, ValueError, RecursionError):
        raise foreign_cursor() from None


def list_digest(*parts: object) -> str:
    """A name for a list that depends on all of ``parts``, for cursors that are valid in it only.

    Parts are told apart by their ``repr``; sets by their members, in any order.

    >>> list_digest("vms", frozenset({"a", "b"})) == list_digest("vms", frozenset({"b", "a"}))
    True
    """
    told = [
        sorted(map(repr, part)) if isinstance(part, frozenset) else repr(part) for part in parts
    ]
    return hashlib.blake2s(repr(told).encode(), digest_size=8).hexdigest()


def foreign_cursor() -> Invalid:
    """The error for a cursor that does not belong to the list."""
    return Invalid(
        "The cursor does not belong to this list. Start again without it.", code="invalid-cursor"
    )


def _part(value: object, kind: type[Any]) -> object:
    """``value`` as PostgreSQL can compare it with a column of ``kind``."""
    if kind is UUID and isinstance(value, str):
        return UUID(value)
    if (
        kind is int
        and isinstance(value, int)
        and not isinstance(value, bool)
        and abs(value) < _INT4
    ):
        return value
    if kind is str and isinstance(value, str) and "\0" not in value:
        return str(value.encode().decode())  # half a surrogate pair is no text
    raise ValueError(value)
