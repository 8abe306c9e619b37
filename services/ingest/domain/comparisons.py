"""Where the tabs disagree about one VM. Each disagreement is noted; vInfo's figure stands."""

from collections.abc import Sequence
from typing import Final

from services.ingest.domain.columns import VDISK, VNETWORK
from services.ingest.domain.contradictions import Contradictions
from services.ingest.domain.parts import Parts

ROUNDING_MIB_PER_DISK: Final = 1
"""RVTools rounds every figure, so a sum may be off by one for each disk."""


def compare(parts: Parts, contradictions: Contradictions, *, tabs: Sequence[str]) -> None:
    """Notes where the ``tabs`` that were read disagree with vInfo about this VM."""
    _compare_counts(parts, contradictions, tabs)
    _compare_sizes(parts, contradictions)
    own = parts.row.ref
    if own.power_state is None:
        return
    for tab, rows in parts.by_tab():
        for other in rows[:1]:
            state = other.ref.power_state
            if other.ref is not own and state is not None and state != own.power_state:
                contradictions.add(
                    "power_state",
                    vm=own.name,
                    tab=tab,
                    row=other.number,
                    said=(own.power_state, state),
                )


def _compare_counts(parts: Parts, contradictions: Contradictions, tabs: Sequence[str]) -> None:
    row = parts.row
    for kind, tab, stated, found in (
        ("disk_count", VDISK, row.disk_count, len(parts.disks)),
        ("nic_count", VNETWORK, row.nic_count, len(parts.nics)),
    ):
        if stated is not None and stated != found and tab in tabs:
            contradictions.add(kind, vm=row.ref.name, row=row.number, said=(stated, found))


def _compare_sizes(parts: Parts, contradictions: Contradictions) -> None:
    row = parts.row
    name = row.ref.name
    if parts.disks and row.total_disk_mib is not None:
        summed = sum(disk.capacity_mib or 0 for disk in parts.disks)
        if abs(summed - row.total_disk_mib) > ROUNDING_MIB_PER_DISK * len(parts.disks):
            contradictions.add(
                "disk_sum", vm=name, row=row.number, said=(row.total_disk_mib, summed)
            )
    for kind, stated, others in (
        ("cpu_count", row.vcpus, [cpu.vcpus for cpu in parts.cpus]),
        ("memory_size", row.memory_mib, [memory.memory_mib for memory in parts.memories]),
    ):
        for other in others[:1]:
            if None not in (stated, other) and stated != other:
                contradictions.add(kind, vm=name, row=row.number, said=(stated, other))
