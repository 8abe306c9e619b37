"""Findings that are let pass, with a note and an author."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.assessment.api.tenants_schemas import (
    BulkReply,
    NewWaivers,
    WaiverReply,
    WaiversRemoval,
    known_finding,
)
from services.assessment.persistence.waivers import list_waivers
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.waive_findings import unwaive_finding, waive_finding
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.csv_lists import CSV_RESPONSE, CsvResponse, every_row, fields
from shared.http.idempotency import KeyedPost, json_reply, run_once
from shared.http.models import ListReply, PageParameters
from shared.http.security import VisibleProject, require
from shared.kernel.ids import AssessmentId, VmId
from shared.kernel.paging import Page

OfFinding = Annotated[str | None, Query(description="Only of this", max_length=64)]
OfVm = Annotated[UUID | None, Query(description="Only of this VM")]
Reader = Annotated[Principal, require(Permission.READ)]
Writer = Annotated[Principal, require(Permission.WRITE)]


def waivers_routes(database: Database, transactions: Transactions[AssessmentStore]) -> APIRouter:
    """Waivers of a project."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment/waivers", tags=["waivers"])

    @router.get("")
    async def list_waivers_route(
        project_id: VisibleProject,
        caller: Reader,
        page: PageParameters,
        finding: OfFinding = None,
        vm_id: OfVm = None,
    ) -> ListReply[WaiverReply]:
        """Waivers by finding and VM; those of VMs that no import has any more too."""
        async with database.read() as connection:
            found = await list_waivers(
                connection,
                project_id,
                finding=None if finding is None else known_finding(finding),
                vm_id=VmId(vm_id) if vm_id else None,
                cursor=page.cursor,
                limit=page.limit,
            )
        return ListReply(
            items=[WaiverReply.model_validate(row) for row in found.items],
            next_cursor=found.next_cursor,
        )

    @router.get(".csv", response_class=Response, responses=CSV_RESPONSE)
    async def download_waivers(
        project_id: VisibleProject,
        caller: Reader,
        finding: OfFinding = None,
        vm_id: OfVm = None,
    ) -> Response:
        """All waivers of the list as CSV, with the same filter. Text that a spreadsheet would take
        for a formula has an apostrophe in front."""
        known = None if finding is None else known_finding(finding)

        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                return await list_waivers(
                    connection,
                    project_id,
                    finding=known,
                    vm_id=VmId(vm_id) if vm_id else None,
                    cursor=cursor,
                    limit=limit,
                )

        return CsvResponse("waivers", fields(*WaiverReply.model_fields), await every_row(read))

    @router.post("", response_model=BulkReply)
    async def waive_finding_route(
        project_id: VisibleProject, caller: Writer, keyed: KeyedPost, body: NewWaivers
    ) -> Response:
        """Let a finding pass for VMs that have it. It stays so in later imports."""

        async def work(transactions: Transactions[AssessmentStore]) -> Reply:
            async with transactions() as tx:
                result = await waive_finding(
                    tx,
                    project_id,
                    known_finding(body.finding),
                    body.vms.choice(),
                    note=body.note,
                    assessment_id=AssessmentId(database.ids.new()),
                    by=caller,
                )
            return json_reply(200, BulkReply.of(result))

        return await run_once(database, transactions, keyed, work)

    @router.post("/removals", response_model=BulkReply)
    async def unwaive_finding_route(
        project_id: VisibleProject, caller: Writer, keyed: KeyedPost, body: WaiversRemoval
    ) -> Response:
        """Let a finding count again."""

        async def work(transactions: Transactions[AssessmentStore]) -> Reply:
            async with transactions() as tx:
                result = await unwaive_finding(
                    tx,
                    project_id,
                    known_finding(body.finding),
                    body.vms.choice(),
                    assessment_id=AssessmentId(database.ids.new()),
                    by=caller,
                )
            return json_reply(200, BulkReply.of(result))

        return await run_once(database, transactions, keyed, work)

    return router
