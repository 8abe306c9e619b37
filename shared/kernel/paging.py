"""Keyset pages: a page, and the opaque cursor that continues it."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.kernel.errors import Invalid

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items in a stated order; ``next_cursor`` is None on the last page."""

    items: Sequence[T]
    next_cursor: str | None


def encode_cursor(*key: str | int | float | None) -> str:
    """An opaque cursor that holds the sort key of the last item of a page.

    >>> decode_cursor(encode_cursor("web-01", "7"), parts=2)
    ['web-01', '7']
    """
    raw = json.dumps(list(key), separators=(",", ":"), ensure_ascii=False).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def decode_cursor(cursor: str, *, parts: int) -> list[str | int | float | None]:
    """The key inside ``cursor``.

    Raises:
        Invalid: it is not a cursor of ours, or belongs to another list.
    """
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        key = None
    if (
        not isinstance(key, list)
        or len(key) != parts
        or not all(isinstance(part, str | int | float | None) for part in key)
    ):
        raise Invalid(
            "The cursor does not belong to this list. Start again without it.",
            code="invalid-cursor",
        )
    return key
