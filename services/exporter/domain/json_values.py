"""Reading plain JSON without trusting its shape: what is missing is None, never an error.

A snapshot may come from an older or a newer planner; an export shows what it knows.
"""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import TypeAlias
from zoneinfo import ZoneInfo

Json: TypeAlias = "Mapping[str, Json] | list[Json] | str | int | float | bool | None"
Document: TypeAlias = Mapping[str, Json]


def find(value: Json, *path: str) -> Json:
    """What is at ``path``, None if there is nothing.

    >>> find({"summary": {"vms": 324}}, "summary", "vms")
    324
    >>> find({"summary": None}, "summary", "vms") is None
    True
    """
    for key in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(key)
    return value


def items(value: Json) -> Iterator[Document]:
    """The objects in a list."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, Mapping):
                yield item


def text(value: Json) -> str | None:
    """A plain value as text; lists with commas, objects as ``key: value``.

    >>> text([1, "two", None])
    '1, two'
    """
    match value:
        case None | [] | "":
            return None
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(part for part in map(text, value) if part is not None)
        case Mapping():
            return ", ".join(f"{key}: {text(part)}" for key, part in value.items())
        case _:
            return str(value)


def number(value: Json) -> int | float | None:
    """A number, None for anything else."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def plain_cell(value: Json) -> int | float | str | None:
    """A number as it is, anything else as text."""
    amount = number(value)
    return text(value) if amount is None else amount


def local_instant(value: Json, zone: ZoneInfo) -> datetime | None:
    """An RFC 3339 instant by the clock on the wall of ``zone``, without its offset.

    >>> local_instant("2026-11-16T08:00:00Z", ZoneInfo("Europe/Berlin"))
    datetime.datetime(2026, 11, 16, 9, 0)
    """
    if not isinstance(value, str):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    if instant.tzinfo is None:
        return None
    return instant.astimezone(zone).replace(tzinfo=None)


def local_date(value: Json) -> date | None:
    """A date such as ``2026-11-16``."""
    if not isinstance(value, str):
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
