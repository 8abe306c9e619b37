"""The planner, as far as the provisioner sees it: approvals, and plan snapshots behind the port."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from shared.contracts.plan import PlanApproved
from shared.contracts.records import PlannedVmRecord
from tests.services.provisioner.builders import PROJECT
from tests.support.frozen_snapshots import FrozenSnapshots

APPROVER = UUID("0193a1b2-0000-7000-8000-00000000000a")


class FakePlanner(FrozenSnapshots):
    """Freezes plans, has them approved and serves them."""

    def approves(
        self,
        vms: Sequence[PlannedVmRecord],
        *,
        number: int = 1,
        project_id: UUID = PROJECT,
        per_page: int = 4,
        record_schema: str = PlannedVmRecord.SCHEMA,
        record_count: int | None = None,
    ) -> PlanApproved:
        """The fact that a plan of these VMs is approved."""
        snapshot = self.freeze(
            vms, record_schema=record_schema, per_page=per_page, record_count=record_count
        )
        return PlanApproved(
            project_id=project_id,
            approval_id=uuid4(),
            approval_number=number,
            inventory_id=UUID(int=7),
            snapshot=snapshot,
            tenant_count=len({vm.tenant_id for vm in vms}),
            vm_count=snapshot.record_count,
            approved_at=datetime(2026, 11, 23, 9, number, tzinfo=UTC),
            approved_by=APPROVER,
        )
