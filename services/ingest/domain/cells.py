"""Cell by cell: what a spreadsheet holds becomes a typed value, or is refused with a reason.

The reader gives text, floats (Excel knows no integers), booleans, dates and ``""`` for nothing.
People re-save workbooks in other languages and paste numbers as text, so both are understood where
they have one meaning only. What has none raises :class:`BadCell`; nothing becomes 0 in silence.
"""

import math
import re
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Final

Cell = str | float | int | bool | datetime | date | time | timedelta
"""What the workbook reader gives for one cell; ``""`` when it is empty."""

MIB_PER_UNIT: Final[dict[str, Fraction]] = {
    "kb": Fraction(1, 1024),
    "kib": Fraction(1, 1024),
    "mb": Fraction(1),
    "mib": Fraction(1),
    "gb": Fraction(1024),
    "gib": Fraction(1024),
    "tb": Fraction(1024 * 1024),
    "tib": Fraction(1024 * 1024),
}
"""VMware and RVTools count in powers of 1024 and leave out the "i" (decision 1)."""

MAX_MIB: Final = 1 << 42
"""4 EiB: more is a typing error."""

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_NUMBER = re.compile(r"^([+-]?)([0-9][0-9.,' \u00a0\u2009\u202f]*)(e[+-]?[0-9]{1,2})?([a-z]*)$")
_BLANKS_AND_TICKS = re.compile(r"[ '\u00a0\u2009\u202f]")

_LONGEST_NUMBER: Final = 64

_USUAL_FLAGS: Final[dict[str, bool | None]] = {"False": False, "True": True, "": None}
_TRUE: Final = frozenset(
    {"true", "yes", "1", "enabled", "on", "wahr", "ja", "vrai", "oui", "verdadero", "vero", "si"}
)
_FALSE: Final = frozenset(
    {"false", "no", "0", "disabled", "off", "falsch", "nein", "faux", "non", "falso", "nee"}
)


class BadCell(Exception):
    """The cell has no value of the wanted kind. ``reason`` says why, ``fix`` what to do."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.fix = fix


def is_blank(cell: Cell) -> bool:
    """Whether the cell holds nothing, or blanks only."""
    return cell == "" or (isinstance(cell, str) and cell.isspace())


def is_special(raw: str, *, max_chars: int) -> bool:
    """Whether text needs more than trimming: Excel's escapes, NUL, or too long."""
    return "_x" in raw or "\x00" in raw or len(raw) > max_chars


def plain_text(cell: Cell) -> str:
    """The cell as text, byte for byte; numbers as a person would type them.

    >>> plain_text(2012.0), plain_text("web-01 "), plain_text(True)
    ('2012', 'web-01 ', 'True')
    """
    if isinstance(cell, str):
        return _unescape(cell) if "_x" in cell or "\x00" in cell else cell
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() and abs(cell) < 1e15 else repr(cell)
    return str(cell)


def text(cell: Cell, *, max_chars: int) -> str | None:
    """Trimmed text, None when blank.

    Raises:
        BadCell: it is longer than ``max_chars``.
    """
    if cell == "":
        return None
    value = plain_text(cell).strip()
    if len(value) > max_chars:
        raise BadCell(
            f"{len(value):,} characters; Excel itself allows {max_chars:,}",
            "Shorten the text.",
        )
    return value or None


def name(cell: Cell, *, max_bytes: int) -> str | None:
    """A name byte for byte, blanks at its ends included; None when there is nothing but blanks.

    Raises:
        BadCell: Excel has turned it into a date or a fraction, or it is too long.
    """
    if isinstance(cell, date | time | timedelta) or (
        isinstance(cell, float) and not (cell.is_integer() and abs(cell) < 1e15)
    ):
        raise BadCell(
            "Excel has turned the name into a date or a number",
            "Format the column as Text and type the name again, or export again with RVTools.",
        )
    value = plain_text(cell)
    if len(value) * 4 > max_bytes and len(value.encode()) > max_bytes:
        raise BadCell(f"a name of {len(value):,} characters", "Type the name that vCenter shows.")
    return None if not value or value.isspace() else value


def number(cell: Cell) -> Fraction | int | None:
    """An exact number; None when blank. Text is read in every notation with one meaning.

    >>> number("1.234,5"), number("12,345"), number("4 096"), number("8 GB"), number("")
    (Fraction(2469, 2), 12345, 4096, Fraction(8192, 1), None)

    A unit in the cell counts as one of a size in MiB: "8 GB" is 8192. One separator with three
    digits after it separates thousands, because sizes and counts have no thousandths.

    Raises:
        BadCell: it is not a number.
    """
    if isinstance(cell, bool):
        raise BadCell("True or False where a number belongs", "Type the number.")
    if isinstance(cell, float):
        if not math.isfinite(cell):
            raise BadCell("not a finite number", "Type the number.")
        return int(cell) if cell.is_integer() else Fraction(cell)
    if isinstance(cell, int):
        return cell
    if isinstance(cell, str):
        return _number_in(cell)
    raise BadCell("a date or time where a number belongs", "Format the cell as Number.")


