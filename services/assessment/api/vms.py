"""VMs of a project: lists in any order, counts, statistics, one with all that is known of it."""

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.assessment.api.csv_columns import VM_COLUMNS
from services.assessment.api.schemas import AssessedVm, vm_item
from services.assessment.api.vm_parameters import VmFilterParameters, VmOrderParameters
from services.assessment.api.vm_schemas import VmDetails, VmFacets, VmStatistics, WorkbookVm
from services.assessment.persistence.queries import newest_complete
from services.assessment.persistence.vm_detail import find_vm
from services.assessment.persistence.vm_facets import vm_facets
from services.assessment.persistence.vm_list import list_vms, vm_batches, vm_positions
from services.assessment.persistence.vm_statistics import vm_statistics
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.uow import Database
from shared.http.csv_lists import CSV_RESPONSE, CsvResponse
from shared.http.models import JsonResponse, ListReply, PageParameters
from shared.http.security import VisibleProject, require

Reader = Annotated[Principal, require(Permission.READ)]


def vm_routes(database: Database) -> APIRouter:
    """The VMs of a project's newest complete assessment."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment", tags=["assessment"])

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
                await newest_complete(connection, project_id),
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
            assessment_id = await newest_complete(connection, project_id)
            positions = await vm_positions(connection, assessment_id, only=only, order=order)
        return CsvResponse("vms", VM_COLUMNS, vm_batches(database, assessment_id, positions))

    @router.get("/vms/facets")
    async def count_assessed_vms(
        project_id: VisibleProject, caller: Reader, only: VmFilterParameters
    ) -> VmFacets:
        """Facets and totals: how many VMs have which value, each facet without its own filter; and
        sums of the VMs that the filter admits, powered-off ones included."""
        async with database.read() as connection:
            assessment_id = await newest_complete(connection, project_id)
            sums, facets = await vm_facets(connection, assessment_id, only)
        return VmFacets.of(sums, facets)

    @router.get("/statistics")
    async def show_statistics(
        project_id: VisibleProject, caller: Reader, only: VmFilterParameters
    ) -> VmStatistics:
        """Everything that a dashboard shows of the VMs that the filter admits: sums, groups and
        histograms, powered-off VMs included."""
        async with database.read() as connection:
            assessment_id = await newest_complete(connection, project_id)
            return VmStatistics.of(await vm_statistics(connection, assessment_id, only))

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
            found = await find_vm(connection, await newest_complete(connection, project_id), vm_id)
        record = await asyncio.to_thread(found.record)
        workbook = WorkbookVm.model_validate_json(record)
        return VmDetails.model_validate(vm_item(found.row) | {"workbook": workbook})

    return router
