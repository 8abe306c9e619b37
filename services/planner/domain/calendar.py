"""The working calendar: which hours of which days may be used, as instants in UTC.

A working day is one window, from the start hour for so many hours **by the clock on the wall** of
the project's time zone. It may pass midnight; it belongs to the day it starts on. On the two days
a year when the clock is changed such a window can be an hour shorter or longer; windows never
overlap, because both ends are read off the same clock.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

HORIZON_DAYS: Final = 20 * 366
"""No plan is longer than about twenty years."""


class Weekday(StrEnum):
    """The days of the week, Monday first."""

    MON = "mon"
    TUE = "tue"
    WED = "wed"
    THU = "thu"
    FRI = "fri"
    SAT = "sat"
    SUN = "sun"


WEEK: Final = tuple(Weekday)


def find_zone(name: str) -> tzinfo | None:
    """The time zone called ``name``, or None. UTC needs no time zone database."""
    if name == "UTC":
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


@dataclass(frozen=True, slots=True)
class Window:
    """The working hours of one day. ``day`` is the local date on which it opens."""

    day: date
    opens: datetime
    closes: datetime

    @property
    def length_h(self) -> float:
        """Hours from opening to closing."""
        return (self.closes - self.opens) / timedelta(hours=1)

    def at(self, elapsed_h: float) -> datetime:
        """The instant ``elapsed_h`` hours after opening, in whole seconds.

        Rounding down keeps the order of instants and stays inside the window; the microsecond
        added first only undoes the noise of floating point.
        """
        return self.opens + timedelta(seconds=int(elapsed_h * 3600 + 1e-6))


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingCalendar:
    """Which days and hours are worked."""

    zone: tzinfo
    working_days: frozenset[Weekday]
    start_hour: float
    hours_per_day: float
    blackout_dates: frozenset[date] = frozenset()

    def is_working_day(self, day: date) -> bool:
        """True if ``day`` is a working weekday and not blacked out."""
        return WEEK[day.weekday()] in self.working_days and day not in self.blackout_dates

    def local_date(self, instant: datetime) -> date:
        """The date on the project's wall at ``instant``."""
        return instant.astimezone(self.zone).date()

    def windows_after(self, day: date) -> Iterator[Window]:
        """The windows of the working days after ``day``, in order, up to the horizon."""
        for offset in range(1, HORIZON_DAYS + 1):
            candidate = day + timedelta(days=offset)
            if self.is_working_day(candidate):
                window = self._window(candidate)
                if window.opens < window.closes:
                    yield window

    def count_working_days(self, first: date, last: date) -> int:
        """Number of working days from ``first`` to ``last``, both included."""
        days = (last - first).days + 1
        return sum(self.is_working_day(first + timedelta(days=n)) for n in range(days))

    def _window(self, day: date) -> Window:
        opens = datetime.combine(day, time()) + timedelta(minutes=round(self.start_hour * 60))
        closes = opens + timedelta(minutes=round(self.hours_per_day * 60))
        return Window(day=day, opens=self._instant(opens), closes=self._instant(closes))

    def _instant(self, wall: datetime) -> datetime:
        """The first instant at which the wall shows ``wall``; a skipped hour counts as over."""
        return wall.replace(tzinfo=self.zone).astimezone(UTC)
