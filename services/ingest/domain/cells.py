"""Cell by cell: what a spreadsheet holds becomes a typed value, or is refused with a reason.

The reader gives text, floats (Excel knows no integers), booleans, dates and ``""`` for nothing; in
CSV everything is text. People re-save workbooks in other languages and paste numbers as text, so
both are understood where they have one meaning only, or other cells of the column show which. What
has none raises :class:`BadCell`; nothing becomes 0 in silence.
"""

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Final

from services.ingest.domain.notation import (
    BLANKS_AND_TICKS,
    NOTHING_SHOWN,
    Marks,
    Readings,
    fraction,
    readings,
)

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
_NUMBER = re.compile(
    rf"^([+-]?)([0-9][0-9.,{BLANKS_AND_TICKS}]*)(e[+-]?[0-9]{{1,2}})?([a-z]*)$", re.ASCII
)

_LONGEST_NUMBER: Final = 64
_LONGEST_PLAIN_NUMBER: Final = 15
_NO_SEPARATORS: Final = "Type the number without a thousands separator."

NO_RESULT: Final = "#formula without result"
"""What a cell is taken to show whose formula was never calculated."""
_ERRORS: Final = frozenset(
    {"#n/a", "#ref!", "#name?", "#value!", "#div/0!", "#null!", "#num!", "#getting_data"}
    | {"#spill!", "#calc!", "#field!", "#blocked!", "#unknown!", "#connect!", NO_RESULT}
)

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
    """Whether text needs more than trimming: Excel's errors and escapes, NUL, or too long."""
    return "_x" in raw or "\x00" in raw or "#" in raw or len(raw) > max_chars


def refuse_error(cell: Cell) -> None:
    """Lets through what is not one of Excel's errors, such as #N/A.

    Raises:
        BadCell: it is one.
    """
    if isinstance(cell, str) and "#" in cell and cell.strip().lower() in _ERRORS:
        raise BadCell(
            f"the cell shows {cell.strip()}",
            "Type the value itself, or export again with RVTools.",
        )


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


def number(
    cell: Cell, *, shown: Marks = NOTHING_SHOWN, has_thousandths: bool = False
) -> Fraction | int | None:
    """An exact number; None when blank. Text is read in every notation with one meaning.

    >>> number("1.234,5"), number("12,345"), number("4 096"), number("8 GB"), number("")
    (Fraction(2469, 2), 12345, 4096, Fraction(8192, 1), None)

    A unit in the cell counts as one of a size in MiB: "8 GB" is 8192. ``shown`` are the decimal
    marks that other cells of the column show. Without any, one separator with three digits after
    it separates thousands, because counts and sizes in MiB have no thousandths; other figures may
    have some, as those in GB.

    Raises:
        BadCell: it is not a number, or one of two and nothing tells which.
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
        return _number_in(cell, shown, has_thousandths=has_thousandths)
    raise BadCell("a date or time where a number belongs", "Format the cell as Number.")


def decimal_mark_shown(cell: Cell) -> str | None:
    """The mark that separates decimals, where the cell proves it.

    >>> decimal_mark_shown("12,5"), decimal_mark_shown("1.234.567"), decimal_mark_shown("12,345")
    (',', ',', None)
    """
    parts = _parts(cell)
    return None if parts is None else parts.readings.shown


def has_two_readings(cell: Cell) -> bool:
    """Whether only other cells can tell which number the text means, as of "12,345"."""
    if type(cell) is not str or ("," not in cell and "." not in cell):
        return False
    parts = _parts(cell)
    return parts is not None and parts.readings.is_open


def whole(cell: Cell, *, at_most: int = 1 << 31, shown: Marks = NOTHING_SHOWN) -> int | None:
    """A count, 0 or more; None when blank.

    Raises:
        BadCell: it is not a whole number between 0 and ``at_most``, or it may be two of them.
    """
    if type(cell) is float and 0 <= cell <= at_most and cell == (quick := int(cell)):
        return quick
    if not shown and has_two_readings(cell) and str(cell).strip().endswith("000"):
        raise BadCell(_either(str(cell)), _NO_SEPARATORS)
    value = number(cell, shown=shown)
    if value is None:
        return None
    if isinstance(value, Fraction) and value.denominator != 1:
        raise BadCell("not a whole number", "Type a whole number.")
    if not 0 <= value <= at_most:
        raise BadCell(f"not between 0 and {at_most:,}", "Type the real figure.")
    return int(value)


def size_mib(
    cell: Cell, *, mib_per_unit: Fraction = Fraction(1), shown: Marks = NOTHING_SHOWN
) -> int | None:
    """A size in MiB, rounded half to even; None when blank.

    Raises:
        BadCell: it is not a number, one of two, negative, or beyond reason.
    """
    if type(cell) is float and mib_per_unit == 1 and 0 <= cell <= MAX_MIB:
        return round(cell)
    if not shown and mib_per_unit > 1 and has_two_readings(cell):
        raise BadCell(_either(str(cell)), _NO_SEPARATORS)
    value = number(cell, shown=shown)
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


@dataclass(frozen=True, slots=True)
class _Parts:
    """A number as text, taken apart."""

    sign: str
    readings: Readings
    exponent: str
    unit: str


def _parts(cell: Cell) -> _Parts | None:
    """None when it is not text, or not that of a number."""
    if not isinstance(cell, str) or len(cell) > _LONGEST_NUMBER:
        return None
    match = _NUMBER.match(cell.strip().lower())
    if match is None:
        return None
    sign, digits, exponent, unit = match.groups()
    return _Parts(sign, readings(digits.rstrip(BLANKS_AND_TICKS)), exponent or "", unit)


def _number_in(raw: str, shown: Marks, *, has_thousandths: bool) -> Fraction | int | None:
    if len(raw) <= _LONGEST_PLAIN_NUMBER and raw.isdecimal() and raw.isascii():
        return int(raw)
    if not raw or raw.isspace():
        return None
    parts = _parts(raw)
    if parts is None:
        raise BadCell("not a number", "Type the number without any text.")
    if parts.unit and parts.unit not in MIB_PER_UNIT:
        raise BadCell(f"unknown unit {parts.unit!r}", "Type the number in the column's unit.")
    text = parts.readings.under(shown)
    if text is None and not parts.readings.is_open:
        raise BadCell("not a number in any notation", "Type the number without separators.")
    may_have_thousandths = has_thousandths or MIB_PER_UNIT.get(parts.unit, Fraction(1)) > 1
    if text is None and not shown and not may_have_thousandths:
        text = parts.readings.grouped
    if text is None:
        raise BadCell(_either(raw), _NO_SEPARATORS)
    value = fraction(f"{parts.sign}{text}{parts.exponent}")
    return Fraction(value) * MIB_PER_UNIT[parts.unit] if parts.unit else value


def _either(raw: str) -> str:
    parts = _parts(raw)
    if parts is None:
        return "not a number"
    found = parts.readings
    return (
        f"may be {found.by_comma} or {found.by_dot}: other cells of the column do not tell whether "
        "a comma or a dot separates decimals"
    )


def _unescape(raw: str) -> str:
    """Excel writes what XML cannot hold as ``_xHHHH_``. NUL, which no database holds, goes."""
    decoded = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), raw).replace("\x00", "")
    return decoded.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
