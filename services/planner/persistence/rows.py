"""Rows as the domain knows them, and back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row

from services.planner.domain.approval import ApprovalRequest, ApprovalState, Asker
from services.planner.domain.project import SnapshotHead
from services.planner.domain.settings import settings_from_json
from services.planner.domain.snapshot import BasedOn
from services.planner.domain.vms import ModeClass, PowerState, RiskBand, Tenant, Vm
from services.planner.persistence.tables import assessed_vms, plan_snapshots
from services.planner.usecases.ports import Assessment
from shared.contracts.snapshots import SnapshotRef
from shared.http.pages import snapshot_path
from shared.kernel.ids import (
    ApprovalId,
    AssessmentId,
    InventoryId,
    ProjectId,
    SnapshotId,
    TenantId,
    UserId,
    VmId,
)

SNAPSHOT_HEAD: Final = (
    plan_snapshots.c.snapshot_id,
    plan_snapshots.c.digest,
    plan_snapshots.c.record_count,
    plan_snapshots.c.page_sha256,
    plan_snapshots.c.created_at,
    plan_snapshots.c.header["settings"].label("settings"),
    plan_snapshots.c.header["based_on"].label("based_on"),
    plan_snapshots.c.header["summary"]["tenants"].label("tenant_count"),
)
"""The columns of :func:`snapshot_head`."""

VM_COLUMNS: Final = (
    assessed_vms.c.vm_id,
    assessed_vms.c.tenant_id,
    assessed_vms.c.tenant_name,
    assessed_vms.c.org_vdc,
    assessed_vms.c.power_state,
    assessed_vms.c.mode_class,
    assessed_vms.c.risk_band,
    assessed_vms.c.vcpus,
    assessed_vms.c.memory_mib,
    assessed_vms.c.disk_mib,
    assessed_vms.c.used_mib,
    assessed_vms.c.allocated_mib,
)
"""The columns of :func:`vm`, in its order."""


def snapshot_head(row: Row[*tuple[Any, ...]]) -> SnapshotHead:
    """A snapshot without its contents."""
    return SnapshotHead(
        snapshot_id=SnapshotId(row.snapshot_id),
        digest=row.digest,
        path=snapshot_path(row.snapshot_id),
        settings=settings_from_json(row.settings),
        based_on=_based_on(row.based_on),
        vm_count=row.record_count,
        tenant_count=row.tenant_count,
        page_count=len(row.page_sha256),
        created_at=row.created_at,
    )


def _based_on(plain: Mapping[str, Any]) -> BasedOn:
    """What :func:`services.planner.domain.snapshot.based_on_json` wrote down."""
    return BasedOn(
        inventory_id=InventoryId(UUID(plain["inventory_id"])),
        inventory_number=plain["inventory_number"],
        assessment_id=AssessmentId(UUID(plain["assessment_id"])),
        assessment_number=plain["assessment_number"],
        imported_at=datetime.fromisoformat(plain["imported_at"]),
        digest=plain["digest"],
    )


def based_on(row: Row[*tuple[Any, ...]]) -> BasedOn:
    """The facts of a row of ``assessments``."""
    return BasedOn(
        inventory_id=InventoryId(row.inventory_id),
        inventory_number=row.inventory_number,
        assessment_id=AssessmentId(row.assessment_id),
        assessment_number=row.assessment_number,
        imported_at=row.imported_at,
        digest=row.snapshot["digest"],
    )


def assessment(row: Row[*tuple[Any, ...]]) -> Assessment:
    """A row of ``assessments``."""
    return Assessment(
        project_id=ProjectId(row.project_id),
        based_on=based_on(row),
        snapshot=SnapshotRef.model_validate(row.snapshot),
        pages_merged=row.pages_merged,
    )


def vm(row: Row[*tuple[Any, ...]], tenants: dict[UUID, Tenant]) -> Vm:
    """A VM; equal tenants are one object, kept in ``tenants``."""
    vm_id, tenant_id, name, org_vdc, power, mode, band, vcpus, memory, disk, used, allocated = row
    tenant = tenants.get(tenant_id)
    if tenant is None:
        tenant = tenants[tenant_id] = Tenant(TenantId(tenant_id), name, org_vdc)
    return Vm(
        vm_id=VmId(vm_id),
        tenant=tenant,
        power_state=PowerState(power),
        mode_class=ModeClass(mode),
        risk_band=RiskBand(band),
        vcpus=vcpus,
        memory_mib=memory,
        disk_mib=disk,
        used_mib=used,
        allocated_mib=allocated,
    )


def approval_request(row: Row[*tuple[Any, ...]]) -> ApprovalRequest:
    """A row of ``approval_requests``."""
    decided = None
    if row.decided_by is not None:
        decided = Asker(UserId(row.decided_by), row.decided_at, row.decision_note)
    return ApprovalRequest(
        approval_id=ApprovalId(row.approval_id),
        project_id=ProjectId(row.project_id),
        snapshot_id=SnapshotId(row.snapshot_id),
        digest=row.digest,
        requested=Asker(UserId(row.requested_by), row.requested_at, row.request_note),
        allow_single_approver=row.allow_single_approver,
        state=ApprovalState(row.state),
        decided=decided,
        approval_number=row.approval_number,
    )


def approval_values(request: ApprovalRequest) -> dict[str, Any]:
    """``request`` as a row of ``approval_requests``."""
    decided = request.decided
    return {
        "approval_id": request.approval_id,
        "project_id": request.project_id,
        "snapshot_id": request.snapshot_id,
        "digest": request.digest,
        "requested_by": request.requested.user_id,
        "requested_at": request.requested.at,
        "request_note": request.requested.note,
        "allow_single_approver": request.allow_single_approver,
        "state": request.state.value,
        "decided_by": None if decided is None else decided.user_id,
        "decided_at": None if decided is None else decided.at,
        "decision_note": None if decided is None else decided.note,
        "approval_number": request.approval_number,
    }
