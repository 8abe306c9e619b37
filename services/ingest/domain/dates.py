"""Dates as spreadsheets hold them: Excel's own, RVTools' text, and the text of a country."""

import re
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from services.ingest.domain.cells import BadCell, Cell

DAY_FIRST: Final = "d/m/y"
MONTH_FIRST: Final = "m/d/y"

Orders = frozenset[str]
NO_ORDER: Final[Orders] = frozenset()
"""No cell has shown whether the day or the month comes first."""

_DATE = re.compile(
    r"^(\d{1,4})([/.-])(\d{1,2})\2(\d{1,4})\.?"
    r"(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?Z?)?\s*([AP]M)?$",
    re.IGNORECASE | re.ASCII,
)
_LONGEST_DATE: Final = 40
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  compared with dates that have no zone
_SERIAL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  Excel's day 0
_FIRST_SERIAL: Final = 20_000
_LAST_SERIAL: Final = 80_000
_YEARS: Final = range(1900, 2200)
_FIX: Final = "Type it as yyyy/mm/dd hh:mm:ss."
_UNKNOWN_NEAR_EPOCH: Final = timedelta(hours=14)


class _Found(NamedTuple):
    """A date as text, taken apart. The order is None where only other cells can tell it."""

    numbers: tuple[int, int, int]
    order: str | None
    clock: tuple[int, int, int]


def moment(cell: Cell, *, shown: Orders = NO_ORDER) -> datetime | None:
    """A date and time as the exporting machine's clock showed it, without a zone; None when blank.

    RVTools writes ``yyyy/mm/dd hh:mm:ss``, Excel a date of its own, and CSV and ``vMetaData``
    whatever the machine's country uses; there, day and month are told apart by AM/PM, by dots (no
    country puts the month first with them), by a number above 12, or by ``shown``: the orders that
    other cells of the column show. A number is Excel's count of days. A date within 14 hours of
    1970-01-01 is vSphere's word for unknown (decision 10).

    Raises:
        BadCell: it is no date, or day and month cannot be told apart.
    """
    if isinstance(cell, str):
        found = _moment_in(cell.strip(), shown)
    elif isinstance(cell, datetime):
        found = cell.replace(tzinfo=None)
    elif isinstance(cell, date):
        found = datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001  as the cell shows it
    elif isinstance(cell, float) and _FIRST_SERIAL <= cell <= _LAST_SERIAL:
        found = _SERIAL_EPOCH + timedelta(days=cell)
    else:
        raise BadCell("not a date", _FIX)
    if found is None or abs(found - _EPOCH) <= _UNKNOWN_NEAR_EPOCH:
        return None
    return found


def order_shown(cell: Cell) -> str | None:
    """Whether the day or the month comes first, where the cell proves it.

    >>> order_shown("31/01/2024"), order_shown("1/31/2024"), order_shown("05/04/2024")
    ('d/m/y', 'm/d/y', None)
    """
    found = _taken_apart(cell) if isinstance(cell, str) else None
    if found is None or found.order is None or not looks_like_date(cell):
        return None
    return found.order


def looks_like_date(cell: Cell) -> bool:
    """Whether the text is a date in some order, which "6.7.0" is not."""
    found = _taken_apart(cell) if isinstance(cell, str) else None
    if found is None:
        return False
    first, second, third = found.numbers
    if first in _YEARS:
        return True
    low, high = sorted((first, second))
    return third in _YEARS and 1 <= low <= 12 and high <= 31


def has_two_orders(cell: Cell) -> bool:
    """Whether only other cells can tell day and month apart, as in "05/04/2024"."""
    found = _taken_apart(cell) if isinstance(cell, str) else None
    return found is not None and _is_open(found)


def _is_open(found: _Found) -> bool:
    first, second, third = found.numbers
    is_year_first = first > 31
    return not is_year_first and found.order is None and first != second and third in _YEARS


def _taken_apart(raw: str) -> _Found | None:
    match = _DATE.match(raw.strip()) if len(raw) <= _LONGEST_DATE else None
    if match is None:
        return None
    one, mark, two, three, hour, minute, seconds, half = match.groups()
    first, second = int(one), int(two)
    order = None
    if len(one) != 4:
        if half is not None or second > 12:
            order = MONTH_FIRST
        elif first > 12 or mark == ".":
            order = DAY_FIRST
    clock = (_hour(hour, half), int(minute or 0), int(seconds or 0))
    return _Found((first, second, int(three)), order, clock)


def _moment_in(raw: str, shown: Orders) -> datetime | None:
    if not raw:
        return None
    found = _taken_apart(raw)
    if found is None:
        raise BadCell("not a date", _FIX)
    first, second, third = found.numbers
    order = next(iter(shown)) if len(shown) == 1 else None
    if first in _YEARS:
        year, month, day = first, second, third
    elif third not in _YEARS:
        raise BadCell("the year does not have four digits, or is beyond reason", _FIX)
    elif _is_open(found) and order is None:
        raise BadCell(
            "day and month cannot be told apart, and other cells of the column do not tell which "
            "comes first",
            _FIX,
        )
    elif (found.order or order) == MONTH_FIRST:
        year, month, day = third, first, second
    else:
        year, month, day = third, second, first
    try:
        return datetime(year, month, day, *found.clock)  # noqa: DTZ001  as the machine showed it
    except ValueError:
        raise BadCell("not a date of the calendar", _FIX) from None


def _hour(hour: str | None, half: str | None) -> int:
    """The hour of the day; ``half`` is AM or PM where the clock has twelve hours."""
    if half is None:
        return int(hour or 0)
    return int(hour or 0) % 12 + (12 if half.upper() == "PM" else 0)
