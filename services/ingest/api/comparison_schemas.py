"""Bodies of comparing, applying and following imports."""

from typing import Any, Self
from uuid import UUID

from pydantic import Field

from services.ingest.domain.comparison import ChangeKind, Comparison, VmChange
from services.ingest.domain.inventory import ImportMode, Inventory
from services.ingest.persistence.trend import TrendPoint
from shared.http.models import ReplyModel, RequestModel, UtcTime


class InventoryName(ReplyModel):
    """Which import is meant."""

    id: UUID
    number: int
    file_name: str
    imported_at: UtcTime | None

    @classmethod
    def of(cls, inventory: Inventory) -> Self:
        """``inventory``, named."""
        return cls(
            id=inventory.id,
            number=inventory.number,
            file_name=inventory.upload.file_name,
            imported_at=inventory.imported_at,
        )


class ComparisonReply(ReplyModel):
    """How an import differs from another one, before or after it is applied.

    Templates and SRM placeholders are among the VMs; a VM may differ in several ways.
    """

    inventory: InventoryName
    base: InventoryName | None = Field(description="What it is compared with; null is nothing")
    vms_before: int
    vms_after: int
    added: int
    removed: int
    renamed: int
    resized: int = Field(description="Other vCPUs or memory")
    moved: int = Field(description="Other datacenter, cluster, folder, resource pool or vApp")
    grown: int = Field(description="More disk, or used space by 10 % and 1 GiB")
    powered: int = Field(description="Another power state")
    unchanged: int
    weak: int = Field(description="Recognised by name and datacenter only")
    warnings: list[str] = Field(description="What to look at before it is applied")

    @classmethod
    def of(cls, found: Comparison) -> Self:
        """``found`` as a reply."""
        return cls(
            inventory=InventoryName.of(found.inventory),
            base=InventoryName.of(found.base) if found.base else None,
            vms_before=found.vms_before,
            vms_after=found.vms_after,
            unchanged=found.unchanged,
            weak=found.weak,
            warnings=found.warnings,
            **{kind.value: count for kind, count in found.counts.items()},
        )


class VmChangeReply(ReplyModel):
    """One VM that differs."""

    vm_id: UUID
    name: str
    kinds: list[ChangeKind]
    before: dict[str, Any] | None = Field(
        description="The fields that differ, as they were; sizes in MiB; null for an added VM"
    )
    after: dict[str, Any] | None = Field(
        description="The same fields, as they are; null for a removed VM"
    )

    @classmethod
    def of(cls, change: VmChange) -> Self:
        """``change`` as a reply."""
        return cls(
            vm_id=change.vm_id,
            name=change.name,
            kinds=list(change.kinds),
            before=None if change.before is None else dict(change.before),
            after=None if change.after is None else dict(change.after),
        )


class Application(RequestModel):
    """How to apply an import."""

    mode: ImportMode = Field(
        ImportMode.MERGE,
        description="merge keeps what was decided on VMs that are recognised; replace forgets what "
        "was decided on VMs and tenants",
    )


class TrendReply(ReplyModel):
    """What one import held: VMs without templates and placeholders, powered-off ones included."""

    inventory_id: UUID
    number: int
    imported_at: UtcTime
    applied_at: UtcTime | None
    vms: int
    powered_on: int
    powered_off: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    used_mib: int

    @classmethod
    def of(cls, point: TrendPoint) -> Self:
        """``point`` as a reply."""
        return cls.model_validate(point)
