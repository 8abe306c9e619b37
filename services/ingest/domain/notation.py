"""Numbers as text, in the notation of any country: what they may mean, and what they prove.

``12,345`` has two readings. ``12,5`` has one, and proves that a comma separates decimals here; so
does ``1.234.567``, where the dots can only separate thousands. What one cell leaves open, others of
its column decide (:mod:`services.ingest.domain.evidence`).
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Final

COMMA: Final = ","
DOT: Final = "."
BLANKS_AND_TICKS: Final = " '\u00a0\u2009\u202f\u2019"
"""Marks that group thousands in some countries and separate decimals in none."""

Marks = frozenset[str]
NOTHING_SHOWN: Final[Marks] = frozenset()
"""No cell has shown which mark separates decimals."""


@dataclass(frozen=True, slots=True)
class Readings:
    """What digits mean when a comma, and when a dot, separates decimals; None: nothing."""

    by_comma: str | None
    by_dot: str | None

    @property
    def is_open(self) -> bool:
        """Whether both have a meaning, and not the same one."""
        return None not in (self.by_comma, self.by_dot) and self.by_comma != self.by_dot

    @property
    def shown(self) -> str | None:
        """The decimal mark that the digits prove."""
        if self.by_comma is None and self.by_dot is not None:
            return DOT
        return COMMA if self.by_dot is None and self.by_comma is not None else None

    def under(self, marks: Marks) -> str | None:
        """The only reading, else the one under the only one of ``marks``; None when still open."""
        if not self.is_open:
            return self.by_dot if self.by_comma is None else self.by_comma
        if len(marks) != 1:
            return None
        return self.by_comma if COMMA in marks else self.by_dot

    @property
    def grouped(self) -> str | None:
        """Of two readings, the one in which the mark separates thousands."""
        return next(
            (text for text in (self.by_dot, self.by_comma) if text and DOT not in text), None
        )


def readings(digits: str) -> Readings:
    """The readings of ``digits``, which are ASCII digits and marks, without a sign.

    >>> readings("12,345")
    Readings(by_comma='12.345', by_dot='12345')
    >>> readings("1.234,5").shown, readings("0,345").shown, readings("12,34,5").shown
    (',', ',', None)
    """
    return Readings(_under(digits, COMMA, DOT), _under(digits, DOT, COMMA))


def fraction(text: str) -> Fraction | int:
    """The exact number of a reading."""
    value = Fraction(text)
    return int(value) if value.denominator == 1 else value


def _under(digits: str, decimal: str, group: str) -> str | None:
    head, found, tail = digits.partition(decimal)
    if found and not tail.isdigit():
        return None
    whole = _ungrouped(head, group)
    if whole is None:
        return None
    return f"{whole}.{tail}" if found else whole


def _ungrouped(head: str, group: str) -> str | None:
    """``head`` without its grouping: threes after 1 to 3 digits, and one kind of mark only."""
    if head.isdigit():
        return head
    mark = next((char for char in head if char == group or char in BLANKS_AND_TICKS), None)
    if mark is None:
        return None
    first, *rest = head.split(mark)
    is_grouped = (
        1 <= len(first) <= 3
        and first.isdigit()
        and not first.startswith("0")
        and all(len(part) == 3 and part.isdigit() for part in rest)
    )
    return "".join((first, *rest)) if is_grouped else None