def whole(cell: Cell, *, at_most: int = 1 << 31) -> int | None:
    """A count, 0 or more; None when blank.

    Raises:
        BadCell: it is not a whole number between 0 and ``at_most``.
    """
    if type(cell) is float and 0 <= cell <= at_most and cell == (quick := int(cell)):
        return quick
    value = number(cell)
    if value is None:
        return None
    if isinstance(value, Fraction) and value.denominator != 1:
        raise BadCell("not a whole number", "Type a whole number.")
    if not 0 <= value <= at_most:
        raise BadCell(f"not between 0 and {at_most:,}", "Type the real figure.")
    return int(value)


def size_mib(cell: Cell, *, mib_per_unit: Fraction = Fraction(1)) -> int | None:
    """A size in MiB, rounded half to even; None when blank.

    Raises:
        BadCell: it is not a number, negative, or beyond reason.
    """
    if type(cell) is float and mib_per_unit == 1 and 0 <= cell <= MAX_MIB:
        return round(cell)
    value = number(cell)
    if value is None:
        return None
    mib = round(value * mib_per_unit)
    if value < 0:
        raise BadCell("a negative size", "Type the real size.")
    if mib > MAX_MIB:
        raise BadCell("a size beyond reason", "Type the real size in MiB.")
    return mib


def flag(cell: Cell) -> bool | None:
    """True or False, from a real boolean, RVTools' text, or a re-saved workbook's; None when blank.

    Raises:
        BadCell: it is neither.
    """
    if isinstance(cell, bool):
        return cell
    if isinstance(cell, str) and cell in _USUAL_FLAGS:
        return _USUAL_FLAGS[cell]
    word = plain_text(cell).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    if not word:
        return None
    raise BadCell("neither True nor False", "Type True or False.")


def _number_in(raw: str) -> Fraction | int | None:
    stripped = raw.strip().lower()
    if not stripped:
        return None
    match = _NUMBER.match(stripped) if len(stripped) <= _LONGEST_NUMBER else None
    if match is None:
        raise BadCell("not a number", "Type the number without any text.")
    sign, digits, exponent, unit = match.groups()
    plain = _decimal_notation(_BLANKS_AND_TICKS.sub("", digits))
    if plain is None:
        raise BadCell("not a number in any notation", "Type the number without separators.")
    if unit and unit not in MIB_PER_UNIT:
        raise BadCell(f"unknown unit {unit!r}", "Type the number in the column's unit.")
    value = Fraction(f"{sign}{plain}{exponent or ''}")
    if unit:
        return value * MIB_PER_UNIT[unit]
    return int(value) if value.denominator == 1 else value


def _decimal_notation(digits: str) -> str | None:
    """``digits`` with "." as decimal mark and no grouping; None when they contradict each other."""
    dots, commas = digits.count("."), digits.count(",")
    if dots and commas:
        decimal, group = (".", ",") if digits.rfind(".") > digits.rfind(",") else (",", ".")
        if digits.count(decimal) > 1:
            return None
        head, _, tail = digits.partition(decimal)
        return f"{head.replace(group, '')}.{tail}" if _is_grouped(head, group) and tail else None
    mark = "." if dots else ","
    if not dots and not commas:
        return digits
    if _is_grouped(digits, mark):
        return digits.replace(mark, "")
    head, _, tail = digits.partition(mark)
    return f"{head}.{tail}" if head.isdigit() and tail.isdigit() else None


def _is_grouped(digits: str, mark: str) -> bool:
    """Whether ``mark`` separates thousands: 1 to 3 digits first, then threes.

    >>> _is_grouped("12,345", ","), _is_grouped("0,345", ","), _is_grouped("12,34", ",")
    (True, False, False)
    """
    first, *rest = digits.split(mark)
    if not rest:
        return first.isdigit()
    return (
        1 <= len(first) <= 3
        and first.isdigit()
        and not first.startswith("0")
        and all(len(group) == 3 and group.isdigit() for group in rest)
    )


def _unescape(raw: str) -> str:
    """Excel writes what XML cannot hold as ``_xHHHH_``. NUL, which no database holds, goes."""
    decoded = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), raw).replace("\x00", "")
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
