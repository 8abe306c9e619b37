"""How an estate developed from import to import."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.persistence.queries import find_project
from services.ingest.persistence.store import APPLIED_AT
from services.ingest.persistence.tables import inventories
from shared.kernel.ids import ProjectId
from shared.kernel.paging import Page, decode_cursor, encode_cursor

_FIGURES: Final = (
    *("vms", "powered_on", "powered_off"),
    *("vcpus", "memory_mib", "disk_mib", "used_mib"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPoint:
    """The totals of one import, from its report. Sizes are MiB."""

    inventory_id: UUID
    number: int
    imported_at: datetime
    applied_at: datetime | None
    vms: int
    powered_on: int
    powered_off: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    used_mib: int


async def list_trend(
    connection: AsyncConnection, project_id: ProjectId, *, cursor: str | None, limit: int
) -> Page[TrendPoint]:
    """The project's imports that were stored, the newest first.

    Raises:
        NotFound: there is no such project.
        Invalid: the cursor is not one of this list.
    """
    await find_project(connection, project_id)
    totals = inventories.c.report["totals"]
    statement = (
        select(
            inventories.c.id,
            inventories.c.number,
            inventories.c.imported_at,
            APPLIED_AT.label("applied_at"),
            *(totals[name].as_integer().label(name) for name in _FIGURES),
        )
        .where(
            inventories.c.project_id == project_id,
            inventories.c.imported_at.is_not(None),
            inventories.c.removed_at.is_(None),
        )
        .order_by(inventories.c.number.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        (number,) = decode_cursor(cursor, int)
        statement = statement.where(inventories.c.number < number)
    found = [_point(row) for row in await connection.execute(statement)]
    more = len(found) > limit
    return Page(found[:limit], encode_cursor(found[limit - 1].number) if more else None)


def _point(row: Row[Any]) -> TrendPoint:
    figures = {name: row._mapping[name] for name in _FIGURES}
    return TrendPoint(
        inventory_id=row.id,
        number=row.number,
        imported_at=row.imported_at,
        applied_at=row.applied_at,
        **figures,
    )
