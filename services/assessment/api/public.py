"""What is known of a project's VMs and tenants."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.api.schemas import AssessedTenant, AssessedVm, AssessmentReply
from services.assessment.domain.errors import NOT_ASSESSED
from services.assessment.domain.finding_catalogue import KINDS
from services.assessment.persistence.queries import (
    VmFilter,
    list_tenants,
    list_vms,
    newest_assessment,
)
from services.assessment.persistence.runs import find_newest
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.contracts.records import ModeClass, RiskBand, Severity
from shared.db.uow import Database
from shared.http.models import ListReply, PageParameters
from shared.http.security import VisibleProject, require
from shared.kernel.errors import Invalid, NotFound
from shared.kernel.ids import AssessmentId, ProjectId, TenantId

Reader = Annotated[Principal, require(Permission.READ)]


def _vm_filter(
    tenant_id: Annotated[UUID | None, Query(description="Only this tenant's")] = None,
    risk_band: Annotated[RiskBand | None, Query(description="Only this band")] = None,
    mode_class: Annotated[ModeClass | None, Query(description="Only this class")] = None,
    finding: Annotated[
        str | None, Query(description="Only VMs that have this finding", max_length=64)
    ] = None,
    severity: Annotated[
        Severity | None, Query(description="Only VMs that have a finding this grave")
    ] = None,
) -> VmFilter:
    if finding is not None and finding not in KINDS:
        raise Invalid(f"There is no finding {finding!r}; there are {', '.join(KINDS)}.")
    return VmFilter(
        tenant_id=TenantId(tenant_id) if tenant_id else None,
        risk_band=risk_band,
        mode_class=mode_class,
        finding=finding,
        severity=severity,
    )


VmParameters = Annotated[VmFilter, Depends(_vm_filter)]


def public_routes(database: Database) -> APIRouter:
    """The assessment of a project, its VMs and its tenants."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment", tags=["assessment"])

    @router.get("")
    async def show_assessment(project_id: VisibleProject, caller: Reader) -> AssessmentReply:
        """The newest assessment, also while it is queued or running; 404 before the first."""
        async with database.read() as connection:
            view = await newest_assessment(connection, project_id)
        if view is None:
            raise _not_assessed()
        return AssessmentReply.of(view)

    @router.get("/vms")
    async def list_assessed_vms(
        project_id: VisibleProject,
        caller: Reader,
        page: PageParameters,
        only: VmParameters,
    ) -> ListReply[AssessedVm]:
        """VMs in scope by name, of the newest complete assessment."""
        async with database.read() as connection:
            found = await list_vms(
                connection,
                await _newest_complete(connection, project_id),
                only=only,
                cursor=page.cursor,
                limit=page.limit,
            )
        return ListReply(
            items=[AssessedVm.of(row) for row in found.items],
            next_cursor=found.next_cursor,
        )

    @router.get("/tenants")
    async def list_detected_tenants(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> ListReply[AssessedTenant]:
        """Tenants that have VMs in scope, by name, of the newest complete assessment."""
        async with database.read() as connection:
            found = await list_tenants(
                connection,
                await _newest_complete(connection, project_id),
                cursor=page.cursor,
                limit=page.limit,
            )
        return ListReply(
            items=[AssessedTenant.of(row) for row in found.items], next_cursor=found.next_cursor
        )

    return router


async def _newest_complete(connection: AsyncConnection, project_id: ProjectId) -> AssessmentId:
    run = await find_newest(connection, project_id, is_complete=True)
    if run is None:
        raise _not_assessed()
    return run.id


def _not_assessed() -> NotFound:
    return NotFound(
        "No inventory of this project has been assessed yet. Import a workbook, or wait until its "
        "assessment is complete.",
        code=NOT_ASSESSED,
    )
