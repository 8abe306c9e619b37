"""How much of what VMs have they use, in per cent.

A share of a whole, and nothing at all where the part was never measured. Shares of several VMs are
the sum of what they use by the sum of what they have, of those that have both: an average of
percentages would count a small VM like a large one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

UNMEASURED: Final = frozenset({"provisioned", "unknown"})
"""Bases of a used size that nobody has measured: provisioned stands in for not knowing."""


def disk_used_percent(
    used: int | None, provisioned: int | None, basis: str = "allocated"
) -> int | None:
    """Used of provisioned disk, both MiB; None where either is unknown or nothing was measured.

    Snapshots can make it more than 100.

    >>> disk_used_percent(30, 40, "allocated"), disk_used_percent(40, 40, "provisioned")
    (75, None)
    >>> disk_used_percent(0, 0, "allocated") is None
    True
    """
    if basis in UNMEASURED or used is None or not provisioned:
        return None
    return round(100 * used / provisioned)


IDLE: Final = frozenset({"poweredOff", "suspended"})
"""Power states in which a VM draws nothing. Its figures tell nothing of what it needs when it runs,
so they are in no sum of CPU or memory."""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that VMs use of what they have. The fields of a VM and of sums are named so."""

    name: str
    unit: str
    used: str
    whole: str

    def of(self, part: str) -> str:
        """The name of the sum of ``part``: used, compared or whole."""
        return f"{self.name}_{part}_{self.unit}"

    @property
    def vms(self) -> str:
        """The name of the number of VMs whose use is known."""
        return f"{self.name}_vms"

    def percent(self, sums: Mapping[str, Any]) -> float | None:
        """The share in ``sums``: of the VMs of which both the used and the whole are known."""
        return used_percent(sums[self.of("compared")], sums[self.of("whole")])


MEASURES: Final = (
    Measure("cpu", "mhz", used="cpu_used_mhz", whole="cpu_capacity_mhz"),
    Measure("memory_active", "mib", used="memory_active_mib", whole="memory_mib"),
    Measure("memory_consumed", "mib", used="memory_consumed_mib", whole="memory_mib"),
)
"""What is told of VMs that run. Consumed and active memory bound the need from both sides."""


def used_percent(used: int | None, whole: int | None) -> float | None:
    """``used`` of ``whole`` with one decimal; None where either is unknown.

    >>> used_percent(1, 3), used_percent(0, 3), used_percent(None, 3), used_percent(1, 0)
    (33.3, 0.0, None, None)
    """
    return round(100 * used / whole, 1) if used is not None and whole else None


def cpu_capacity_mhz(
    reported_mhz: int | None, *, vcpus: int | None, host_mhz: int | None
) -> int | None:
    """What a VM's vCPUs can draw: as reported, else at the clock of its host; 0 is unknown.

    >>> cpu_capacity_mhz(5000, vcpus=2, host_mhz=2100), cpu_capacity_mhz(0, vcpus=2, host_mhz=2100)
    (5000, 4200)
    >>> cpu_capacity_mhz(None, vcpus=2, host_mhz=None) is None
    True
    """
    if reported_mhz:
        return reported_mhz
    return vcpus * host_mhz if vcpus and host_mhz else None
