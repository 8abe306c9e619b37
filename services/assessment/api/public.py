"""What is known of a project's VMs and tenants."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.api.csv_columns import TENANT_COLUMNS, VM_COLUMNS
from services.assessment.api.schemas import (
    AssessedTenant,
    AssessedVm,
    AssessmentReply,
    VmDetails,
    VmFacets,
    WorkbookVm,
    vm_item,
)
from services.assessment.api.vm_parameters import VmFilterParameters, VmOrderParameters
from services.assessment.domain.errors import NOT_ASSESSED
from services.assessment.persistence.queries import count_tenants, list_tenants, newest_assessment
from services.assessment.persistence.store import find_newest
from services.assessment.persistence.vm_detail import find_vm
from services.assessment.persistence.vm_facets import vm_facets
from services.assessment.persistence.vm_list import list_vms, vm_batches, vm_positions
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.uow import Database
from shared.http.csv_lists import CSV_RESPONSE, CsvResponse, every_page
from shared.http.models import JsonResponse, ListReply, PageParameters
from shared.http.security import VisibleProject, require
from shared.kernel.errors import NotFound
from shared.kernel.ids import AssessmentId, ProjectId
from shared.kernel.paging import Page

Reader = Annotated[Principal, require(Permission.READ)]


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

    @router.get("/vms", response_model=ListReply[AssessedVm])
    async def list_assessed_vms(
        project_id: VisibleProject,
        caller: Reader,
        page: PageParameters,
        only: VmFilterParameters,
        order: VmOrderParameters,
    ) -> Response:
        """VMs of the newest complete assessment, filtered and sorted. By default those in scope, by
        name; a cursor goes on with the same filter and order only."""
        async with database.read() as connection:
            found = await list_vms(
                connection,
                await _newest_complete(connection, project_id),
                only=only,
                order=order,
                cursor=page.cursor,
                limit=page.limit,
            )
        items = [vm_item(row) for row in found.items]
        return JsonResponse({"items": items, "next_cursor": found.next_cursor})

    @router.get("/vms.csv", response_class=Response, responses=CSV_RESPONSE)
    async def download_assessed_vms(
        project_id: VisibleProject,
        caller: Reader,
        only: VmFilterParameters,
        order: VmOrderParameters,
    ) -> Response:
        """All VMs of the list as CSV, with the same filter and order. Text that a spreadsheet would
        take for a formula has an apostrophe in front."""
        async with database.read() as connection:
            assessment_id = await _newest_complete(connection, project_id)
            positions = await vm_positions(connection, assessment_id, only=only, order=order)
        return CsvResponse("vms", VM_COLUMNS, vm_batches(database, assessment_id, positions))

    @router.get("/vms/facets")
    async def count_assessed_vms(
        project_id: VisibleProject, caller: Reader, only: VmFilterParameters
    ) -> VmFacets:
        """Facets and totals: how many VMs have which value, each facet without its own filter; and
        sums of the VMs that the filter admits, powered-off ones included."""
        async with database.read() as connection:
            assessment_id = await _newest_complete(connection, project_id)
            sums, facets = await vm_facets(connection, assessment_id, only)
        return VmFacets.of(sums, facets)

    @router.get(
        "/vms/{vm_id}",
        responses={409: {"description": "It was assessed by a version that kept no details"}},
    )
    async def show_assessed_vm(
        project_id: VisibleProject, vm_id: UUID, caller: Reader
    ) -> VmDetails:
        """One VM of the newest complete assessment with all that is known of it: what the workbook
        tells, its disks and adapters, tenant, risk and mode with reasons, findings with advice."""
        async with database.read() as connection:
            found = await find_vm(connection, await _newest_complete(connection, project_id), vm_id)
        record = await asyncio.to_thread(found.record)
        workbook = WorkbookVm.model_validate_json(record)
        return VmDetails.model_validate(vm_item(found.row) | {"workbook": workbook})

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

    @router.get("/tenants.csv", response_class=Response, responses=CSV_RESPONSE)
    async def download_detected_tenants(project_id: VisibleProject, caller: Reader) -> Response:
        """All tenants of the list as CSV. Text that a spreadsheet would take for a formula has an
        apostrophe in front."""
        async with database.read() as connection:
            assessment_id = await _newest_complete(connection, project_id)
            count = await count_tenants(connection, assessment_id)

        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                return await list_tenants(connection, assessment_id, cursor=cursor, limit=limit)

        return CsvResponse("tenants", TENANT_COLUMNS, every_page(read, expected=count))

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
