"""Bodies of the provisioner."""

from typing import Self
from uuid import UUID

from pydantic import Field

from services.provisioner.domain.preparation import Preparation
from shared.http.models import ReplyModel, UtcTime


class ApprovedSnapshot(ReplyModel):
    """The frozen plan that was approved."""

    id: UUID
    digest: str = Field(description="SHA-256; the approval is bound to it")


class PreparationReply(ReplyModel):
    """What may be prepared on the target cloud. Nothing has been touched there."""

    project_id: UUID
    approval_id: UUID
    approval_number: int
    inventory_id: UUID
    snapshot: ApprovedSnapshot
    tenant_count: int = Field(description="Tenants in scope")
    vm_count: int = Field(description="VMs in scope, powered-off included")
    approved_at: UtcTime
    approved_by: UUID

    @classmethod
    def of(cls, preparation: Preparation) -> Self:
        """``preparation`` as a reply."""
        return cls(
            project_id=preparation.project_id,
            approval_id=preparation.approval_id,
            approval_number=preparation.approval_number,
            inventory_id=preparation.inventory_id,
            snapshot=ApprovedSnapshot(
                id=preparation.snapshot_id, digest=preparation.snapshot_digest
            ),
            tenant_count=preparation.tenant_count,
            vm_count=preparation.vm_count,
            approved_at=preparation.approved_at,
            approved_by=preparation.approved_by,
        )
