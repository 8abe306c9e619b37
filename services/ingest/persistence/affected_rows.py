"""Reads the affected rows of an inventory."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.affected_sheets import AffectedRow, AffectedTab, RowProblem
from services.ingest.persistence.queries import ready_inventory
from services.ingest.persistence.tables import affected_rows, affected_tabs
from shared.db.uow import Database
from shared.kernel.ids import InventoryId, ProjectId
from shared.kernel.paging import Page, decode_cursor, encode_cursor

ROWS_AT_ONCE: Final = 500


async def list_affected_rows(
    connection: AsyncConnection,
    project_id: ProjectId,
    inventory_id: InventoryId,
    *,
    tab: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Mapping[str, Any]]:
    """The affected rows in the order of the workbook, each with its tab's headers.

    Raises:
        NotFound: the project has no such inventory.
        Conflict: its rows are not stored yet; code ``inventory-not-ready``.
        Invalid: the cursor is not one of this list.
    """
    await ready_inventory(connection, project_id, inventory_id)
    key = (affected_rows.c.tab_position, affected_rows.c.row)
    is_of = (affected_tabs.c.inventory_id == affected_rows.c.inventory_id) & (
        affected_tabs.c.position == affected_rows.c.tab_position
    )
    statement: Select[*tuple[Any, ...]] = (
        select(affected_rows, affected_tabs.c.file, affected_tabs.c.tab, affected_tabs.c.headers)
        .join(affected_tabs, is_of)
        .where(affected_rows.c.inventory_id == inventory_id)
        .order_by(*key)
        .limit(limit + 1)
    )
    if tab is not None:
        statement = statement.where(affected_tabs.c.tab == tab)
    if cursor is not None:
        statement = statement.where(tuple_(*key) > decode_cursor(cursor, int, int))
    rows = (await connection.execute(statement)).mappings().all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        [dict(row) for row in rows[:limit]],
        encode_cursor(last["tab_position"], last["row"]) if last else None,
    )


async def find_affected_tabs(
    connection: AsyncConnection, inventory_id: InventoryId
) -> Sequence[AffectedTab]:
    """The tabs that have affected rows, in the order of the workbook."""
    found = await connection.execute(
        select(affected_tabs)
        .where(affected_tabs.c.inventory_id == inventory_id)
        .order_by(affected_tabs.c.position)
    )
    return [
        AffectedTab(row.position, row.sheet, row.file, row.tab, tuple(row.headers), row.row_count)
        for row in found
    ]


async def rows_of_tab(
    database: Database, inventory_id: InventoryId, tab: AffectedTab
) -> AsyncIterator[Sequence[AffectedRow]]:
    """The affected rows of a tab, some at a time, each time in a transaction of its own."""
    after = 0
    while True:
        async with database.read() as connection:
            found = await connection.execute(
                select(affected_rows.c.row, affected_rows.c.cells, affected_rows.c.problems)
                .where(
                    affected_rows.c.inventory_id == inventory_id,
                    affected_rows.c.tab_position == tab.position,
                    affected_rows.c.row > after,
                )
                .order_by(affected_rows.c.row)
                .limit(ROWS_AT_ONCE)
            )
            rows = [_row(row) for row in found]
        if not rows:
            return
        yield rows
        after = rows[-1].number


def _row(row: Any) -> AffectedRow:
    problems = [RowProblem(**problem) for problem in row.problems]
    return AffectedRow(row.row, tuple(row.cells), tuple(problems))
