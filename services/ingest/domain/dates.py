"""Dates as spreadsheets hold them: Excel's own, RVTools' text, and the text of a country."""

import re
from datetime import date, datetime, timedelta
from typing import Final

from services.ingest.domain.cells import BadCell, Cell

_DATE = re.compile(
    r"^(\d{1,4})[/.-](\d{1,2})[/.-](\d{1,4})"
    r"(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?Z?)?\s*([AP]M)?$",
    re.IGNORECASE,
)
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001  compared with dates that have no zone
_SERIAL_EPOCH: Final = datetime(1899, 12, 30)  # noqa: DTZ001  Excel's day 0
_FIRST_SERIAL: Final = 20_000
_LAST_SERIAL: Final = 80_000
_FIX: Final = "Type it as yyyy/mm/dd hh:mm:ss."
_UNKNOWN_NEAR_EPOCH: Final = timedelta(hours=14)


def moment(cell: Cell) -> datetime | None:
    """A date and time as the exporting machine's clock showed it, without a zone; None when blank.

    RVTools writes ``yyyy/mm/dd hh:mm:ss``, Excel a date of its own, and ``vMetaData`` whatever the
    machine's country uses; there, day and month are told apart by AM/PM or by a number above 12.
    A number is Excel's count of days. A date within 14 hours of 1970-01-01 is vSphere's word for
    unknown (decision 10).

    Raises:
        BadCell: it is no date, or day and month cannot be told apart.
    """
    if isinstance(cell, str):
        found = _moment_in(cell.strip())
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


def _moment_in(raw: str) -> datetime | None:
    if not raw:
        return None
    match = _DATE.match(raw)
    if match is None:
        raise BadCell("not a date", _FIX)
    first, second, third, hour, minute, seconds, half = match.groups()
    if len(first) == 4:
        year, month, day = int(first), int(second), int(third)
    else:
        year, month, day = (
            int(third),
            *_month_and_day(int(first), int(second), is_us=half is not None),
        )
    try:
        return datetime(  # noqa: DTZ001  as the exporting machine showed it
            year, month, day, _hour(hour, half), int(minute or 0), int(seconds or 0)
        )
    except ValueError:
        raise BadCell("not a date of the calendar", _FIX) from None


def _hour(hour: str | None, half: str | None) -> int:
    """The hour of the day; ``half`` is AM or PM where the clock has twelve hours."""
    if half is None:
        return int(hour or 0)
    return int(hour or 0) % 12 + (12 if half.upper() == "PM" else 0)


def _month_and_day(first: int, second: int, *, is_us: bool) -> tuple[int, int]:
    if is_us or second > 12:
        return first, second
    if first > 12 or first == second:
        return second, first
    raise BadCell("day and month cannot be told apart", _FIX)
