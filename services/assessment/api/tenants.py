"""Tenants as people edit them: create, rename, merge, and assign VMs by hand."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.assessment.api.tenants_schemas import (
    Assignment,
    BulkReply,
    Merge,
    MergePreview,
    NewAssignments,
    NewTenant,
    TenantChangedReply,
    TenantPatch,
    TenantReply,
    TenantSummary,
)
from services.assessment.persistence.tenancy import PostgresTenantStore
from services.assessment.persistence.tenant_queries import (
    assigned_count,
    key_count,
    list_assignments,
    list_register,
    tenant_view,
    totals_of,
)
from services.assessment.usecases.assign_vms import assign_vms
from services.assessment.usecases.edit_tenants import create_tenant, merge_tenants, rename_tenant
from services.assessment.usecases.ports import AssessmentStore
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.csv_lists import CSV_RESPONSE, CsvResponse, every_row, fields
from shared.http.etags import BaseVersion, etag
from shared.http.idempotency import KeyedPost, json_reply, run_once
from shared.http.models import ListReply, PageParameters
from shared.http.security import VisibleProject, require
from shared.kernel.ids import AssessmentId, TenantId
from shared.kernel.paging import Page

OfTenant = Annotated[UUID | None, Query(description="Only this tenant's")]
Reader = Annotated[Principal, require(Permission.READ)]
Writer = Annotated[Principal, require(Permission.WRITE)]
SourceIds = Annotated[
    list[UUID], Query(description="Tenants to merge into this one", min_length=1, max_length=100)
]


def tenants_routes(database: Database, transactions: Transactions[AssessmentStore]) -> APIRouter:
    """Tenants of a project, those without VMs too."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment/tenants", tags=["tenants"])

    @router.post("", status_code=201, response_model=TenantReply)
    async def create_tenant_route(
        project_id: VisibleProject, caller: Writer, keyed: KeyedPost, body: NewTenant
    ) -> Response:
        """Create a tenant that no rule has found. VMs are assigned to it by hand."""

        async def work(transactions: Transactions[AssessmentStore]) -> Reply:
            async with transactions() as tx:
                tenant = await create_tenant(
                    tx,
                    project_id,
                    name=body.name,
                    org_vdc=body.org_vdc,
                    tenant_id=TenantId(database.ids.new()),
                    by=caller,
                )
                view = await tenant_view(tx.connection, project_id, tenant.id)
            location = f"/v1/projects/{project_id}/assessment/tenants/{tenant.id}"
            return json_reply(201, TenantReply.of(view), location=location, version=1)

        return await run_once(database, transactions, keyed, work)

    @router.get("/{tenant_id}")
    async def show_tenant(
        project_id: VisibleProject, tenant_id: UUID, caller: Reader, response: Response
    ) -> TenantReply:
        """A tenant with the names by which it is found; merged ones say where they went."""
        async with database.read() as connection:
            view = await tenant_view(connection, project_id, TenantId(tenant_id))
        response.headers["ETag"] = etag(view.tenant.version)
        return TenantReply.of(view)

    @router.patch("/{tenant_id}")
    async def patch_tenant(
        project_id: VisibleProject,
        tenant_id: UUID,
        caller: Writer,
        based_on: BaseVersion,
        patch: TenantPatch,
        response: Response,
    ) -> TenantChangedReply:
        """Rename a tenant. What is detected by a former name stays its own."""
        async with transactions() as tx:
            change = await rename_tenant(
                tx,
                project_id,
                TenantId(tenant_id),
                patch.changes(),
                based_on=based_on,
                assessment_id=AssessmentId(database.ids.new()),
                by=caller,
            )
            view = await tenant_view(tx.connection, project_id, change.tenant.id)
        response.headers["ETag"] = etag(view.tenant.version)
        return TenantChangedReply.after(view, change.assessment)

    @router.get("/{tenant_id}/merge-preview")
    async def preview_merge(
        project_id: VisibleProject, tenant_id: UUID, caller: Reader, source_id: SourceIds
    ) -> MergePreview:
        """What merging tenants into this one would do, by the newest complete assessment."""
        sources = [TenantId(id_) for id_ in source_id if id_ != tenant_id]
        ids = [TenantId(tenant_id), *dict.fromkeys(sources)]
        async with database.read() as connection:
            store = PostgresTenantStore(connection)
            tenants = [await store.get(project_id, id_) for id_ in ids]
            return MergePreview.of(
                tenants,
                await totals_of(connection, project_id, ids),
                moved_names=await key_count(connection, ids[1:]),
                moved_assignments=await assigned_count(connection, ids[1:]),
            )

    @router.post("/{tenant_id}/merges", response_model=TenantChangedReply)
    async def merge_tenants_route(
        project_id: VisibleProject,
        tenant_id: UUID,
        caller: Writer,
        based_on: BaseVersion,
        keyed: KeyedPost,
        body: Merge,
    ) -> Response:
        """Merge tenants into this one, which keeps its id and name."""

        async def work(transactions: Transactions[AssessmentStore]) -> Reply:
            async with transactions() as tx:
                change = await merge_tenants(
                    tx,
                    project_id,
                    TenantId(tenant_id),
                    [TenantId(id_) for id_ in body.source_ids],
                    based_on=based_on,
                    assessment_id=AssessmentId(database.ids.new()),
                    by=caller,
                )
                view = await tenant_view(tx.connection, project_id, change.tenant.id)
            reply = TenantChangedReply.after(view, change.assessment)
            return json_reply(200, reply, version=view.tenant.version)

        return await run_once(database, transactions, keyed, work)

    return router


