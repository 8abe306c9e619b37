"""In which order VMs take their turn, and the words that explain a place in it (decision 20)."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from services.planner.domain.schedule import Placement, StartCause
from services.planner.domain.vms import PRIORITY_UNSET, Tenant, Vm

OrderKey = tuple[int, str, str, str, str, int, int, str]

_CAUSES: Final = {
    StartCause.DAY_OPENS: "Started as the day opened",
    StartCause.SLOT_FREE: "Started as soon as a slot was free",
    StartCause.DAILY_TARGET: "Waited for this day: the daily target was used up before",
}


def order_key(vm: Vm) -> OrderKey:
    """Tenant priority, tenant name, VM priority, largest disks first; ids break every tie."""
    tenant = vm.tenant
    return (
        tenant.priority,
        tenant.name.casefold(),
        tenant.name,
        tenant.org_vdc or "",
        str(tenant.tenant_id),
        vm.priority,
        -(vm.disk_mib or 0),
        str(vm.vm_id),
    )


def in_order(vms: Iterable[Vm]) -> list[Vm]:
    """The VMs in their order of starts, the same for any order they come in."""
    return sorted(vms, key=order_key)


@dataclass(frozen=True, slots=True)
class Rank:
    """A VM's place among the VMs of its tenant, from 1."""

    place: int
    of: int


def ranks(ordered: Sequence[Vm]) -> list[Rank]:
    """The rank of each VM within its tenant, in the same order."""
    totals = Counter(vm.tenant.tenant_id for vm in ordered)
    seen: Counter[object] = Counter()
    result = []
    for vm in ordered:
        seen[vm.tenant.tenant_id] += 1
        result.append(Rank(seen[vm.tenant.tenant_id], totals[vm.tenant.tenant_id]))
    return result


def why_here(tenant: Tenant, rank: Rank, placement: Placement) -> str:
    """One or two sentences: the rule that gave the VM its place, and what it waited for."""
    priority = "" if tenant.priority == PRIORITY_UNSET else f" with priority {tenant.priority}"
    text = (
        f"Tenant {tenant.name}{priority}: {rank.place} of {rank.of}, largest first. "
        f"{_CAUSES[placement.cause]}."
    )
    if placement.cutover_day > placement.copy_end_day:
        text += f" The cut-over did not fit into day {placement.copy_end_day} any more."
    return text
