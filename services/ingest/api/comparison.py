"""Comparing imports of a project, applying the held ones, and how the estate developed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
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
from shared.http.csv_lists import CSV_RESPONSE, Columns, CsvResponse, cell, every_row, fields
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
ChangeKindQuery = Annotated[ChangeKind | None, Query(description="Only VMs that differ so")]
_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "The import is not complete"}
}


def _figures(side: str) -> Callable[[Mapping[str, Any]], list[str]]:
    """What a VM is or was, in one cell: names have the units."""
    return lambda row: [f"{name}: {cell(value)}" for name, value in (row[side] or {}).items()]


_CHANGE_COLUMNS: Final[Columns] = {
    **fields("vm_id", "name", "kinds"),
    "before": _figures("before"),
    "after": _figures("after"),
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
        kind: ChangeKindQuery = None,
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

    @router.get(
        "/inventories/{inventory_id}/comparison/vms.csv",
        response_class=Response,
        responses=CSV_RESPONSE | _NOT_READY,
    )
    async def download_changed_vms(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        base: BaseOfQuery = None,
        kind: ChangeKindQuery = None,
    ) -> Response:
        """All VMs of the list as CSV, with the same filter. Text that a spreadsheet would take for
        a formula has an apostrophe in front."""

        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                inventory = await ready_inventory(connection, project_id, InventoryId(inventory_id))
                found = await list_changes(
                    connection,
                    await base_of(connection, inventory, InventoryId(base) if base else None),
                    inventory,
                    kind=kind,
                    cursor=cursor,
                    limit=limit,
                )
            return Page([asdict(change) for change in found.items], found.next_cursor)

        return CsvResponse("changed-vms", _CHANGE_COLUMNS, await every_row(read))

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

    @router.get("/trend.csv", response_class=Response, responses=CSV_RESPONSE)
    async def download_trend(project_id: VisibleProject, caller: Reader) -> Response:
        """The totals of all imports of the project as CSV, the newest first."""

        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                found = await list_trend(connection, project_id, cursor=cursor, limit=limit)
            return Page([asdict(point) for point in found.items], found.next_cursor)

        return CsvResponse("trend", fields(*TrendReply.model_fields), await every_row(read))

    return router
