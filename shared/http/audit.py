"""The audit trail as people read it, over the entries of one service.

``/v1/projects/{project_id}/audit/{service}`` for everybody who may read the project: it tells who
did what to things that they see anyway. ``/v1/audit/{service}`` holds the entries of all projects
and of none (accounts, logins), for administrators of all projects. Reading leaves no entry.
"""

from dataclasses import replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db import audit
from shared.db.audit import Search
from shared.db.uow import Database
from shared.http.models import ListReply, PageParameters, PageQuery, ReplyModel, UtcTime
from shared.http.security import VisibleProject, require
from shared.kernel.errors import Forbidden
from shared.kernel.paging import Page

_WORDS: Final = r"^[a-z_]+(\.[a-z_]+)*$"
_GRAPHIC: Final = r"^[!-~]+$"
"""What actors and subjects are made of."""


async def overseer(caller: Annotated[Principal, require(Permission.ADMIN)]) -> Principal:
    """An administrator of every project.

    Raises:
        Forbidden: the administrator is limited to some projects.
    """
    if caller.projects is not None:
        raise Forbidden(
            "The whole audit trail is for administrators of all projects; this account is limited "
            "to some. Read the trail of a project: /v1/projects/{project_id}/audit/{service}."
        )
    return caller


Reader = Annotated[Principal, require(Permission.READ)]
Overseer = Annotated[Principal, Depends(overseer)]


class AuditEntry(ReplyModel):
    """Who did what to what."""

    id: UUID
    at: UtcTime = Field(description="When, by the clock of the service's database")
    actor: str = Field(
        description="Who: user:<id>, service:<name> or, at a command line, operator:<name>",
        examples=["user:0193a1b2-…"],
    )
    actor_name: str = Field(description="What the actor was called then")
    action: str = Field(description="What was done", examples=["plan.approval.decided"])
    subject: str = Field(description="To what, e.g. projects/<id>/inventories/<id>")
    project_id: UUID | None = Field(description="The subject's project; null: of none")
    before: dict[str, Any] | None = Field(description="The fields that matter, as they were")
    after: dict[str, Any] | None = Field(description="The fields that matter, as they became")
    correlation_id: str | None = Field(description="X-Correlation-ID of the request, for the logs")


def _wanted(
    actor: Annotated[
        str | None, Query(pattern=_GRAPHIC, max_length=200, description="user:<id>")
    ] = None,
    action: Annotated[
        str | None,
        Query(
            pattern=_WORDS,
            max_length=200,
            description="An action or its first words: plan.approval finds plan.approval.decided",
        ),
    ] = None,
    subject: Annotated[
        str | None,
        Query(pattern=_GRAPHIC, max_length=400, description="A thing, and everything under it"),
    ] = None,
    since: Annotated[UtcTime | None, Query(alias="from", description="Not before")] = None,
    until: Annotated[UtcTime | None, Query(alias="to", description="Before")] = None,
) -> Search:
    return Search(actor=actor, action=action, subject=subject, since=since, until=until)


Wanted = Annotated[Search, Depends(_wanted)]


def audit_router(db: Database, *, has_projects: bool = True) -> APIRouter:
    """Routes to read the trail of ``db.service``: all of it, and with ``has_projects`` a
    project's."""
    router = APIRouter(prefix="/v1", tags=["audit"])

    async def listed(wanted: Search, page: PageQuery) -> ListReply[AuditEntry]:
        async with db.read() as connection:
            found = await audit.search(connection, wanted, cursor=page.cursor, limit=page.limit)
        items = [AuditEntry.model_validate(entry) for entry in found.items]
        return ListReply[AuditEntry].of(Page(items, found.next_cursor))

    @router.get(f"/audit/{db.service}")
    async def list_audit(
        caller: Overseer, wanted: Wanted, page: PageParameters
    ) -> ListReply[AuditEntry]:
        """Everything that people did here, the newest first."""
        return await listed(wanted, page)

    if has_projects:

        @router.get(f"/projects/{{project_id}}/audit/{db.service}")
        async def list_project_audit(
            project_id: VisibleProject, caller: Reader, wanted: Wanted, page: PageParameters
        ) -> ListReply[AuditEntry]:
            """What people did to the project here, the newest first."""
            return await listed(replace(wanted, project_id=project_id), page)

    return router
