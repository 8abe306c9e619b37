"""CPU and memory use, each with how it is known."""

import pytest

from services.ingest.domain.cells import Cell
from services.ingest.domain.vms import Vm
from tests.services.ingest.tabs import AssembledWorkbook

VINFO = ["VM", "CPUs", "Memory", "Host", "Active Memory"]


def a_vm(
    *,
    cpu: tuple[Cell, Cell] | None = None,
    memory: tuple[Cell, Cell, Cell] | None = None,
    clock: Cell = "",
    active: Cell = "",
) -> Vm:
    """A VM of 2 vCPUs and 4096 MiB; ``cpu`` is Max and Overall, ``memory`` size, active and
    consumed."""
    tabs: dict[str, list[list[Cell]]] = {}
    if cpu is not None:
        tabs["vCPU"] = [["VM", "Max", "Overall"], ["web", *cpu]]
    if memory is not None:
        tabs["vMemory"] = [["VM", "Size MiB", "Active", "Consumed"], ["web", *memory]]
    return AssembledWorkbook(
        vInfo=[VINFO, ["web", 2.0, 4096.0, "esx1", active]],
        vHost=[["Host", "Speed"], ["ESX1", clock]],
        **tabs,
    ).vm("web")


@pytest.mark.parametrize(
    ("cpu", "clock", "percent", "basis"),
    [
        ((4000.0, 1000.0), 2000.0, 25.0, "reported"),
        ((4000.0, 0.0), 2000.0, 0.0, "reported"),
        ((0.0, 1000.0), 2500.0, 20.0, "derived"),
        (("", 1000.0), 2500.0, 20.0, "derived"),
        ((0.0, 1000.0), "", None, "missing"),
        ((0.0, 1000.0), 0.0, None, "missing"),
        ((4000.0, ""), 2000.0, None, "missing"),
        (None, 2000.0, None, "missing"),
    ],
)
def test_cpu_use_is_overall_by_max_else_by_the_clock_of_the_host(
    cpu: tuple[Cell, Cell] | None, clock: Cell, percent: float | None, basis: str
) -> None:
    vm = a_vm(cpu=cpu, clock=clock)
    assert (vm.usage.cpu_percent, vm.usage.cpu_basis) == (percent, basis)


def test_active_and_consumed_memory_are_kept_apart() -> None:
    usage = a_vm(memory=(4096.0, 409.6, 4096.0)).usage
    assert (usage.active_percent, usage.active_basis) == (10.0, "reported")
    assert (usage.consumed_percent, usage.consumed_basis) == (100.0, "reported")


def test_without_a_size_in_vmemory_the_share_is_of_vinfos_and_derived() -> None:
    usage = a_vm(memory=("", 1024.0, "")).usage
    assert (usage.active_percent, usage.active_basis) == (25.0, "derived")
    assert (usage.consumed_percent, usage.consumed_basis) == (None, "missing")


def test_vinfos_active_memory_stands_in_for_a_missing_vmemory() -> None:
    usage = a_vm(active=2048.0).usage
    assert (usage.active_mib, usage.active_percent, usage.active_basis) == (2048, 50.0, "derived")


def test_differing_sizes_are_reported() -> None:
    book = AssembledWorkbook(
        vInfo=[["VM", "CPUs", "Memory"], ["web", 2.0, 4096.0]],
        vCPU=[["VM", "CPUs"], ["web", 4.0]],
        vMemory=[["VM", "Size MiB"], ["web", 2048.0]],
    )
    assert book.contradictions == {"cpu_count": 1, "memory_size": 1}
