"""The scheduler: when each VM starts, is copied and is cut over (decision 20, one cohort).

VMs start strictly in the order given. A VM holds one slot from its start to the end of its
cut-over. All copies share the pipe (η * bottleneck) evenly, none faster than the stream cap, so
that at any instant every stream has the same rate; that makes a copy's end a matter of comparing
one running total, the service each stream has had so far, with a target, and the whole simulation
O(n log n). Nothing runs outside working hours: a big copy pauses overnight. A cut-over must fit
into one working day or waits, slot in hand, for the next. Its final delta counts as a stream of
the pipe.

More bandwidth never makes a VM later when VMs do not wait for each other's slots. When they do, a
fair share has the small anomalies of every list schedule: a VM that gets a slot minutes earlier
may take bandwidth from the last one to finish.

The extra changes that pile up while a copy is slowed by others or pauses overnight are not added
to its volume; the range of the estimate covers them.
"""

import heapq
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.planner.domain.calendar import Window
from services.planner.domain.errors import PlanTooLong

_EPSILON_H: Final = 1e-9
"""Floating point noise: a few microseconds."""


@dataclass(frozen=True, slots=True)
class Work:
    """What one VM asks for: a volume through the pipe, then an unbroken cut-over.

    ``final_delta_h`` is the part of ``cutover_h``, at its beginning, that uses the pipe.
    """

    volume_mib: float
    cutover_h: float
    final_delta_h: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """What there is at any instant, and how many VMs may start in one working day."""

    slots: int
    pipe_mib_h: float
    stream_cap_mib_h: float
    starts_per_day: int | None = None


