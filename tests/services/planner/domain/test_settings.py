"""Plan settings: defaults, limits, contradictions, one JSON form."""

import json
from dataclasses import replace
from datetime import date

import pytest

from services.planner.domain.calendar import Weekday
from services.planner.domain.errors import InvalidSettings
from services.planner.domain.settings import (
    LIMITS,
    PlanSettings,
    RttClass,
    Topology,
    settings_from_json,
    settings_json,
)
from services.planner.domain.vms import Mode


def test_defaults_are_those_of_the_domain() -> None:
    settings = PlanSettings()
    assert settings.topology is Topology.LOCAL
    assert (settings.source_nic_gbit_s, settings.source_usable_pct) == (10, 40)
    assert (settings.target_nic_gbit_s, settings.target_usable_pct) == (10, 40)
    assert (settings.agent_nic_gbit_s, settings.agent_usable_pct) == (10, 70)
    assert settings.target_storage_write_mb_s == 500
    assert (settings.agent_count, settings.slots_per_agent, settings.slots) == (2, 5, 10)
    assert (settings.hours_per_day, len(settings.working_days)) == (8, 5)
    assert (settings.duration_days, settings.target_vms_per_day) == (30, None)
    assert (settings.efficiency, settings.stream_cap_mbit_s) == (0.55, 1000)
    assert (settings.daily_change_pct, settings.warm_risky_mode) == (5, Mode.WARM)


@pytest.mark.parametrize(
    ("change", "pointer", "unit"),
    [
        ({"source_usable_pct": 0}, "/source_usable_pct", "%"),
        ({"source_usable_pct": 101}, "/source_usable_pct", "%"),
        ({"target_storage_write_mb_s": 0}, "/target_storage_write_mb_s", "MB/s"),
        ({"agent_count": 0}, "/agent_count", "agents"),
        ({"stream_cap_mbit_s": -1}, "/stream_cap_mbit_s", "Mbit/s"),
        ({"efficiency": 1.1}, "/efficiency", "of the bottleneck"),
        ({"duration_days": 0}, "/duration_days", "calendar days"),
        ({"target_vms_per_day": 0}, "/target_vms_per_day", "VMs a day"),
        ({"hours_per_day": 25}, "/hours_per_day", "hours a day"),
        ({"topology": Topology.DEDICATED}, "/link_gbit_s", "Gbit/s"),
        ({"topology": Topology.INTERNET, "upload_mbit_s": 1}, "/download_mbit_s", "Mbit/s"),
        ({"hours_per_day": 0.5}, "/hours_per_day", "0.83 hours"),
        ({"cutover_max_h": 0.1}, "/cutover_max_h", "hours"),
        ({"working_days": ()}, "/working_days", "day"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone", "Europe/Berlin"),
        ({"time_zone": "../etc/passwd"}, "/time_zone", "not known"),
    ],
)
def test_a_wrong_value_is_refused_with_its_field_and_unit(
    change: dict[str, object], pointer: str, unit: str
) -> None:
    with pytest.raises(InvalidSettings) as refused:
        PlanSettings(**change)  # type: ignore[arg-type]
    assert [pointer] == [error.pointer for error in refused.value.errors]
    assert unit in refused.value.detail


def test_every_wrong_field_is_named_at_once() -> None:
    with pytest.raises(InvalidSettings) as refused:
        PlanSettings(agent_count=0, source_usable_pct=400)
    assert [e.pointer for e in refused.value.errors] == ["/source_usable_pct", "/agent_count"]


def test_not_a_number_is_out_of_every_range() -> None:
    with pytest.raises(InvalidSettings):
        PlanSettings(source_nic_gbit_s=float("nan"))


def test_limits_name_real_fields() -> None:
    assert not LIMITS.keys() - settings_json(PlanSettings()).keys()


def test_equal_settings_have_one_form() -> None:
    first = PlanSettings(
        source_nic_gbit_s=25,
        working_days=(Weekday.FRI, Weekday.MON),
        blackout_dates=(date(2026, 5, 1), date(2026, 1, 1), date(2026, 5, 1)),
    )
    second = PlanSettings(
        source_nic_gbit_s=25.0,
        working_days=(Weekday.MON, Weekday.FRI),
        blackout_dates=(date(2026, 1, 1), date(2026, 5, 1)),
    )
    assert json.dumps(settings_json(first)) == json.dumps(settings_json(second))


def test_json_and_back_is_the_same() -> None:
    settings = PlanSettings(
        topology=Topology.INTERNET,
        upload_mbit_s=200,
        download_mbit_s=500,
        rtt_class=RttClass.FROM_50_TO_100,
        time_zone="Europe/Berlin",
        blackout_dates=(date(2026, 12, 24),),
        target_vms_per_day=12,
        duration_days=None,
        warm_risky_mode=Mode.COLD,
    )
    assert settings == settings_from_json(json.loads(json.dumps(settings_json(settings))))


def test_stored_settings_survive_fields_that_come_and_go() -> None:
    stored = settings_json(PlanSettings(agent_count=7))
    del stored["efficiency"]
    stored["no_longer_known"] = 1
    assert replace(PlanSettings(), agent_count=7) == settings_from_json(stored)
