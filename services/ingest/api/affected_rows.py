"""The rows of an import that people should look at: as a list, and as a workbook to look up in."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from pydantic import Field
from starlette.responses import Response

from services.ingest.adapters.annotated_workbook import AnnotatedWorkbook
from services.ingest.api.public import Reader
from services.ingest.domain.affected_sheets import AffectedTab, read_me
from services.ingest.domain.inventory import Inventory
from services.ingest.persistence.affected_rows import (
    find_affected_tabs,
    list_affected_rows,
    rows_of_tab,
)
from services.ingest.persistence.queries import show_inventory
from services.ingest.usecases.ports import IngestStore
from services.ingest.usecases.take_affected_rows import take_affected_rows
from shared.db.uow import Database, Transactions
from shared.http.models import ListReply, PageParameters, ReplyModel
from shared.http.security import VisibleProject
from shared.kernel.ids import InventoryId
from shared.kernel.paging import Page

XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PIECE_BYTES: Final = 256 * 1024
_AT_ONCE: Final = 1
"""Workbooks that are written at the same time: the largest keeps a core busy for 20 s, and two
together would take longer than the gateway waits."""
_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "The import is not complete"}
}
_WORKBOOK_REPLIES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The workbook",
        "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "Content-Disposition": {
                "description": "The file's name",
                "required": True,
                "schema": {"type": "string"},
            },
        },
    },
    **_NOT_READY,
}


class AffectedCellReply(ReplyModel):
    """A cell as it was uploaded."""

    column: str = Field(description="The header above it; empty where there is none")
    value: str | int | float | bool = Field(description="Dates are text; empty text is no value")


class RowProblemReply(ReplyModel):
    """Something wrong in a row."""

    column: str | None = Field(description="Null when it is about the whole row")
    reason: str
    fix: str = Field(description="What to do about it")


class AffectedRowReply(ReplyModel):
    """A row that was left out, has a cell that was not read, or contradicts another tab."""

    file: str | None = Field(description="The file it is in, of an import of several")
    tab: str
    row: int = Field(description="As Excel counts, from 1")
    problems: list[RowProblemReply]
    cells: list[AffectedCellReply] = Field(description="In the order of the tab's header")


class AnnotatedWorkbooks:
    """Writes workbooks of affected rows beside the event loop."""

    def __init__(self, database: Database, *, scratch_dir: Path | None) -> None:
        self._database = database
        self._scratch_dir = scratch_dir
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def pieces(self, inventory: Inventory) -> AsyncIterator[bytes]:
        """The workbook of ``inventory``, written completely and then given piece by piece."""
        folder = await asyncio.to_thread(self._new_folder)
        path = Path(folder.name) / "affected-rows.xlsx"
        try:
            async with self._places:
                await self._write(path, inventory)
        except BaseException:
            await asyncio.to_thread(folder.cleanup)
            raise
        return _pieces_of(path, folder)

    def _new_folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="migplan-affected-", dir=self._scratch_dir)

    async def _write(self, path: Path, inventory: Inventory) -> None:
        async with self._database.read() as connection:
            view = await show_inventory(connection, inventory.project_id, inventory.id)
            tabs = await find_affected_tabs(connection, inventory.id)
        is_complete = (view.report or {}).get("affected", {}).get("is_complete", True)
        book = await asyncio.to_thread(AnnotatedWorkbook, path)
        try:
            book.read_me(read_me(inventory, tabs, is_complete=is_complete))
            for tab in tabs:
                await self._write_tab(book, inventory, tab)
        finally:
            await asyncio.to_thread(book.close)

    async def _write_tab(
        self, book: AnnotatedWorkbook, inventory: Inventory, tab: AffectedTab
    ) -> None:
        await asyncio.to_thread(book.begin, tab)
        async for rows in rows_of_tab(self._database, inventory.id, tab):
            await asyncio.to_thread(book.add, rows)


async def _pieces_of(path: Path, folder: tempfile.TemporaryDirectory[str]) -> AsyncIterator[bytes]:
    try:
        with path.open("rb") as file:
            while piece := await asyncio.to_thread(file.read, _PIECE_BYTES):
                yield piece
    finally:
        folder.cleanup()


def affected_routes(
    database: Database,
    transactions: Transactions[IngestStore],
    workbooks: AnnotatedWorkbooks,
) -> APIRouter:
    """Affected rows of inventories."""
    router = APIRouter(prefix="/v1/projects/{project_id}/inventories", tags=["inventories"])

    @router.get("/{inventory_id}/affected-rows", responses=_NOT_READY)
    async def list_affected_rows_route(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        tab: Annotated[
            str | None, Query(description="Only rows of this tab, e.g. vInfo", max_length=100)
        ] = None,
    ) -> ListReply[AffectedRowReply]:
        """The rows that were left out, have a cell that was not read, or contradict another tab;
        the first 50,000 of them, in the order of the workbook."""
        async with database.read() as connection:
            found = await list_affected_rows(
                connection,
                project_id,
                InventoryId(inventory_id),
                tab=tab,
                cursor=page.cursor,
                limit=page.limit,
            )
        return ListReply[AffectedRowReply].of(
            Page([_reply(row) for row in found.items], found.next_cursor)
        )

    @router.get(
        "/{inventory_id}/affected-rows.xlsx",
        response_class=StreamingResponse,
        responses=_WORKBOOK_REPLIES,
    )
    async def download_affected_rows(
        project_id: VisibleProject, inventory_id: UUID, caller: Reader
    ) -> Response:
        """The affected rows as a workbook: a sheet for each tab with the original columns, and
        beside every row what is wrong and what to do. Each download is in the audit trail."""
        async with transactions() as tx:
            inventory = await take_affected_rows(
                tx, project_id, InventoryId(inventory_id), by=caller
            )
        name = f"affected-rows-import-{inventory.number}.xlsx"
        return StreamingResponse(
            await workbooks.pieces(inventory),
            media_type=XLSX,
            headers={
                "Content-Disposition": f'attachment; filename="{name}"',
                "Cache-Control": "no-store",
            },
        )

    return router


def _reply(row: Any) -> AffectedRowReply:
    headers, cells = row["headers"], row["cells"]
    columns = [*headers, *[""] * (len(cells) - len(headers))]
    return AffectedRowReply(
        file=row["file"],
        tab=row["tab"],
        row=row["row"],
        problems=[
            RowProblemReply(column=one["column"], reason=one["reason"], fix=one["fix"])
            for one in row["problems"]
        ],
        cells=[
            AffectedCellReply(column=column, value=value)
            for column, value in zip(columns, cells, strict=True)
        ],
    )
