"""The body of plan settings. The ranges and defaults are the domain's."""

from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from services.planner.domain.calendar import Weekday
from services.planner.domain.project import ProjectSettings
from services.planner.domain.settings import (
    LIMITS,
    PlanSettings,
    RttClass,
    Topology,
    settings_json,
)
from services.planner.domain.vms import Mode
from shared.http.models import MergePatch, ReplyModel

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Whole = Annotated[int, Field(strict=True)]
Flag = Annotated[bool, Field(strict=True)]

_DEFAULTS = PlanSettings()


def _add_ranges(schema: dict[str, Any]) -> None:
    """Writes the domain's ranges into the OpenAPI document."""
    for name, limit in LIMITS.items():
        schema["properties"][name] |= {
            "minimum": limit.low,
            "maximum": limit.high,
            "x-unit": limit.unit,
        }


class _SettingsBody(BaseModel):
    """Every setting with its unit; ranges that depend on several are the domain's to check."""

    model_config = ConfigDict(json_schema_extra=_add_ranges)

    topology: Topology = _DEFAULTS.topology
    source_nic_gbit_s: Number = _DEFAULTS.source_nic_gbit_s
    source_usable_pct: Number = _DEFAULTS.source_usable_pct
    link_gbit_s: Number | None = Field(None, description="Needed for a dedicated link")
    link_usable_pct: Number = _DEFAULTS.link_usable_pct
    upload_mbit_s: Number | None = Field(None, description="Needed over the internet")
    download_mbit_s: Number | None = Field(None, description="Needed over the internet")
    rtt_class: RttClass | None = Field(None, description="Round-trip time, milliseconds")
    target_nic_gbit_s: Number = _DEFAULTS.target_nic_gbit_s
    target_usable_pct: Number = _DEFAULTS.target_usable_pct
    target_storage_write_mb_s: Number = _DEFAULTS.target_storage_write_mb_s
    agent_count: Whole = _DEFAULTS.agent_count
    slots_per_agent: Whole = _DEFAULTS.slots_per_agent
    vcpus_per_slot: Whole = _DEFAULTS.vcpus_per_slot
    agent_base_memory_gib: Number = _DEFAULTS.agent_base_memory_gib
    memory_per_slot_gib: Number = _DEFAULTS.memory_per_slot_gib
    agent_nic_gbit_s: Number = _DEFAULTS.agent_nic_gbit_s
    agent_usable_pct: Number = _DEFAULTS.agent_usable_pct
    agent_disk_factor: Number = _DEFAULTS.agent_disk_factor
    daily_change_pct: Number = _DEFAULTS.daily_change_pct
    efficiency: Number = Field(
        _DEFAULTS.efficiency, description="Share of the bottleneck that copies really use"
    )
    stream_cap_mbit_s: Number = Field(
        _DEFAULTS.stream_cap_mbit_s, description="One VM's copy is never faster"
    )
    cutover_min_h: Number = Field(
        _DEFAULTS.cutover_min_h, description="Conversion and first boot up to 50 GiB used"
    )
    cutover_max_h: Number = Field(_DEFAULTS.cutover_max_h, description="… from 1000 GiB used")
    warm_risky_mode: Mode = Field(_DEFAULTS.warm_risky_mode, description="How risky VMs are copied")
    time_zone: str = Field(_DEFAULTS.time_zone, examples=["Europe/Berlin"])
    working_days: list[Weekday] = Field(list(_DEFAULTS.working_days))
    start_hour: Number = Field(_DEFAULTS.start_hour, description="Local time; 8.5 is 08:30")
    hours_per_day: Number = _DEFAULTS.hours_per_day
    blackout_dates: list[date] = Field([], max_length=3660, description="Days not worked")
    duration_days: Whole | None = Field(
        _DEFAULTS.duration_days, description="Calendar days until the deadline; null: no deadline"
    )
    target_vms_per_day: Whole | None = Field(
        None, description="At most so many VMs start a working day; null: no limit"
    )
    allow_single_approver: Flag = Field(
        False, description="One person may request and approve a plan; no plan depends on it"
    )


class SettingsReply(_SettingsBody, ReplyModel):
    """A project's plan settings."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)

    @classmethod
    def of(cls, settings: ProjectSettings) -> Self:
        """``settings`` as a reply."""
        plain = settings_json(settings.plan)
        return cls.model_validate(plain | {"allow_single_approver": settings.allow_single_approver})


class SettingsPatch(_SettingsBody, MergePatch):
    """What to change; absent fields stay, null clears those that may be empty."""
