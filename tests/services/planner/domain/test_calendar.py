"""The working calendar: days, hours, time zones, clock changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.planner.domain.calendar import (
    WEEK,
    Weekday,
    Window,
    WorkingCalendar,
    find_zone,
)

BERLIN = ZoneInfo("Europe/Berlin")


def a_calendar(
    zone: str = "Europe/Berlin",
    *,
    days: tuple[Weekday, ...] = WEEK[:5],
    start_hour: float = 9,
    hours_per_day: float = 8,
    blackout_dates: tuple[date, ...] = (),
) -> WorkingCalendar:
    found = find_zone(zone)
    assert found is not None
    return WorkingCalendar(
        zone=found,
        working_days=frozenset(days),
        start_hour=start_hour,
        hours_per_day=hours_per_day,
        blackout_dates=frozenset(blackout_dates),
    )


def first(calendar: WorkingCalendar, after: date, count: int = 1) -> list[Window]:
    return list(islice(calendar.windows_after(after), count))


@pytest.mark.parametrize(
    ("imported", "first_day"),
    [
        (date(2026, 3, 2), date(2026, 3, 3)),  # Monday → Tuesday, never the same day
        (date(2026, 3, 6), date(2026, 3, 9)),  # Friday → Monday
        (date(2026, 3, 7), date(2026, 3, 9)),  # Saturday → Monday
    ],
)
def test_the_first_day_is_the_next_working_day(imported: date, first_day: date) -> None:
    assert first_day == first(a_calendar(), imported)[0].day


def test_blackout_dates_are_not_worked() -> None:
    calendar = a_calendar(blackout_dates=(date(2026, 3, 3), date(2026, 3, 4)))
    assert date(2026, 3, 5) == first(calendar, date(2026, 3, 2))[0].day


def test_hours_are_those_on_the_wall_in_summer_and_winter() -> None:
    winter, summer = (
        first(a_calendar(), date(2026, 1, 5))[0],
        first(a_calendar(), date(2026, 7, 6))[0],
    )
    assert (winter.opens.hour, winter.closes.hour) == (8, 16)
    assert (summer.opens.hour, summer.closes.hour) == (7, 15)
    assert UTC is winter.opens.tzinfo


def test_a_half_hour_start_is_kept() -> None:
    window = first(a_calendar("UTC", start_hour=8.5, hours_per_day=7.5), date(2026, 3, 2))[0]
    assert datetime(2026, 3, 3, 8, 30, tzinfo=UTC) == window.opens
    assert datetime(2026, 3, 3, 16, 0, tzinfo=UTC) == window.closes


@pytest.mark.parametrize(
    ("night", "hours"),
    [(date(2026, 3, 28), 7), (date(2026, 10, 24), 9), (date(2026, 6, 1), 8)],
)
def test_a_night_shift_ends_by_the_clock_when_the_clock_changes(night: date, hours: int) -> None:
    calendar = a_calendar(days=WEEK, start_hour=22, hours_per_day=8)
    window = first(calendar, night - timedelta(days=1))[0]
    assert night == window.day
    assert hours == window.length_h
    assert window.closes.astimezone(BERLIN).hour == 6


def test_a_window_inside_the_skipped_hour_does_not_exist() -> None:
    calendar = a_calendar(days=WEEK, start_hour=2, hours_per_day=1)
    days = [window.day for window in first(calendar, date(2026, 3, 27), 2)]
    assert [date(2026, 3, 28), date(2026, 3, 30)] == days


def test_the_import_date_is_the_local_one() -> None:
    late = datetime(2026, 3, 2, 23, 30, tzinfo=UTC)
    assert date(2026, 3, 3) == a_calendar().local_date(late)


def test_utc_needs_no_time_zone_database() -> None:
    assert UTC is find_zone("UTC")
    assert find_zone("Nowhere/Land") is None
    assert find_zone("") is None


def test_working_days_are_counted_with_both_ends() -> None:
    calendar = a_calendar(blackout_dates=(date(2026, 3, 4),))
    assert calendar.count_working_days(date(2026, 3, 2), date(2026, 3, 12)) == 8
    assert calendar.count_working_days(date(2026, 3, 7), date(2026, 3, 8)) == 0


@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
    ),
    after=st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    days=st.sets(st.sampled_from(WEEK), min_size=1),
    start_hour=st.floats(0, 23.99),
    hours_per_day=st.floats(0.5, 24),
)
def test_windows_are_in_order_and_never_overlap(
    zone: str, after: date, days: set[Weekday], start_hour: float, hours_per_day: float
) -> None:
    calendar = a_calendar(
        zone, days=tuple(days), start_hour=start_hour, hours_per_day=hours_per_day
    )
    found = first(calendar, after, 400)
    assert after < found[0].day
    assert all(calendar.is_working_day(window.day) for window in found)
    assert all(window.opens < window.closes for window in found)
    assert all(one.closes <= other.opens for one, other in pairwise(found))
