"""Comparing imports of a project, applying the held ones, and how the estate developed."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.ingest.api.comparison_schemas import (
    Application,
    ComparisonReply,
    TrendReply,
    VmChangeReply,
)
from services.ingest.api.public import Reader, Writer
from services.ingest.api.schemas import InventoryReply
from services.ingest.domain.comparison import ChangeKind
from services.ingest.persistence.comparison import compare, list_changes
from services.ingest.persistence.queries import base_of, ready_inventory, show_inventory
from services.ingest.persistence.trend import list_trend
from services.ingest.usecases.apply_inventory import ApplyInventory, discard_inventory
from services.ingest.usecases.ports import IngestStore
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.idempotency import KeyedPost, json_reply, run_once
from shared.http.models import ListReply, PageParameters
from shared.http.pages import snapshot_path
from shared.http.security import VisibleProject
from shared.kernel.ids import InventoryId
from shared.kernel.paging import Page

BaseOfQuery = Annotated[
    UUID | None,
    Query(description="Import to compare with; the one applied before it unless given"),
]
_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "The import is not complete"}
}


def comparison_routes(
    database: Database, transactions: Transactions[IngestStore], apply: ApplyInventory
) -> APIRouter:
    """What an import would change, and the decision on it."""
    router = APIRouter(prefix="/v1/projects/{project_id}", tags=["inventories"])

    @router.get("/inventories/{inventory_id}/comparison", responses=_NOT_READY)
    async def compare_inventory(
        project_id: VisibleProject, inventory_id: UUID, caller: Reader, base: BaseOfQuery = None
    ) -> ComparisonReply:
        """How many VMs an import adds, removes and changes."""
        async with database.read() as connection:
            inventory = await ready_inventory(connection, project_id, InventoryId(inventory_id))
            against = await base_of(connection, inventory, InventoryId(base) if base else None)
            return ComparisonReply.of(await compare(connection, against, inventory))

    @router.get("/inventories/{inventory_id}/comparison/vms", responses=_NOT_READY)
    async def list_changed_vms(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        base: BaseOfQuery = None,
        kind: Annotated[ChangeKind | None, Query(description="Only VMs that differ so")] = None,
    ) -> ListReply[VmChangeReply]:
        """The VMs that an import adds, removes or changes, by name."""
        async with database.read() as connection:
            inventory = await ready_inventory(connection, project_id, InventoryId(inventory_id))
            found = await list_changes(
                connection,
                await base_of(connection, inventory, InventoryId(base) if base else None),
                inventory,
                kind=kind,
                cursor=page.cursor,
                limit=page.limit,
            )
        items = [VmChangeReply.of(change) for change in found.items]
        return ListReply[VmChangeReply].of(Page(items, found.next_cursor))

    @router.post("/inventories/{inventory_id}/application", response_model=InventoryReply)
    async def apply_inventory_route(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Writer,
        body: Application,
        keyed: KeyedPost,
    ) -> Response:
        """Let the project work with a held import: it is assessed and planned next."""

        async def work(transactions: Transactions[IngestStore]) -> Reply:
            async with transactions() as tx:
                view = await show_inventory(tx.connection, project_id, InventoryId(inventory_id))
                await apply(
                    tx,
                    view.inventory,
                    body.mode,
                    snapshot_path=snapshot_path(inventory_id),
                    by=caller,
                )
                applied = await show_inventory(tx.connection, project_id, view.inventory.id)
            return json_reply(200, InventoryReply.of(applied))

        return await run_once(database, transactions, keyed, work)

    @router.delete("/inventories/{inventory_id}", status_code=204)
    async def discard_inventory_route(
        project_id: VisibleProject, inventory_id: UUID, caller: Writer
    ) -> None:
        """Remove an import that was never applied: a held, failed or cancelled one."""
        async with transactions() as tx:
            view = await show_inventory(tx.connection, project_id, InventoryId(inventory_id))
            await discard_inventory(tx, view.inventory, by=caller)

    @router.get("/trend")
    async def list_trend_route(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> ListReply[TrendReply]:
        """The totals of each import of the project, the newest first."""
        async with database.read() as connection:
            found = await list_trend(connection, project_id, cursor=page.cursor, limit=page.limit)
        items = [TrendReply.of(point) for point in found.items]
        return ListReply[TrendReply].of(Page(items, found.next_cursor))

    return router
