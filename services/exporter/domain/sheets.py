"""A worksheet as data: what a writer needs to know, and no writer."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TypeAlias

Cell: TypeAlias = "str | int | float | date | datetime | None"
"""A date-time is naive, local to the zone that its column's title names."""


class Kind(StrEnum):
    """How a column's values are shown."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    COUNT = "count"
    AMOUNT = "amount"
    DATE = "date"
    INSTANT = "instant"
    MIXED = "mixed"
    """Each value by its own type."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column. The title carries the unit; ``width`` is in characters."""

    title: str
    kind: Kind = Kind.TEXT
    width: int = 12


@dataclass(frozen=True, slots=True)
class Sheet:
    """A worksheet: a header row and rows as wide as it, read once from the first to the last."""

    name: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Cell]]
