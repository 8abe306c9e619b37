"""The assessment service, as far as the planner sees it: assessed snapshots behind the port."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid5

from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.records import (
    AssessedVmRecord,
    ModeClass,
    OsFamily,
    PowerState,
    RiskBand,
    SizeBasis,
)
from tests.services.planner.builders import GIB, SUNDAY, an_id
from tests.support.frozen_snapshots import FrozenSnapshots

PROJECT = an_id("project")


def a_record(
    name: str = "web-01",
    *,
    tenant: str = "Acme",
    power_state: PowerState = PowerState.ON,
    mode_class: ModeClass = ModeClass.WARM_ELIGIBLE,
    excluded_because: str | None = None,
    vcpus: int | None = 2,
    memory_mib: int | None = 4 * GIB,
    disk_mib: int | None = 100 * GIB,
    used_mib: int | None = 40 * GIB,
) -> AssessedVmRecord:
    return AssessedVmRecord(
        vm_id=an_id(name),
        name=name,
        vcenter="vc",
        power_state=power_state,
        is_excluded=excluded_because is not None,
        excluded_because=excluded_because,
        cluster="cl-1",
        tenant_id=an_id(f"tenant/{tenant}"),
        tenant_name=tenant,
        detection_method="folder_path",
        os_family=OsFamily.LINUX,
        os_text="Debian 12",
        vcpus=vcpus,
        memory_mib=memory_mib,
        disk_mib=disk_mib,
        used_mib=used_mib,
        used_basis=SizeBasis.ALLOCATED,
        disk_count=1,
        nic_count=2,
        networks=["front", "back"],
        risk_score=10,
        risk_band=RiskBand.GREEN,
        mode_class=mode_class,
    )


def an_estate(count: int = 10) -> list[AssessedVmRecord]:
    """VMs of three tenants; every fifth is off, and one template comes on top."""
    vms = [
        a_record(
            f"vm-{number:04}",
            tenant=("Acme", "Borealis", "Cinder")[number % 3],
            power_state=PowerState.OFF if number % 5 == 0 else PowerState.ON,
            mode_class=ModeClass.COLD_REQUIRED if number % 5 == 0 else ModeClass.WARM_ELIGIBLE,
            disk_mib=(number + 1) * 10 * GIB,
            used_mib=(number + 1) * 4 * GIB,
        )
        for number in range(count)
    ]
    return [*vms, a_record("golden", excluded_because="template")]


class FakeAssessment(FrozenSnapshots):
    """Assesses inventories and serves the snapshots."""

    def completes(
        self,
        vms: Sequence[AssessedVmRecord],
        *,
        number: int = 1,
        project_id: UUID = PROJECT,
        per_page: int = 4,
        record_schema: str = AssessedVmRecord.SCHEMA,
        record_count: int | None = None,
        imported_at: datetime = SUNDAY,
    ) -> AssessmentCompleted:
        """The fact that these VMs are assessed."""
        snapshot = self.freeze(
            vms,
            record_schema=record_schema,
            per_page=per_page,
            record_count=record_count,
            snapshot_id=uuid5(project_id, f"assessment/{number}"),
        )
        return AssessmentCompleted(
            project_id=project_id,
            assessment_id=snapshot.id,
            assessment_number=number,
            inventory_id=uuid5(project_id, f"inventory/{number}"),
            inventory_number=number,
            imported_at=imported_at,
            snapshot=snapshot,
            tenant_count=len({vm.tenant_id for vm in vms if not vm.is_excluded}),
            completed_at=imported_at,
        )
