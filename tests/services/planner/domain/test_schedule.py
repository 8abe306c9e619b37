"""The scheduler (decision 20): worked cases, and properties over random estates."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.planner.domain.calendar import Window
from services.planner.domain.errors import PlanTooLong
from services.planner.domain.schedule import Capacity, Schedule, StartCause, Work, schedule
from tests.services.planner.builders import GIB, MONDAY, windows

PIPE_GIB_H = 100
CAP_GIB_H = 50
YEAR = windows(260)


def a_capacity(
    slots: int = 4,
    *,
    pipe_gib_h: float = PIPE_GIB_H,
    cap_gib_h: float = CAP_GIB_H,
    starts_per_day: int | None = None,
) -> Capacity:
    return Capacity(
        slots=slots,
        pipe_mib_h=pipe_gib_h * GIB,
        stream_cap_mib_h=cap_gib_h * GIB,
        starts_per_day=starts_per_day,
    )


def a_work(gib: float, cutover_h: float = 0.5, final_delta_h: float = 0.0) -> Work:
    return Work(gib * GIB, cutover_h, final_delta_h)


def at(day: int, clock: str) -> datetime:
    hour, minute = map(int, clock.split(":"))
    date = YEAR[day - 1].day
    return datetime(date.year, date.month, date.day, hour, minute, tzinfo=UTC)


def test_a_lone_vm_is_copied_at_the_stream_cap_then_cut_over() -> None:
    [place] = schedule([a_work(100)], a_capacity(), YEAR).placements
    assert (place.start, place.copy_end, place.end) == (
        at(1, "09:00"),
        at(1, "11:00"),
        at(1, "11:30"),
    )
    assert YEAR[0].day == MONDAY


def test_streams_share_the_pipe_evenly() -> None:
    result = schedule([a_work(50)] * 4, a_capacity(slots=4), YEAR)
    assert {place.copy_end for place in result.placements} == {at(1, "11:00")}


def test_who_remains_gets_more_of_the_pipe_but_never_more_than_the_cap() -> None:
    # four at 25 GiB/h until 10:00; three at 33⅓ until 10:45; the last two at their cap of 50
    works = [a_work(25), a_work(50), a_work(100), a_work(100)]
    result = schedule(works, a_capacity(slots=4), YEAR)
    ends = [place.copy_end for place in result.placements]
    assert ends == [at(1, "10:00"), at(1, "10:45"), at(1, "11:45"), at(1, "11:45")]


def test_a_big_vm_pauses_overnight_and_spans_days() -> None:
    result = schedule([a_work(1000)], a_capacity(), YEAR)
    [place] = result.placements
    assert (place.day, place.copy_end_day, place.copy_end) == (1, 3, at(3, "13:00"))
    assert [day.copied_mib / GIB for day in result.days] == pytest.approx([400, 400, 200])
    assert [(day.starts, day.ends) for day in result.days] == [(1, 0), (0, 0), (0, 1)]


def test_a_cut_over_that_does_not_fit_waits_for_the_next_day_and_keeps_its_slot() -> None:
    result = schedule([a_work(385), a_work(10)], a_capacity(slots=1), YEAR)
    first, second = result.placements
    assert (first.copy_end, first.copy_end_day) == (at(1, "16:42"), 1)
    assert (first.cutover_start, first.cutover_day, first.end) == (
        at(2, "09:00"),
        2,
        at(2, "09:30"),
    )
    assert second.start == at(2, "09:30")


def test_a_cut_over_may_end_exactly_as_the_day_closes() -> None:
    [place] = schedule([a_work(375)], a_capacity(), YEAR).placements
    assert (place.cutover_day, place.end) == (1, at(1, "17:00"))


def test_the_next_vm_starts_as_a_slot_gets_free() -> None:
    result = schedule([a_work(50), a_work(100), a_work(10)], a_capacity(slots=2), YEAR)
    assert [place.cause for place in result.placements] == [
        StartCause.DAY_OPENS,
        StartCause.DAY_OPENS,
        StartCause.SLOT_FREE,
    ]
    assert result.placements[2].start == result.placements[0].end == at(1, "10:30")


def test_target_vms_a_day_caps_the_starts_of_a_day() -> None:
    result = schedule([a_work(1)] * 5, a_capacity(starts_per_day=2), YEAR)
    assert [place.day for place in result.placements] == [1, 1, 2, 2, 3]
    assert result.placements[2].cause is StartCause.DAILY_TARGET
    assert [day.starts for day in result.days] == [2, 2, 1]


def test_a_final_delta_takes_its_share_of_the_pipe() -> None:
    # B alone would have 50 GiB/h; while A's final delta runs, two streams share a pipe of 50
    works = [a_work(25, 0.5, final_delta_h=0.25), a_work(100)]
    result = schedule(works, a_capacity(slots=2, pipe_gib_h=50), YEAR)
    # to 10:00 25 each; a quarter of an hour at 25; the remaining 68.75 GiB at 50 GiB/h
    assert result.placements[1].copy_end == at(1, "10:15") + timedelta(hours=68.75 / 50)


def test_a_day_reports_how_busy_slots_and_pipe_were() -> None:
    [day] = schedule([a_work(200), a_work(200)], a_capacity(slots=2), YEAR).days
    assert day.peak_slots == 2
    assert day.slot_utilisation == pytest.approx(4.5 / 8)
    assert day.pipe_utilisation == pytest.approx(400 / 800)


def test_nothing_to_move_takes_no_day() -> None:
    assert schedule([], a_capacity(), YEAR) == Schedule([], [])


def test_a_vm_of_no_size_still_has_its_cut_over() -> None:
    [place] = schedule([a_work(0)], a_capacity(), YEAR).placements
    assert (place.start, place.copy_end, place.end) == (
        at(1, "09:00"),
        at(1, "09:00"),
        at(1, "09:30"),
    )


def test_a_plan_beyond_the_horizon_is_refused() -> None:
    with pytest.raises(PlanTooLong, match="After 260 working days 1 of 2 VMs"):
        schedule([a_work(1), a_work(10**9)], a_capacity(), YEAR)


WORKS = st.lists(
    st.builds(
        a_work,
        st.one_of(st.floats(0, 40), st.floats(0, 2_000), st.sampled_from([0, 10, 375, 385, 400])),
        st.floats(0.3, 0.83),
        st.one_of(st.just(0.0), st.floats(0.001, 0.25)),
    ),
    max_size=30,
)
CAPACITIES = st.builds(
    a_capacity,
    st.integers(1, 8),
    pipe_gib_h=st.floats(20, 400),
    cap_gib_h=st.floats(20, 200),
    starts_per_day=st.one_of(st.none(), st.integers(1, 10)),
)
LONG = windows(2_000)
SECOND = timedelta(seconds=1)


def working_h(start: datetime, end: datetime, days: Sequence[Window]) -> float:
    """Working hours from ``start`` to ``end``."""
    spans = (min(end, day.closes) - max(start, day.opens) for day in days)
    return sum((span for span in spans if span > timedelta()), timedelta()) / timedelta(hours=1)


@given(WORKS, CAPACITIES)
def test_every_vm_is_placed_once_in_order_and_inside_working_hours(
    works: list[Work], capacity: Capacity
) -> None:
    result = schedule(works, capacity, LONG)
    assert len(result.placements) == len(works)
    starts = [place.start for place in result.placements]
    assert starts == sorted(starts)
    for work, place in zip(works, result.placements, strict=True):
        assert place.start <= place.copy_end <= place.cutover_start < place.end
        begins, ends = LONG[place.day - 1], LONG[place.cutover_day - 1]
        assert begins.opens <= place.start < begins.closes
        assert ends.opens <= place.cutover_start
        assert place.end <= ends.closes
        assert abs(place.end - place.cutover_start - timedelta(hours=work.cutover_h)) <= SECOND
    assert sum(day.starts for day in result.days) == len(works)
    assert sum(day.ends for day in result.days) == len(works)
    assert sum(day.copied_mib for day in result.days) == pytest.approx(
        sum(work.volume_mib for work in works), rel=1e-6, abs=1e-3
    )


@given(WORKS, CAPACITIES)
def test_slots_and_daily_starts_are_never_exceeded(works: list[Work], capacity: Capacity) -> None:
    result = schedule(works, capacity, LONG)
    for place in result.placements:
        busy = sum(p.start <= place.start < p.end for p in result.placements)
        assert busy <= capacity.slots
    assert all(day.peak_slots <= capacity.slots for day in result.days)
    assert all(day.slot_utilisation <= 1 + 1e-9 for day in result.days)
    if capacity.starts_per_day is not None:
        assert all(day.starts <= capacity.starts_per_day for day in result.days)


@given(WORKS, CAPACITIES)
def test_no_stretch_of_time_carries_more_than_the_pipe_and_no_stream_more_than_its_cap(
    works: list[Work], capacity: Capacity
) -> None:
    result = schedule(works, capacity, LONG)
    days = [day.window for day in result.days]
    placed = list(zip(works, result.placements, strict=True))
    rounding_h = 2 / 3600
    for work, place in placed:
        hours = working_h(place.start, place.copy_end, days) + rounding_h
        assert work.volume_mib <= capacity.stream_cap_mib_h * hours
    for since in {place.start for place in result.placements}:
        for until in {place.copy_end for place in result.placements}:
            inside = [w for w, p in placed if since <= p.start and p.copy_end <= until]
            hours = working_h(since, until, days) + rounding_h
            assert sum(w.volume_mib for w in inside) <= capacity.pipe_mib_h * hours
    assert all(day.pipe_utilisation <= 1 + 1e-9 for day in result.days)


def faster(capacity: Capacity, factor: float) -> Capacity:
    return Capacity(
        slots=capacity.slots,
        pipe_mib_h=capacity.pipe_mib_h * factor,
        stream_cap_mib_h=capacity.stream_cap_mib_h,
        starts_per_day=capacity.starts_per_day,
    )


FACTORS = st.floats(1, 3)


@given(WORKS, CAPACITIES, FACTORS, st.booleans())
def test_more_bandwidth_delays_no_vm_when_slots_do_not_couple_them(
    works: list[Work], capacity: Capacity, factor: float, one_by_one: bool
) -> None:
    slots = 1 if one_by_one else max(1, len(works))
    capacity = Capacity(
        slots=slots,
        pipe_mib_h=capacity.pipe_mib_h,
        stream_cap_mib_h=capacity.stream_cap_mib_h,
        starts_per_day=capacity.starts_per_day if one_by_one else None,
    )
    slow = schedule(works, capacity, LONG)
    fast = schedule(works, faster(capacity, factor), LONG)
    for before, after in zip(slow.placements, fast.placements, strict=True):
        assert after.start <= before.start + SECOND
        assert after.end <= before.end + SECOND


@settings(derandomize=True)
@given(WORKS, CAPACITIES, FACTORS)
def test_more_bandwidth_never_finishes_on_a_later_day(
    works: list[Work], capacity: Capacity, factor: float
) -> None:
    """Fixed examples: with coupled slots a fair share can delay the last VM by minutes."""
    slow = schedule(works, capacity, LONG)
    fast = schedule(works, faster(capacity, factor), LONG)
    assert len(fast.days) <= len(slow.days)
