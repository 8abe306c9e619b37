"""What may be prepared, and the list of what would be done."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from services.provisioner.api.schemas import PreparationReply, PrepTaskReply
from services.provisioner.domain.states import TaskState
from services.provisioner.domain.tasks import Kind
from services.provisioner.persistence.queries import TaskFilter, list_tasks, show_preparation
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.uow import Database
from shared.http.models import ListReply, PageParameters
from shared.http.security import VisibleProject, require

Reader = Annotated[Principal, require(Permission.READ)]


def _filter(
    kind: Annotated[Kind | None, Query(description="Only tasks of this kind")] = None,
    state: Annotated[TaskState | None, Query(description="Only tasks in this state")] = None,
    blocked: Annotated[
        bool | None, Query(description="Only tasks that cannot be done, or only the others")
    ] = None,
) -> TaskFilter:
    return TaskFilter(kind, state, blocked)


def public_routes(database: Database) -> APIRouter:
    """Preparations of projects."""
    router = APIRouter(prefix="/v1/projects/{project_id}/preparation", tags=["preparation"])

    @router.get("")
    async def show_preparation_route(
        project_id: VisibleProject, caller: Reader
    ) -> PreparationReply:
        """The approved plan snapshot that may be prepared; 404 until one is approved."""
        async with database.read() as connection:
            return PreparationReply.of(await show_preparation(connection, project_id))

    @router.get("/tasks")
    async def list_preparation_tasks(
        project_id: VisibleProject,
        caller: Reader,
        only: Annotated[TaskFilter, Depends(_filter)],
        page: PageParameters,
    ) -> ListReply[PrepTaskReply]:
        """What preparing would do on the target cloud, in the order of execution."""
        async with database.read() as connection:
            found = await list_tasks(
                connection, project_id, only=only, cursor=page.cursor, limit=page.limit
            )
        return ListReply(
            items=[PrepTaskReply.of(listed) for listed in found.items],
            next_cursor=found.next_cursor,
        )

    return router
