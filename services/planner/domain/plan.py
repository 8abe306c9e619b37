"""From in-scope VMs and settings to a plan: one call, the same answer for any order of VMs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from services.planner.domain.agents import AgentSizing, recommend_agents
from services.planner.domain.bandwidth import Bandwidth, model_bandwidth
from services.planner.domain.calendar import WorkingCalendar, find_zone
from services.planner.domain.duration import CopyModel, Estimate, estimate_vm
from services.planner.domain.errors import InvalidSettings
from services.planner.domain.ordering import Rank, in_order, ranks
from services.planner.domain.schedule import Capacity, Day, Placement, Work, schedule
from services.planner.domain.settings import PlanSettings
from services.planner.domain.vms import Finding, Mode, Vm, effective_mode


@dataclass(frozen=True, slots=True)
class PlannedVm:
    """One VM in its place. ``sequence`` is the order of starts, from 1."""

    sequence: int
    vm: Vm
    mode: Mode
    estimate: Estimate
    rank: Rank
    placement: Placement

    def findings(self) -> list[Finding]:
        """What the planner noticed about this VM."""
        unknowns = self.vm.unknowns()
        return unknowns if self.estimate.is_convergent else [Finding.WARM_NOT_CONVERGENT, *unknowns]


@dataclass(frozen=True, slots=True)
class Deadline:
    """Whether the plan ends within the project's duration, counted in working days."""

    last_date: date
    working_days: int
    needed_working_days: int

    @property
    def late_by_working_days(self) -> int:
        """0 if the deadline is met."""
        return max(0, self.needed_working_days - self.working_days)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A complete plan. ``vms`` are in the order of their starts."""

    settings: PlanSettings
    bandwidth: Bandwidth
    copy_model: CopyModel
    agents: AgentSizing
    calendar: WorkingCalendar
    vms: list[PlannedVm]
    days: list[Day]
    deadline: Deadline | None

    @property
    def start_date(self) -> date | None:
        """The first working day, None for a plan without VMs."""
        return self.days[0].window.day if self.days else None

    @property
    def finish_date(self) -> date | None:
        """The local date on which the last VM is through, None for a plan without VMs."""
        if not self.vms:
            return None
        return self.calendar.local_date(max(planned.placement.end for planned in self.vms))


def make_plan(vms: Iterable[Vm], settings: PlanSettings, *, imported_at: datetime) -> Plan:
    """The plan for ``vms``; its first day is the next working day after the import's local date.

    Raises:
        PlanTooLong: it would take more than the calendar's horizon.
    """
    ordered = in_order(vms)
    calendar = working_calendar(settings)
    bandwidth = model_bandwidth(settings)
    model = CopyModel.of(settings, bandwidth.bottleneck.value, bandwidth.bottleneck_mbit_s)
    modes = [
        effective_mode(vm.mode_class, warm_risky_mode=settings.warm_risky_mode) for vm in ordered
    ]
    estimates = [estimate_vm(vm, mode, model) for vm, mode in zip(ordered, modes, strict=True)]
    result = schedule(
        [Work(e.volume_mib, e.cutover_h, e.final_delta_h) for e in estimates],
        Capacity(
            slots=settings.slots,
            pipe_mib_h=model.pipe_mib_h,
            stream_cap_mib_h=model.stream_cap_mib_h,
            starts_per_day=settings.target_vms_per_day,
        ),
        calendar.windows_after(calendar.local_date(imported_at)),
    )
    parts = zip(ordered, modes, estimates, ranks(ordered), result.placements, strict=True)
    return Plan(
        settings=settings,
        bandwidth=bandwidth,
        copy_model=model,
        agents=recommend_agents((vm.disk_mib or 0 for vm in ordered), settings),
        calendar=calendar,
        vms=[PlannedVm(number, *part) for number, part in enumerate(parts, start=1)],
        days=result.days,
        deadline=_deadline(settings, calendar, result.days),
    )


def working_calendar(settings: PlanSettings) -> WorkingCalendar:
    """The calendar that ``settings`` describe.

    Raises:
        InvalidSettings: this machine does not know the time zone (another one did).
    """
    zone = find_zone(settings.time_zone)
    if zone is None:
        raise InvalidSettings(f"time_zone {settings.time_zone!r} is not known here.")
    return WorkingCalendar(
        zone=zone,
        working_days=frozenset(settings.working_days),
        start_hour=settings.start_hour,
        hours_per_day=settings.hours_per_day,
        blackout_dates=frozenset(settings.blackout_dates),
    )


def _deadline(
    settings: PlanSettings, calendar: WorkingCalendar, days: list[Day]
) -> Deadline | None:
    if settings.duration_days is None or not days:
        return None
    first = days[0].window.day
    last = first + timedelta(days=settings.duration_days - 1)
    return Deadline(last, calendar.count_working_days(first, last), len(days))