def assignments_routes(
    database: Database, transactions: Transactions[AssessmentStore]
) -> APIRouter:
    """VMs assigned by hand, and the register of all tenants that they may be assigned to."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment", tags=["tenants"])

    @router.get("/tenant-register")
    async def list_tenant_register(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> ListReply[TenantSummary]:
        """All tenants by name: those without VMs and merged ones too."""
        async with database.read() as connection:
            found = await list_register(
                connection, project_id, cursor=page.cursor, limit=page.limit
            )
        return ListReply(
            items=[TenantSummary.model_validate(row) for row in found.items],
            next_cursor=found.next_cursor,
        )

    @router.get("/tenant-register.csv", response_class=Response, responses=CSV_RESPONSE)
    async def download_tenant_register(project_id: VisibleProject, caller: Reader) -> Response:
        """All tenants of the list as CSV. Text that a spreadsheet would take for a formula has an
        apostrophe in front."""

        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                return await list_register(connection, project_id, cursor=cursor, limit=limit)

        columns = fields(*TenantSummary.model_fields)
        return CsvResponse("tenant-register", columns, await every_row(read))

    @router.get("/tenant-assignments")
    async def list_tenant_assignments(
        project_id: VisibleProject,
        caller: Reader,
        page: PageParameters,
        tenant_id: OfTenant = None,
    ) -> ListReply[Assignment]:
        """VMs that were assigned by hand, by name."""
        async with database.read() as connection:
            found = await list_assignments(
                connection,
                project_id,
                tenant_id=TenantId(tenant_id) if tenant_id else None,
                cursor=page.cursor,
                limit=page.limit,
            )
        return ListReply(
            items=[Assignment.model_validate(row) for row in found.items],
            next_cursor=found.next_cursor,
        )

    @router.get("/tenant-assignments.csv", response_class=Response, responses=CSV_RESPONSE)
    async def download_tenant_assignments(
        project_id: VisibleProject, caller: Reader, tenant_id: OfTenant = None
    ) -> Response:
        """All assigned VMs of the list as CSV, with the same filter. Text that a spreadsheet would
        take for a formula has an apostrophe in front."""

        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                return await list_assignments(
                    connection,
                    project_id,
                    tenant_id=TenantId(tenant_id) if tenant_id else None,
                    cursor=cursor,
                    limit=limit,
                )

        columns = fields(*Assignment.model_fields)
        return CsvResponse("tenant-assignments", columns, await every_row(read))

    @router.post("/tenant-assignments", response_model=BulkReply)
    async def assign_vms_route(
        project_id: VisibleProject, caller: Writer, keyed: KeyedPost, body: NewAssignments
    ) -> Response:
        """Assign VMs to a tenant, or leave them to the detection again. It holds against every
        rule and import."""

        async def work(transactions: Transactions[AssessmentStore]) -> Reply:
            async with transactions() as tx:
                result = await assign_vms(
                    tx,
                    project_id,
                    body.vms.choice(),
                    tenant_id=TenantId(body.tenant_id) if body.tenant_id else None,
                    note=body.note,
                    assessment_id=AssessmentId(database.ids.new()),
                    by=caller,
                )
            return json_reply(200, BulkReply.of(result))

        return await run_once(database, transactions, keyed, work)

    return router
