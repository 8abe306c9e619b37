"""What differs between two inventories of a project, VM by VM (decided before it is applied)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from services.ingest.domain.inventory import Inventory

GROWN_SHARE: Final = 0.10
GROWN_MIB: Final = 1024
"""Used space has grown if it is more by 10 % and by 1 GiB: it always changes a little."""
SUSPICIOUS_SHARE: Final = 0.5
"""More of the VMs removed than this is rarely meant."""


class ChangeKind(StrEnum):
    """How a VM differs. One VM may differ in several ways, but for the first two."""

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    RESIZED = "resized"
    """Other vCPUs or memory."""
    MOVED = "moved"
    """Another datacenter, cluster, folder, resource pool or vApp; the host alone does not count."""
    GROWN = "grown"
    """More disk, or clearly more used space, told by the same source."""
    POWERED = "powered"
    """Another power state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """How many VMs differ, and how. Templates and placeholders are among them.

    ``base`` None compares with nothing: every VM is added.
    """

    inventory: Inventory
    base: Inventory | None
    vms_before: int
    vms_after: int
    counts: Mapping[ChangeKind, int]
    unchanged: int
    weak: int
    """VMs in both that are recognised by their name only."""

    @property
    def warnings(self) -> list[str]:
        """What somebody should look at before this is applied."""
        found: list[str] = []
        removed, added = self.counts[ChangeKind.REMOVED], self.counts[ChangeKind.ADDED]
        if self.base is not None and removed > SUSPICIOUS_SHARE * self.vms_before:
            found.append(
                f"{removed:,} of {self.vms_before:,} VMs would be gone. Is this the workbook of "
                "another vCenter, or of a part of the estate? Import all vCenters together."
            )
        if self.base is not None and removed == self.vms_before and added == self.vms_after > 0:
            found.append(
                "Not one VM is recognised. VM UUIDs changed their meaning with RVTools 4.3: export "
                "again with VM IDs, as RVTools does unless columns are deleted."
            )
        if self.weak:
            found.append(
                f"{self.weak:,} VMs are recognised by name and datacenter only, because the "
                "workbook has no IDs: one renamed VM is one removed and one added."
            )
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class VmChange:
    """One VM that differs. ``before`` and ``after`` hold the fields that do; sizes are MiB."""

    vm_id: UUID
    name: str
    kinds: Sequence[ChangeKind]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
