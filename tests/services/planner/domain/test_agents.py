"""The recommended agents (decision 17)."""

import pytest

from services.planner.domain.agents import recommend_agents
from services.planner.domain.settings import PlanSettings
from tests.services.planner.builders import GIB


@pytest.mark.parametrize(
    ("vms", "settings", "agents"),
    [
        pytest.param(324, {}, 2, id="EX38-floor-of-two"),
        pytest.param(500, {"target_vms_per_day": 100}, 5, id="EX39-target"),
        pytest.param(500, {"hours_per_day": 7, "target_vms_per_day": 36}, 3, id="EX40-fraction"),
        pytest.param(900, {"duration_days": 21}, 3, id="EX41-exact"),
        pytest.param(901, {"duration_days": 21}, 4, id="EX42-true-ceiling"),
        pytest.param(130, {"duration_days": None}, 7, id="EX43-no-deadline"),
        pytest.param(0, {}, 2, id="no-vms"),
    ],
)
def test_the_count_is_a_true_ceiling(vms: int, settings: dict[str, int], agents: int) -> None:
    sizing = recommend_agents([GIB] * vms, PlanSettings(**settings))  # type: ignore[arg-type]
    assert agents == sizing.agents
    assert agents * 5 == sizing.slots


def test_an_agent_holds_the_largest_disks_of_all_its_slots() -> None:
    disks = [gib * GIB for gib in (900, 4000, 1000, 3000, 2000, 10, 10)]
    sizing = recommend_agents(disks, PlanSettings())
    assert pytest.approx(sizing.disk_gib_per_agent) == 13_080
    assert (sizing.vcpus_per_agent, sizing.memory_gib_per_agent) == (10, 7)


def test_more_slots_than_five_count_their_disks_too() -> None:
    disks = [gib * GIB for gib in (1000, 900, 800, 700, 600, 500, 400)]
    sizing = recommend_agents(disks, PlanSettings(slots_per_agent=10))
    assert pytest.approx(sizing.disk_gib_per_agent) == 4900 * 1.2
