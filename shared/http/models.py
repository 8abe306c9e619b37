"""Bodies: what requests and replies are made of.

Request bodies refuse unknown fields. A reply is a pydantic model, or, for the few lists that are
long enough to matter, a :class:`JsonResponse` of dictionaries that a test holds against the model.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends, Query
from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    model_validator,
)
from starlette.responses import JSONResponse

from shared.kernel.paging import Page

T = TypeVar("T")

DEFAULT_PAGE_ITEMS = 100
MAX_PAGE_ITEMS = 500


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError:  # the first or last hours there are, in a zone beyond them
        raise ValueError("is outside the years 1 to 9999 in UTC") from None


def _no_number(value: object) -> object:
    """Pydantic would take a number for seconds since 1970, which the document does not promise."""
    if isinstance(value, str | int | float):
        try:
            float(value)
        except ValueError:
            return value
        raise ValueError("is a time like 2026-03-02T09:30:00Z")
    return value


UtcTime = Annotated[AwareDatetime, BeforeValidator(_no_number), AfterValidator(_in_utc)]
"""A moment; RFC 3339 with Z on the wire. A time without a zone is refused."""


class RequestModel(BaseModel):
    """Base of request bodies. Misspelt fields are errors, not silence."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _can_be_stored(cls, data: Any) -> Any:
        if not _is_storable(data):
            raise ValueError("holds a character that is no text: NUL, or half a surrogate pair")
        return data


def _is_storable(data: object) -> bool:
    """JSON may say \\u0000 and \\ud800; no database and no UTF-8 takes them."""
    pending = [data]
    while pending:  # not by recursion: the caller decides how deep it is
        item = pending.pop()
        if isinstance(item, str):
            if any(char == "\0" or "\ud800" <= char <= "\udfff" for char in item):
                return False
        elif isinstance(item, Mapping):
            pending += [*item.keys(), *item.values()]
        elif isinstance(item, list):
            pending += item
    return True


class MergePatch(RequestModel):
    """Base of PATCH bodies: JSON Merge Patch (RFC 7396).

    Declare every field with a default; the default never acts. A field that may be cleared accepts
    None; one that may not, does not, and null is refused like any wrong type. To say that, give it
    a default without widening its type: ``name: str = ""``.
    """

    def changes(self) -> dict[str, Any]:
        """What the caller asks to change: absent fields are left out, null is None."""
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


class ReplyModel(BaseModel):
    """Base of reply bodies. Built from domain objects with ``model_validate``."""

    model_config = ConfigDict(frozen=True, from_attributes=True)


class ListReply(ReplyModel, Generic[T]):
    """One page of a list in a stated order."""

    items: list[T]
    next_cursor: str | None = Field(
        None, description="Give it back as `cursor` for the next page; null on the last one"
    )

    @classmethod
    def of(cls, page: Page[T]) -> "ListReply[T]":
        """``page`` as a reply."""
        return cls(items=list(page.items), next_cursor=page.next_cursor)


class PageQuery(BaseModel):
    """Where a list continues, and how much of it is wanted."""

    model_config = ConfigDict(frozen=True)

    cursor: str | None
    limit: int


def _page_query(
    cursor: Annotated[
        str | None, Query(description="`next_cursor` of the page before", max_length=1024)
    ] = None,
    limit: Annotated[
        int, Query(description="Items a page", ge=1, le=MAX_PAGE_ITEMS)
    ] = DEFAULT_PAGE_ITEMS,
) -> PageQuery:
    return PageQuery(cursor=cursor, limit=limit)


PageParameters = Annotated[PageQuery, Depends(_page_query)]
"""Declares ``cursor`` and ``limit`` on a route of a list."""


def to_json(content: object) -> bytes:
    """``content`` as JSON: models by their JSON form, times in UTC with Z, UUIDs as text.

    Raises:
        TypeError: something in it has no JSON form.
    """
    return orjson.dumps(content, default=_json_form, option=orjson.OPT_UTC_Z)


def _json_form(value: object) -> object:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, UUID):  # the driver's own kind, which orjson does not know
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


class JsonResponse(JSONResponse):
    """JSON written by orjson, six times cheaper than through a response model."""

    def render(self, content: object) -> bytes:
        """The body."""
        return to_json(content)
