"""Asking for the approval of a plan, and deciding on it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.planner.api.public import Reader, StoreOn, Writer
from services.planner.api.schemas import ApprovalReply, Decision, NewApprovalRequest
from services.planner.domain.approval import Asker
from services.planner.persistence.queries import (
    find_approval_request,
    latest_plan,
    list_approval_requests,
)
from services.planner.usecases.approve_plan import ask_for_approval, decide_on_plan
from services.planner.usecases.ports import PlannerStore
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.idempotency import KeyedPost, json_reply, run_once
from shared.http.models import ListReply, PageParameters
from shared.http.security import VisibleProject, require
from shared.kernel.ids import ApprovalId, UserId
from shared.kernel.paging import Page

Approver = Annotated[Principal, require(Permission.APPROVE)]
RequestOfPath = Annotated[UUID, Path(description="The approval request's id")]


def approval_routes(
    database: Database, transactions: Transactions[PlannerStore], store: StoreOn
) -> APIRouter:
    """Approval requests of a project."""
    router = APIRouter(prefix="/v1/projects/{project_id}/plan/approval-requests", tags=["approval"])

    def asking(caller: Principal, note: str | None) -> Asker:
        return Asker(UserId(UUID(caller.id)), database.clock.now(), note)

    @router.post("", status_code=201, response_model=ApprovalReply)
    async def request_plan_approval(
        project_id: VisibleProject, caller: Writer, body: NewApprovalRequest, keyed: KeyedPost
    ) -> Response:
        """Ask for the approval of the latest plan, named by its digest."""

        async def work(transactions: Transactions[PlannerStore]) -> Reply:
            async with transactions() as tx:
                request = await ask_for_approval(
                    tx,
                    project_id,
                    ApprovalId(database.ids.new()),
                    digest=body.snapshot_digest,
                    asker=asking(caller, body.note),
                    by=caller,
                )
                latest = await latest_plan(tx.connection, tx.store, project_id)
            location = f"/v1/projects/{project_id}/plan/approval-requests/{request.approval_id}"
            return json_reply(201, ApprovalReply.of(request, latest), location=location)

        return await run_once(database, transactions, keyed, work)

    @router.get("")
    async def list_approval_requests_route(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> ListReply[ApprovalReply]:
        """Approval requests with their decisions, oldest first."""
        async with database.read() as connection:
            latest = await latest_plan(connection, store(connection), project_id)
            found = await list_approval_requests(
                connection, project_id, cursor=page.cursor, limit=page.limit
            )
        items = [ApprovalReply.of(one, latest) for one in found.items]
        return ListReply[ApprovalReply].of(Page(items, found.next_cursor))

    @router.get("/{request_id}")
    async def show_approval_request(
        project_id: VisibleProject, request_id: RequestOfPath, caller: Reader
    ) -> ApprovalReply:
        """One approval request with its decision."""
        async with database.read() as connection:
            latest = await latest_plan(connection, store(connection), project_id)
            request = await find_approval_request(connection, project_id, ApprovalId(request_id))
        return ApprovalReply.of(request, latest)

    @router.post("/{request_id}/decision", response_model=ApprovalReply)
    async def decide_plan_approval(
        project_id: VisibleProject,
        request_id: RequestOfPath,
        caller: Approver,
        body: Decision,
        keyed: KeyedPost,
    ) -> Response:
        """Approve or reject. An approval allows the plan to be prepared on the target cloud."""

        async def work(transactions: Transactions[PlannerStore]) -> Reply:
            async with transactions() as tx:
                decided = await decide_on_plan(
                    tx,
                    project_id,
                    ApprovalId(request_id),
                    verdict=body.decision,
                    approver=asking(caller, body.note),
                    by=caller,
                )
                latest = await latest_plan(tx.connection, tx.store, project_id)
            return json_reply(200, ApprovalReply.of(decided, latest))

        return await run_once(database, transactions, keyed, work)

    return router
