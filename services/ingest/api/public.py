"""Projects, and the inventories that workbooks give."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.ingest.api.schemas import (
    ContentsReply,
    InventoryItem,
    InventoryReply,
    NewProject,
    ProjectConfirmation,
    ProjectPatch,
    ProjectReply,
)
from services.ingest.api.uploads import UploadRoute
from services.ingest.api.vm_schemas import VmReply
from services.ingest.domain.inventory import ImportMode
from services.ingest.domain.project import MAX_NAME_CHARS
from services.ingest.persistence.contents import show_contents
from services.ingest.persistence.queries import (
    count_vms,
    find_project,
    list_inventories,
    list_projects,
    list_vms,
    show_inventory,
)
from services.ingest.usecases.ports import IngestStore
from services.ingest.usecases.projects import CreateProject, change_project
from services.ingest.usecases.receive_workbook import Wish
from services.ingest.usecases.remove_project import RemoveProject
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db import jobs
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transaction, Transactions
from shared.http.csv_lists import CSV_RESPONSE, CsvResponse, every_page, fields
from shared.http.etags import BaseVersion, etag
from shared.http.idempotency import KeyedPost, KeyScope, json_reply, run_once, sent
from shared.http.limits import streaming_body
from shared.http.models import ListReply, PageParameters
from shared.http.operations import Operation, operation_path, present_operation
from shared.http.security import VisibleProject, require
from shared.kernel.ids import InventoryId, JobId
from shared.kernel.paging import Page
from shared.kernel.project_life import ProjectLife

Reader = Annotated[Principal, require(Permission.READ)]
Writer = Annotated[Principal, require(Permission.WRITE)]
Admin = Annotated[Principal, require(Permission.ADMIN)]

_WORKBOOK_BODY = {
    "requestBody": {
        "required": True,
        "description": "The bytes of an RVTools workbook (.xlsx), of vInfo as CSV, or of a zip of "
        "CSV files, one for each tab, or of several exports to import together",
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}}
            for media_type in (
                "application/octet-stream",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
                "application/zip",
                "text/csv",
            )
        },
    }
}


def project_routes(
    database: Database,
    transactions: Transactions[IngestStore],
    create_project: CreateProject,
    remove_project: RemoveProject,
) -> APIRouter:
    """Projects."""
    router = APIRouter(prefix="/v1/projects", tags=["projects"])

    @router.post("", status_code=201, response_model=ProjectReply)
    async def create_project_route(body: NewProject, caller: Writer, keyed: KeyedPost) -> Response:
        """Create a project."""

        async def work(transactions: Transactions[IngestStore]) -> Reply:
            async with transactions() as tx:
                project = await create_project(
                    tx, name=body.name, description=body.description, by=caller
                )
            location = f"/v1/projects/{project.id}"
            content = ProjectReply.of(project)
            return json_reply(201, content, location=location, version=project.version)

        return await run_once(database, transactions, keyed, work)

    @router.get("")
    async def list_projects_route(
        caller: Reader,
        page: PageParameters,
        life: Annotated[
            Literal["active", "archived"], Query(description="Only projects that stand so")
        ] = "active",
    ) -> ListReply[ProjectReply]:
        """The projects one may see, the newest first."""
        async with database.read() as connection:
            found = await list_projects(
                connection,
                visible=caller.projects,
                life=ProjectLife(life),
                cursor=page.cursor,
                limit=page.limit,
            )
        items = [ProjectReply.of(project) for project in found.items]
        return ListReply[ProjectReply].of(Page(items, found.next_cursor))

    @router.get("/{project_id}")
    async def show_project(
        project_id: VisibleProject, caller: Reader, response: Response
    ) -> ProjectReply:
        """One project."""
        async with database.read() as connection:
            project = await find_project(connection, project_id)
        response.headers["ETag"] = etag(project.version)
        return ProjectReply.of(project)

    @router.patch("/{project_id}")
    async def change_project_route(
        project_id: VisibleProject,
        body: ProjectPatch,
        base_version: BaseVersion,
        caller: Writer,
        response: Response,
    ) -> ProjectReply:
        """Change name or description; archive the project, or bring it back."""
        async with transactions() as tx:
            project = await change_project(
                tx,
                project_id,
                body.changes(),
                expected_version=base_version,
                by=caller,
                clock=database.clock,
            )
        response.headers["ETag"] = etag(project.version)
        return ProjectReply.of(project)

    @router.get("/{project_id}/contents")
    async def show_contents_route(project_id: VisibleProject, caller: Reader) -> ContentsReply:
        """What clearing or deleting the project would remove."""
        async with database.read() as connection:
            return ContentsReply.of(await show_contents(connection, project_id))

    async def removed(tx: Transaction[IngestStore], job_id: JobId) -> Reply:
        job = await jobs.get(tx.connection, job_id)
        location = operation_path("ingest", job_id)
        return json_reply(202, present_operation("ingest", job), location=location)

    @router.post("/{project_id}/clearance", status_code=202, response_model=Operation)
    async def clear_project_route(
        project_id: VisibleProject, body: ProjectConfirmation, caller: Writer, keyed: KeyedPost
    ) -> Response:
        """Remove all imports of the project and everything that followed from them."""

        async def work(transactions: Transactions[IngestStore]) -> Reply:
            async with transactions() as tx:
                job_id = await remove_project.clear(tx, project_id, name=body.name, by=caller)
                return await removed(tx, job_id)

        return await run_once(database, transactions, keyed, work)

    @router.delete("/{project_id}", status_code=202, response_model=Operation)
    async def delete_project_route(
        project_id: VisibleProject,
        caller: Admin,
        name: Annotated[
            str, Query(description="The project's name, exactly", max_length=MAX_NAME_CHARS)
        ],
    ) -> Response:
        """Remove the project and everything in it, for good."""
        async with transactions() as tx:
            job_id = await remove_project.delete(tx, project_id, name=name, by=caller)
            reply = await removed(tx, job_id)
        return sent(reply)

    return router


def inventory_routes(database: Database, upload: UploadRoute) -> APIRouter:
    """Inventories of a project."""
    router = APIRouter(prefix="/v1/projects/{project_id}/inventories", tags=["inventories"])

    @router.post(
        "",
        status_code=202,
        response_model=Operation,
        openapi_extra=_WORKBOOK_BODY,
        responses={
            200: {
                "model": InventoryReply,
                "description": "The project has this workbook: imported already, or on its way",
            }
        },
    )
    @streaming_body(max_bytes=None)  # the upload counts for itself, and says what to do
    async def upload_workbook(
        project_id: VisibleProject,
        request: Request,
        caller: Writer,
        scope: KeyScope,
        filename: Annotated[
            str | None, Query(max_length=1000, description="Name of the file, for display")
        ] = None,
        force: Annotated[
            bool, Query(description="Import again although the project has this workbook")
        ] = False,
        mode: Annotated[
            ImportMode,
            Query(
                description="merge keeps what was decided on VMs that are recognised; replace "
                "forgets what was decided on VMs and tenants"
            ),
        ] = ImportMode.MERGE,
        hold: Annotated[
            bool,
            Query(description="Store it, and wait: compare it with the one before, then apply it"),
        ] = False,
    ) -> Response:
        """Upload a workbook: 202 and an operation to follow, or 200 and the former inventory of
        the same workbook."""
        return await upload(
            request,
            scope,
            project_id,
            caller=caller,
            file_name=filename,
            wish=Wish(is_forced=force, mode=mode, is_held=hold),
        )

    @router.get("")
    async def list_inventories_route(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> ListReply[InventoryItem]:
        """The project's inventories, the newest first."""
        async with database.read() as connection:
            found = await list_inventories(
                connection, project_id, cursor=page.cursor, limit=page.limit
            )
        items = [InventoryItem.of(view) for view in found.items]
        return ListReply[InventoryItem].of(Page(items, found.next_cursor))

    @router.get("/{inventory_id}")
    async def show_inventory_route(
        project_id: VisibleProject, inventory_id: UUID, caller: Reader
    ) -> InventoryReply:
        """One inventory with its import report."""
        async with database.read() as connection:
            view = await show_inventory(connection, project_id, InventoryId(inventory_id))
        return InventoryReply.of(view)

    @router.get(
        "/{inventory_id}/vms", responses={409: {"description": "The import is not complete"}}
    )
    async def list_vms_route(
        project_id: VisibleProject, inventory_id: UUID, caller: Reader, page: PageParameters
    ) -> ListReply[VmReply]:
        """The VMs of an inventory by name; templates and placeholders are among them."""
        async with database.read() as connection:
            found = await list_vms(
                connection,
                project_id,
                InventoryId(inventory_id),
                cursor=page.cursor,
                limit=page.limit,
            )
        items = [VmReply.model_validate(row) for row in found.items]
        return ListReply[VmReply].of(Page(items, found.next_cursor))

    @router.get(
        "/{inventory_id}/vms.csv",
        response_class=Response,
        responses=CSV_RESPONSE | {409: {"description": "The import is not complete"}},
    )
    async def download_vms_route(
        project_id: VisibleProject, inventory_id: UUID, caller: Reader
    ) -> Response:
        """All VMs of an inventory as CSV. Text that a spreadsheet would take for a formula has an
        apostrophe in front."""
        own_id = InventoryId(inventory_id)
        async with database.read() as connection:
            count = await count_vms(connection, project_id, own_id)

        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                return await list_vms(connection, project_id, own_id, cursor=cursor, limit=limit)

        columns = fields(*VmReply.model_fields)
        return CsvResponse("inventory-vms", columns, every_page(read, expected=count))

    return router
