"""How much disk a VM has and how much of it is used (decision 10). All sizes are MiB."""

from collections.abc import Iterable, Sequence
from typing import Final

from services.ingest.domain.contradictions import Contradictions
from services.ingest.domain.detail_rows import PartitionRow
from services.ingest.domain.rows import DiskRow, VmRow

UNKNOWN: Final = "unknown"
FROM_VDISK: Final = "vdisk"
FROM_TOTAL: Final = "total_disk_capacity"
FROM_GUEST: Final = "guest_used"
FROM_ALLOCATED: Final = "allocated"
FROM_PROVISIONED: Final = "provisioned"

ENOUGH_COVERAGE: Final = 0.80
"""Partitions must cover this share of the disks, else a part of the use is out of sight: raw
devices, swap, volumes without a mount."""


def total_disk(
    row: VmRow, disks: Sequence[DiskRow], *, keeps_vinfo_disks: bool = False
) -> tuple[int | None, str]:
    """Provisioned disk and where it comes from: vDisk's sum, else vInfo's total, else vInfo's
    provisioned figure (which holds swap and snapshots too)."""
    known = [disk.capacity_mib for disk in disks if disk.capacity_mib is not None]
    total = row.total_disk_mib
    if total == 0 and (disks or row.disk_count):
        total = None
    if disks and len(known) == len(disks) and not (keeps_vinfo_disks and total is not None):
        return sum(known), FROM_VDISK
    if total is not None:
        return total, FROM_TOTAL
    if not disks and row.disk_count == 0:
        return 0, FROM_TOTAL
    if row.provisioned_mib and row.provisioned_mib >= sum(known):
        return row.provisioned_mib, FROM_PROVISIONED
    return (sum(known), FROM_VDISK) if known else (None, UNKNOWN)


def used_space(
    guest_used_mib: int | None,
    allocated_mib: int | None,
    provisioned_mib: int | None,
    *,
    disk: tuple[int | None, str],
) -> tuple[int | None, str]:
    """What to plan with and its basis: used in the guest, else allocated, else provisioned, else
    the disks' capacity.

    >>> used_space(None, None, 121080, disk=(102400, "vdisk"))
    (121080, 'provisioned')
    """
    if guest_used_mib is not None:
        return guest_used_mib, FROM_GUEST
    if allocated_mib is not None:
        return allocated_mib, FROM_ALLOCATED
    if provisioned_mib:
        return provisioned_mib, FROM_PROVISIONED
    return disk


def allocated(row: VmRow, disks: Sequence[DiskRow], contradictions: Contradictions) -> int | None:
    """vInfo's "In Use"; 0 for a VM with disks means that vCenter cannot see its files."""
    if row.in_use_mib != 0 or not (disks or row.disk_count or row.total_disk_mib):
        return row.in_use_mib
    contradictions.add("in_use_zero", vm=row.ref.name, row=row.number)
    return None


def guest_used(
    row: VmRow,
    partitions: Sequence[PartitionRow],
    disk_mib: int | None,
    contradictions: Contradictions,
) -> int | None:
    """Space in use inside the guest, None where its file systems do not cover enough of its disks.

    Containers mount one file system many times, each time as a row: where the sum exceeds the
    disks, file systems with the same figures count once, and what is left is never more than the
    disks hold.
    """
    if not partitions or not disk_mib:
        return None
    found = _sums(_without_repeats(partitions, by_mount=True))
    if found[0] > disk_mib:
        contradictions.add(
            "partitions_exceed_disks",
            vm=row.ref.name,
            tab="vPartition",
            row=partitions[0].number,
            said=(disk_mib, found[0]),
        )
        found = _sums(_without_repeats(partitions, by_mount=False))
    capacity_mib, used_mib = found
    if capacity_mib < ENOUGH_COVERAGE * disk_mib:
        return None
    return min(used_mib, disk_mib)


def consumed(partition: PartitionRow) -> int | None:
    """What a file system holds: consumed, and where that is missing or 0, capacity less free.

    Free space itself is never use, though RVTools before 3.9 has no other column.
    """
    if partition.consumed_mib:
        return partition.consumed_mib
    if partition.capacity_mib is None or partition.free_mib is None:
        return partition.consumed_mib
    return max(0, partition.capacity_mib - partition.free_mib)


def _without_repeats(
    partitions: Sequence[PartitionRow], *, by_mount: bool
) -> Iterable[PartitionRow]:
    if len(partitions) == 1:
        return partitions
    return {
        (
            (one.mount, one.disk_key) if by_mount else None,
            *(one.capacity_mib, one.consumed_mib, one.free_mib),
        ): one
        for one in partitions
    }.values()


def _sums(partitions: Iterable[PartitionRow]) -> tuple[int, int]:
    """Capacity and use of the file systems whose use is known."""
    capacity_mib = used_mib = 0
    for one in partitions:
        used = consumed(one)
        if used is not None:
            capacity_mib += one.capacity_mib or used
            used_mib += used
    return capacity_mib, used_mib
