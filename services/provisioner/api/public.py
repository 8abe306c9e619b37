"""What may be prepared."""

from typing import Annotated

from fastapi import APIRouter

from services.provisioner.api.schemas import PreparationReply
from services.provisioner.domain.errors import NOTHING_APPROVED
from services.provisioner.persistence.store import find_preparation
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.uow import Database
from shared.http.security import VisibleProject, require
from shared.kernel.errors import NotFound

Reader = Annotated[Principal, require(Permission.READ)]


def public_routes(database: Database) -> APIRouter:
    """Preparations of projects."""
    router = APIRouter(tags=["preparation"])

    @router.get("/v1/projects/{project_id}/preparation")
    async def show_preparation(project_id: VisibleProject, caller: Reader) -> PreparationReply:
        """The approved plan snapshot that may be prepared; 404 until one is approved."""
        async with database.read() as connection:
            preparation = await find_preparation(connection, project_id)
        if preparation is None:
            raise NotFound(
                "No plan of this project has been approved yet. Request an approval of the plan "
                "snapshot first.",
                code=NOTHING_APPROVED,
            )
        return PreparationReply.of(preparation)

    return router
