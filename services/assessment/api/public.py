"""A project's assessment as a whole, and its tenants."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Response

from services.assessment.api.csv_columns import TENANT_COLUMNS
from services.assessment.api.schemas import AssessedTenant, AssessmentReply
from services.assessment.persistence.queries import (
    count_tenants,
    list_tenants,
    newest_assessment,
    newest_complete,
    not_assessed,
)
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.uow import Database
from shared.http.csv_lists import CSV_RESPONSE, CsvResponse, every_page
from shared.http.models import ListReply, PageParameters
from shared.http.security import VisibleProject, require
from shared.kernel.paging import Page

Reader = Annotated[Principal, require(Permission.READ)]


def public_routes(database: Database) -> APIRouter:
    """The assessment of a project and its tenants."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment", tags=["assessment"])

    @router.get("")
    async def show_assessment(project_id: VisibleProject, caller: Reader) -> AssessmentReply:
        """The newest assessment, also while it is queued or running; 404 before the first."""
        async with database.read() as connection:
            view = await newest_assessment(connection, project_id)
        if view is None:
            raise not_assessed()
        return AssessmentReply.of(view)

    @router.get("/tenants")
    async def list_detected_tenants(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> ListReply[AssessedTenant]:
        """Tenants that have VMs in scope, by name, of the newest complete assessment."""
        async with database.read() as connection:
            found = await list_tenants(
                connection,
                await newest_complete(connection, project_id),
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
            assessment_id = await newest_complete(connection, project_id)
            count = await count_tenants(connection, assessment_id)

        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                return await list_tenants(connection, assessment_id, cursor=cursor, limit=limit)

        return CsvResponse("tenants", TENANT_COLUMNS, every_page(read, expected=count))

    return router
