"""Plans and their settings."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.planner.api.schemas import PlannedTenant, PlanReply, ScheduleReply
from services.planner.api.settings_schemas import SettingsPatch, SettingsReply
from services.planner.persistence.queries import (
    header_part,
    latest_snapshot,
    plan_view,
    planned_tenants,
    planned_vms,
)
from services.planner.usecases.change_settings import change_settings
from services.planner.usecases.ports import PlannerStore
from services.planner.usecases.rebuild_plan import rebuild_plan
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.contracts.records import PlannedVmRecord
from shared.db import jobs
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.etags import BaseVersion, etag
from shared.http.idempotency import KeyedPost, json_reply, run_once
from shared.http.models import JsonResponse, ListReply, PageParameters
from shared.http.operations import Operation, operation_path, present_operation
from shared.http.security import VisibleProject, require

Reader = Annotated[Principal, require(Permission.READ)]
Writer = Annotated[Principal, require(Permission.WRITE)]
StoreOn = Callable[[AsyncConnection], PlannerStore]


def plan_routes(
    database: Database, transactions: Transactions[PlannerStore], store: StoreOn
) -> APIRouter:
    """The latest plan of a project, its lists, and building it again."""
    router = APIRouter(prefix="/v1/projects/{project_id}/plan", tags=["plan"])

    @router.get("")
    async def show_plan(project_id: VisibleProject, caller: Reader) -> PlanReply:
        """How the plan stands, also while it is being made; 404 before the first assessment."""
        async with database.read() as connection:
            return PlanReply.of(await plan_view(connection, store(connection), project_id))

    @router.post("/snapshots", status_code=202, response_model=Operation)
    async def build_snapshot(
        project_id: VisibleProject, caller: Writer, keyed: KeyedPost
    ) -> Response:
        """Make the plan again from the newest facts, with the settings as they are now."""

        async def work(transactions: Transactions[PlannerStore]) -> Reply:
            async with transactions() as tx:
                job_id = await rebuild_plan(tx, project_id, by=caller)
                job = await jobs.get(tx.connection, job_id)
            location = operation_path(database.service, job_id)
            operation = present_operation(database.service, job)
            return json_reply(202, operation, location=location)

        return await run_once(database, transactions, keyed, work)

    @router.get("/vms", response_model=ListReply[PlannedVmRecord])
    async def list_planned_vms(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> Response:
        """VMs of the latest plan in the order of their starts."""
        async with database.read() as connection:
            found = await planned_vms(connection, project_id, cursor=page.cursor, limit=page.limit)
        return JsonResponse({"items": found.items, "next_cursor": found.next_cursor})

    @router.get("/tenants")
    async def list_planned_tenants(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> ListReply[PlannedTenant]:
        """Tenants of the latest plan in the order of their starts."""
        async with database.read() as connection:
            found = await planned_tenants(
                connection, project_id, cursor=page.cursor, limit=page.limit
            )
        items = [PlannedTenant.model_validate(item) for item in found.items]
        return ListReply(items=items, next_cursor=found.next_cursor)

    @router.get("/schedule")
    async def show_schedule(project_id: VisibleProject, caller: Reader) -> ScheduleReply:
        """The working days of the latest plan."""
        async with database.read() as connection:
            snapshot_id = await latest_snapshot(connection, project_id)
            days = await header_part(connection, snapshot_id, "days")
            settings: dict[str, Any] = await header_part(connection, snapshot_id, "settings")
        return ScheduleReply(snapshot_id=snapshot_id, time_zone=settings["time_zone"], days=days)

    return router


def settings_routes(
    database: Database, transactions: Transactions[PlannerStore], store: StoreOn
) -> APIRouter:
    """The plan settings of a project."""
    router = APIRouter(prefix="/v1/projects/{project_id}/plan/settings", tags=["plan"])

    @router.get("")
    async def show_settings(
        project_id: VisibleProject, caller: Reader, response: Response
    ) -> SettingsReply:
        """The settings; the defaults if nobody has changed them."""
        async with database.read() as connection:
            settings = await store(connection).settings(project_id)
        response.headers["ETag"] = etag(settings.version)
        return SettingsReply.of(settings)

    @router.patch("")
    async def patch_settings(
        project_id: VisibleProject,
        caller: Writer,
        based_on: BaseVersion,
        patch: SettingsPatch,
        response: Response,
    ) -> SettingsReply:
        """Change settings. The plan stays and is stale until a new snapshot is made."""
        async with transactions() as tx:
            settings = await change_settings(
                tx,
                project_id,
                patch.changes(),
                based_on=based_on,
                by=caller,
                may_approve=Permission.APPROVE in caller.permissions,
            )
        response.headers["ETag"] = etag(settings.version)
        return SettingsReply.of(settings)

    return router