class StartCause(StrEnum):
    """Why a VM started when it did and not earlier."""

    DAY_OPENS = "day_opens"
    SLOT_FREE = "slot_free"
    DAILY_TARGET = "daily_target"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where one VM is in the schedule. Days count working days from 1; instants are UTC."""

    cause: StartCause
    day: int
    start: datetime
    copy_end_day: int
    copy_end: datetime
    cutover_day: int
    cutover_start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """What happens on one working day. ``copied_mib`` leaves the final deltas out."""

    number: int
    window: Window
    starts: int
    ends: int
    copied_mib: float
    peak_slots: int
    slot_utilisation: float
    pipe_utilisation: float


@dataclass(frozen=True, slots=True)
class Schedule:
    """One placement per work, in the order given, and the days it takes."""

    placements: list[Placement]
    days: list[Day]


def schedule(works: Sequence[Work], capacity: Capacity, windows: Iterable[Window]) -> Schedule:
    """Place every work, in order, into the windows.

    Raises:
        PlanTooLong: the windows end before the work does.
    """
    run = _Run(works, capacity)
    if not works:
        return Schedule([], [])
    for window in windows:
        run.work_through(window)
        if run.is_complete:
            return Schedule([run.placements[index] for index in range(len(works))], run.days)
    raise PlanTooLong(
        f"After {len(run.days)} working days {len(works) - run.done} of {len(works)} VMs are "
        "still to be moved. Give the plan more bandwidth, slots or working days."
    )


@dataclass(slots=True)
class _Begun:
    """A VM that holds a slot and is not in its cut-over yet."""

    cause: StartCause
    day: int
    start: datetime


class _Run:
    """The state of the simulation. Clock times are hours since the current window opened."""

    def __init__(self, works: Sequence[Work], capacity: Capacity) -> None:
        self.works = works
        self.capacity = capacity
        self.placements: dict[int, Placement] = {}
        self.days: list[Day] = []
        self.done = 0
        self._started = 0
        self._begun: dict[int, _Begun] = {}
        self._service_mib = 0.0
        self._copying: list[tuple[float, int]] = []  # service at which the copy is complete
        self._waiting: list[tuple[int, int, datetime]] = []  # copied (day, instant), no room left
        self._is_target_used_up = False

    @property
    def is_complete(self) -> bool:
        return self.done == len(self.works)

    def work_through(self, window: Window) -> None:
        """Everything that happens in one working day."""
        self._open(window)
        while True:
            self._fill_slots()
            rate = self._rate_mib_h()
            copied_h = self._next_copy_end_h(rate)
            delta_h = self._deltas[0] if self._deltas else math.inf
            end_h = self._ends[0] if self._ends else math.inf
            next_h = min(copied_h, delta_h, end_h)
            if next_h > self._closes_h + _EPSILON_H:
                self._advance(self._closes_h, rate)
                break
            self._advance(next_h, rate)
            if next_h == copied_h:
                self._finish_copy()
            elif next_h == delta_h:
                heapq.heappop(self._deltas)
            else:
                heapq.heappop(self._ends)
                self._finished += 1
                self.done += 1
            if self.is_complete:
                break
        self._close()

    def _open(self, window: Window) -> None:
        self._window = window
        self._number = len(self.days) + 1
        self._closes_h = window.length_h
        self._now_h = 0.0
        self._deltas: list[float] = []  # when a final delta is through
        self._ends: list[float] = []
        self._starts = self._finished = self._peak = 0
        self._copied_mib = self._busy_slot_h = 0.0
        waiting, self._waiting = self._waiting, []
        for index, copy_end_day, copy_end in waiting:
            self._cut_over(index, copy_end_day, copy_end)

    def _close(self) -> None:
        capacity = self.capacity
        self._is_target_used_up = self._starts == capacity.starts_per_day and (
            self._busy < capacity.slots
        )
        self.days.append(
            Day(
                number=self._number,
                window=self._window,
                starts=self._starts,
                ends=self._finished,
                copied_mib=self._copied_mib,
                peak_slots=self._peak,
                slot_utilisation=self._busy_slot_h / (capacity.slots * self._closes_h),
                pipe_utilisation=self._copied_mib / (capacity.pipe_mib_h * self._closes_h),
            )
        )

    @property
    def _busy(self) -> int:
        return self._started - self.done

    def _rate_mib_h(self) -> float:
        streams = len(self._copying) + len(self._deltas)
        fair_share = self.capacity.pipe_mib_h / max(streams, 1)
        return min(self.capacity.stream_cap_mib_h, fair_share)

    def _next_copy_end_h(self, rate_mib_h: float) -> float:
        if not self._copying:
            return math.inf
        return self._now_h + max(0.0, self._copying[0][0] - self._service_mib) / rate_mib_h

    def _advance(self, until_h: float, rate_mib_h: float) -> None:
        elapsed_h = until_h - self._now_h
        if self._copying:
            self._service_mib += rate_mib_h * elapsed_h
            self._copied_mib += rate_mib_h * elapsed_h * len(self._copying)
        self._busy_slot_h += self._busy * elapsed_h
        self._now_h = until_h

    def _fill_slots(self) -> None:
        limit = self.capacity.starts_per_day
        while (
            self._started < len(self.works)
            and self._busy < self.capacity.slots
            and self._now_h < self._closes_h - _EPSILON_H
            and (limit is None or self._starts < limit)
        ):
            index = self._started
            start = self._window.at(self._now_h)
            self._begun[index] = _Begun(self._cause(), self._number, start)
            target_mib = self._service_mib + self.works[index].volume_mib
            heapq.heappush(self._copying, (target_mib, index))
            self._started += 1
            self._starts += 1
        self._peak = max(self._peak, self._busy)

    def _cause(self) -> StartCause:
        if self._now_h > 0:
            return StartCause.SLOT_FREE
        if self._is_target_used_up:
            return StartCause.DAILY_TARGET
        return StartCause.DAY_OPENS

    def _finish_copy(self) -> None:
        self._service_mib, index = heapq.heappop(self._copying)
        self._cut_over(index, self._number, self._window.at(self._now_h))

    def _cut_over(self, index: int, copy_end_day: int, copy_end: datetime) -> None:
        work = self.works[index]
        end_h = self._now_h + work.cutover_h
        if end_h > self._closes_h + _EPSILON_H:
            self._waiting.append((index, copy_end_day, copy_end))
            return
        begun = self._begun.pop(index)
        self.placements[index] = Placement(
            cause=begun.cause,
            day=begun.day,
            start=begun.start,
            copy_end_day=copy_end_day,
            copy_end=copy_end,
            cutover_day=self._number,
            cutover_start=self._window.at(self._now_h),
            end=self._window.at(min(end_h, self._closes_h)),
        )
        heapq.heappush(self._ends, end_h)
        if work.final_delta_h > 0:
            heapq.heappush(self._deltas, self._now_h + work.final_delta_h)
