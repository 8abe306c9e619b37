"""A project's plan settings: what the operator may turn, with the defaults of the domain.

Every name carries its unit. An instance is always valid: the constructor refuses anything else and
names every field that is wrong. Defaults: domain specification §0, "Project defaults"; efficiency,
stream cap and cut-over ends: decision 16.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from enum import StrEnum
from typing import Final, TypeAlias

from services.planner.domain.calendar import Weekday, find_zone
from services.planner.domain.errors import InvalidSettings
from services.planner.domain.vms import Mode
from shared.kernel.errors import ErrorDetail

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

FINAL_DELTA_MAX_H: Final = 0.25
"""A delta shorter than this is left for the cut-over (decision 16: 15 minutes)."""


class Topology(StrEnum):
    """How source and target are connected."""

    LOCAL = "local"
    DEDICATED = "dedicated"
    INTERNET = "internet"


class RttClass(StrEnum):
    """Round-trip time between the sites, in milliseconds."""

    UNDER_5 = "lt5"
    FROM_5_TO_20 = "5-20"
    FROM_20_TO_50 = "20-50"
    FROM_50_TO_100 = "50-100"
    OVER_100 = "gt100"


@dataclass(frozen=True, slots=True)
class Limit:
    """The range of a number, both ends allowed, in ``unit``."""

    low: float
    high: float
    unit: str


LIMITS: Final[Mapping[str, Limit]] = {
    "source_nic_gbit_s": Limit(0.001, 10_000, "Gbit/s"),
    "source_usable_pct": Limit(1, 100, "%"),
    "link_gbit_s": Limit(0.001, 10_000, "Gbit/s"),
    "link_usable_pct": Limit(1, 100, "%"),
    "upload_mbit_s": Limit(1, 10_000_000, "Mbit/s"),
    "download_mbit_s": Limit(1, 10_000_000, "Mbit/s"),
    "target_nic_gbit_s": Limit(0.001, 10_000, "Gbit/s"),
    "target_usable_pct": Limit(1, 100, "%"),
    "target_storage_write_mb_s": Limit(1, 1_000_000, "MB/s"),
    "agent_count": Limit(1, 1_000, "agents"),
    "slots_per_agent": Limit(1, 100, "VMs at once"),
    "vcpus_per_slot": Limit(1, 64, "vCPUs"),
    "agent_base_memory_gib": Limit(0, 1_024, "GiB"),
    "memory_per_slot_gib": Limit(0, 1_024, "GiB"),
    "agent_nic_gbit_s": Limit(0.001, 10_000, "Gbit/s"),
    "agent_usable_pct": Limit(1, 100, "%"),
    "agent_disk_factor": Limit(1, 10, "times the largest disks"),
    "daily_change_pct": Limit(0, 1_000, "% a day"),
    "efficiency": Limit(0.05, 1, "of the bottleneck"),
    "stream_cap_mbit_s": Limit(1, 10_000_000, "Mbit/s"),
    "cutover_min_h": Limit(0, 24, "hours"),
    "cutover_max_h": Limit(0, 24, "hours"),
    "start_hour": Limit(0, 23.99, "o'clock"),
    "hours_per_day": Limit(0.5, 24, "hours a day"),
    "duration_days": Limit(1, 3_650, "calendar days"),
    "target_vms_per_day": Limit(1, 100_000, "VMs a day"),
}
"""What each number may be. Fields that may be None are checked only when they are set."""

WHOLE_NUMBERS: Final = frozenset(
    {"agent_count", "slots_per_agent", "vcpus_per_slot", "duration_days", "target_vms_per_day"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanSettings:
    """Everything a plan depends on besides the VMs.

    Raises:
        InvalidSettings: a value is out of range, or two of them contradict each other.
    """

    topology: Topology = Topology.LOCAL
    source_nic_gbit_s: float = 10
    source_usable_pct: float = 40
    link_gbit_s: float | None = None
    link_usable_pct: float = 60
    upload_mbit_s: float | None = None
    download_mbit_s: float | None = None
    rtt_class: RttClass | None = None
    target_nic_gbit_s: float = 10
    target_usable_pct: float = 40
    target_storage_write_mb_s: float = 500

    agent_count: int = 2
    slots_per_agent: int = 5
    vcpus_per_slot: int = 2
    agent_base_memory_gib: float = 2
    memory_per_slot_gib: float = 1
    agent_nic_gbit_s: float = 10
    agent_usable_pct: float = 70
    agent_disk_factor: float = 1.2

    daily_change_pct: float = 5
    efficiency: float = 0.55
    stream_cap_mbit_s: float = 1000
    cutover_min_h: float = 0.30
    cutover_max_h: float = 0.58
    warm_risky_mode: Mode = Mode.WARM

    time_zone: str = "UTC"
    working_days: tuple[Weekday, ...] = (
        Weekday.MON,
        Weekday.TUE,
        Weekday.WED,
        Weekday.THU,
        Weekday.FRI,
    )
    start_hour: float = 9
    hours_per_day: float = 8
    blackout_dates: tuple[date, ...] = ()
    duration_days: int | None = 30
    target_vms_per_day: int | None = None

    def __post_init__(self) -> None:
        """Give equal settings one form (10 is 10.0, lists are sorted), then check."""
        for name in LIMITS.keys() - WHOLE_NUMBERS:
            value = getattr(self, name)
            object.__setattr__(self, name, None if value is None else float(value))
        weekdays = tuple(day for day in Weekday if day in self.working_days)
        object.__setattr__(self, "working_days", weekdays)
        object.__setattr__(self, "blackout_dates", tuple(sorted(set(self.blackout_dates))))
        errors = [*_out_of_range(self), *_contradictions(self)]
        if errors:
            raise InvalidSettings(
                " ".join(error.detail for error in errors),
                errors=errors,
            )

    @property
    def slots(self) -> int:
        """VMs that move at the same time: agents * slots of each."""
        return self.agent_count * self.slots_per_agent


def _out_of_range(settings: PlanSettings) -> Iterator[ErrorDetail]:
    for name, limit in LIMITS.items():
        value = getattr(settings, name)
        if value is not None and not limit.low <= value <= limit.high:
            yield ErrorDetail(
                f"{name} is {value:g}; it must be {limit.low:g} to {limit.high:g} {limit.unit}.",
                pointer=f"/{name}",
            )


def _contradictions(settings: PlanSettings) -> Iterator[ErrorDetail]:
    needed = {
        Topology.LOCAL: (),
        Topology.DEDICATED: ("link_gbit_s",),
        Topology.INTERNET: ("upload_mbit_s", "download_mbit_s"),
    }[settings.topology]
    for name in needed:
        if getattr(settings, name) is None:
            yield ErrorDetail(
                f"{name} ({LIMITS[name].unit}) is needed when topology is {settings.topology}.",
                pointer=f"/{name}",
            )
    if not settings.working_days:
        yield ErrorDetail("working_days needs at least one day.", pointer="/working_days")
    if find_zone(settings.time_zone) is None:
        yield ErrorDetail(
            f"time_zone {settings.time_zone!r} is not known here. Use a name like Europe/Berlin.",
            pointer="/time_zone",
        )
    if settings.cutover_max_h < settings.cutover_min_h:
        yield ErrorDetail(
            "cutover_max_h must not be below cutover_min_h (hours).", pointer="/cutover_max_h"
        )
    longest_cutover_h = FINAL_DELTA_MAX_H + settings.cutover_max_h
    if settings.hours_per_day < longest_cutover_h:
        yield ErrorDetail(
            f"hours_per_day is {settings.hours_per_day:g}; a cut-over takes up to "
            f"{longest_cutover_h:g} hours and must fit into one working day.",
            pointer="/hours_per_day",
        )


def settings_json(settings: PlanSettings) -> dict[str, Json]:
    """The settings as plain JSON, every field, in the order of the class."""
    plain = asdict(settings)
    plain["working_days"] = list(settings.working_days)
    plain["blackout_dates"] = [day.isoformat() for day in settings.blackout_dates]
    return plain


def settings_from_json(plain: Mapping[str, Json]) -> PlanSettings:
    """The settings in ``plain``; absent fields take their defaults, unknown ones are ignored.

    Raises:
        InvalidSettings: a value is not allowed.

    >>> settings_from_json(settings_json(PlanSettings())) == PlanSettings()
    True
    """
    known = {field.name: plain[field.name] for field in fields(PlanSettings) if field.name in plain}
    values: dict[str, object] = dict(known)
    for name, kind in (("topology", Topology), ("warm_risky_mode", Mode), ("rtt_class", RttClass)):
        if known.get(name) is not None:
            values[name] = kind(str(known[name]))
    if isinstance(days := known.get("working_days"), list):
        values["working_days"] = tuple(Weekday(str(day)) for day in days)
    if isinstance(dates := known.get("blackout_dates"), list):
        values["blackout_dates"] = tuple(date.fromisoformat(str(day)) for day in dates)
    return PlanSettings(**values)  # type: ignore[arg-type]  # checked by the constructor
