"""How many agents a project should have, and how large (decision 17, domain specification 3.2).

The recommendation assumes that a slot turns over every two working hours. It is advice beside the
plan; the schedule uses the agents that are configured.
"""

import heapq
import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.planner.domain.settings import PlanSettings
from shared.kernel.quantities import mib_to_gib

SLOT_CYCLE_H: Final = 2
MIN_AGENTS: Final = 2
TURNS_WITHOUT_DEADLINE: Final = 4
"""Without a deadline every slot should carry no more than this many VMs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSizing:
    """The recommended agents; memory and disk are GiB for each of them."""

    agents: int
    slots: int
    vcpus_per_agent: int
    memory_gib_per_agent: float
    disk_gib_per_agent: float
    because: str


def recommend_agents(disk_mib_by_vm: Iterable[int], settings: PlanSettings) -> AgentSizing:
    """The agents for in-scope VMs with these total disk sizes.

    >>> recommend_agents([1024] * 901, PlanSettings(duration_days=21)).agents   # 3.003 → 4
    4
    """
    disks_mib = list(disk_mib_by_vm)
    agents, because = _count(len(disks_mib), settings)
    largest_mib = sum(heapq.nlargest(settings.slots_per_agent, disks_mib))
    memory_gib = (
        settings.agent_base_memory_gib + settings.memory_per_slot_gib * settings.slots_per_agent
    )
    return AgentSizing(
        agents=agents,
        slots=agents * settings.slots_per_agent,
        vcpus_per_agent=settings.vcpus_per_slot * settings.slots_per_agent,
        memory_gib_per_agent=memory_gib,
        disk_gib_per_agent=mib_to_gib(settings.agent_disk_factor * largest_mib),
        because=because,
    )


def _count(vms: int, settings: PlanSettings) -> tuple[int, str]:
    vms_per_agent_day = settings.slots_per_agent * settings.hours_per_day / SLOT_CYCLE_H
    if settings.target_vms_per_day is not None:
        wanted = float(settings.target_vms_per_day)
        goal = f"target of {wanted:g} VMs a day"
    elif settings.duration_days is not None:
        days = max(1.0, settings.duration_days / 7 * len(settings.working_days))
        wanted = vms / days
        goal = f"{vms} VMs in {days:.1f} working days, {wanted:.1f} a day"
    else:
        per_agent = TURNS_WITHOUT_DEADLINE * settings.slots_per_agent
        needed = max(MIN_AGENTS, math.ceil(vms / per_agent))
        return needed, f"{vms} VMs without a deadline, {per_agent} VMs per agent"
    needed = max(MIN_AGENTS, math.ceil(wanted / vms_per_agent_day))
    return needed, f"{goal}; an agent moves {vms_per_agent_day:g} a day"
