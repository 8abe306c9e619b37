"""What a VM draws of CPU and memory, and how that is known (decision 10)."""

from dataclasses import dataclass
from typing import Final

from services.ingest.domain.detail_rows import CpuRow, MemoryRow

REPORTED: Final = "reported"
"""The tab itself gives every figure of it."""
DERIVED: Final = "derived"
"""A part of it comes from elsewhere."""
MISSING: Final = "missing"


@dataclass(frozen=True, slots=True)
class Usage:
    """Shares in percent of what the VM has, at the time of the export; each with its basis.

    Active memory is what the guest touched lately, consumed what the host holds for it. The truth
    of its need lies between, often far apart.
    """

    cpu_percent: float | None
    cpu_basis: str
    active_mib: int | None
    active_percent: float | None
    active_basis: str
    consumed_mib: int | None
    consumed_percent: float | None
    consumed_basis: str


def usage_of(
    cpu: CpuRow | None,
    memory: MemoryRow | None,
    *,
    vcpus: int | None,
    memory_mib: int | None,
    host_mhz: int | None,
    vinfo_active_mib: int | None,
) -> Usage:
    """The shares of one VM; ``vinfo_active_mib`` stands in where vMemory has no figure."""
    cpu_percent, cpu_basis = cpu_use(cpu, vcpus=vcpus, host_mhz=host_mhz)
    own_mib = memory.memory_mib if memory is not None else None
    active_mib = memory.active_mib if memory is not None else None
    consumed_mib = memory.consumed_mib if memory is not None else None
    size_mib = own_mib or memory_mib
    is_own = bool(own_mib) and active_mib is not None
    if active_mib is None:
        active_mib = vinfo_active_mib
    active_percent = _percent(active_mib, size_mib)
    consumed_percent = _percent(consumed_mib, size_mib)
    return Usage(
        cpu_percent=cpu_percent,
        cpu_basis=cpu_basis,
        active_mib=active_mib,
        active_percent=active_percent,
        active_basis=_basis(active_percent, is_own=is_own),
        consumed_mib=consumed_mib,
        consumed_percent=consumed_percent,
        consumed_basis=_basis(consumed_percent, is_own=bool(own_mib)),
    )


def cpu_use(
    cpu: CpuRow | None, *, vcpus: int | None, host_mhz: int | None
) -> tuple[float | None, str]:
    """Percent of its CPU, and the basis.

    Overall by Max; without Max, by the vCPUs at the clock of the VM's host. There is no guess at a
    clock that nobody states.
    """
    if cpu is None or cpu.overall_mhz is None:
        return None, MISSING
    if cpu.max_mhz:
        return _percent(cpu.overall_mhz, cpu.max_mhz), REPORTED
    own = vcpus or cpu.vcpus
    percent = _percent(cpu.overall_mhz, own * host_mhz if own and host_mhz else None)
    return percent, _basis(percent, is_own=False)


def _percent(part: int | None, whole: int | None) -> float | None:
    return round(100 * part / whole, 1) if part is not None and whole else None


def _basis(percent: float | None, *, is_own: bool) -> str:
    if percent is None:
        return MISSING
    return REPORTED if is_own else DERIVED
