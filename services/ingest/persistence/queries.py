"""Reads of the API and of the worker, which change nothing."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.errors import INVENTORY_NOT_FOUND, INVENTORY_NOT_READY
from services.ingest.domain.inventory import Counts, Inventory
from services.ingest.domain.project import Project
from services.ingest.persistence.store import (
    APPLIED_AT,
    find_applied,
    inventory_from,
    no_project,
    project_from,
)
from services.ingest.persistence.tables import (
    inventories,
    projects,
    snapshot_pages,
    upload_chunks,
    vms,
)
from shared.contracts.snapshots import SnapshotManifest
from shared.db import jobs
from shared.db.jobs import Job
from shared.db.uow import Database
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import InventoryId, ProjectId
from shared.kernel.paging import Page, decode_cursor, encode_cursor
from shared.kernel.project_life import ProjectLife

_SUMMARY: Final = [
    *(
        column
        for column in inventories.c
        if column.name not in {"report", "manifest", "applied_at"}
    ),
    APPLIED_AT.label("applied_at"),
]


@dataclass(frozen=True, slots=True)
class InventoryView:
    """An inventory, the job that imports it, and what it holds once it is ready."""

    inventory: Inventory
    job: Job
    counts: Counts | None
    report: Mapping[str, Any] | None


async def list_projects(
    connection: AsyncConnection,
    *,
    visible: frozenset[UUID] | None,
    life: ProjectLife,
    cursor: str | None,
    limit: int,
) -> Page[Project]:
    """The projects that may be seen, the newest first; ``visible`` None means all.

    Raises:
        Invalid: the cursor is not one of this list.
    """
    statement = (
        select(projects).where(projects.c.life == life).order_by(projects.c.id.desc())
    ).limit(limit + 1)
    if visible is not None:
        statement = statement.where(projects.c.id.in_(visible))
    if cursor is not None:
        (after,) = decode_cursor(cursor, UUID)
        statement = statement.where(projects.c.id < after)
    found = [project_from(row) for row in await connection.execute(statement)]
    next_cursor = encode_cursor(str(found[limit - 1].id)) if len(found) > limit else None
    return Page(found[:limit], next_cursor)


async def find_project(connection: AsyncConnection, project_id: ProjectId) -> Project:
    """The project. Raises NotFound ``project-not-found``."""
    row = (
        await connection.execute(
            select(projects).where(
                projects.c.id == project_id, projects.c.life != ProjectLife.DELETED
            )
        )
    ).one_or_none()
    if row is None:
        raise no_project()
    return project_from(row)


async def show_inventory(
    connection: AsyncConnection, project_id: ProjectId, inventory_id: InventoryId
) -> InventoryView:
    """The project's inventory with its report. Raises NotFound ``inventory-not-found``."""
    row = (
        await connection.execute(
            select(*_SUMMARY, inventories.c.report).where(
                inventories.c.id == inventory_id,
                inventories.c.project_id == project_id,
                inventories.c.removed_at.is_(None),
            )
        )
    ).one_or_none()
    if row is None:
        raise NotFound("This project has no such inventory.", code=INVENTORY_NOT_FOUND)
    inventory = inventory_from(row)
    job = await jobs.get(connection, inventory.job_id)
    return InventoryView(inventory, job, _counts(row), row.report)


async def ready_inventory(
    connection: AsyncConnection, project_id: ProjectId, inventory_id: InventoryId
) -> Inventory:
    """The project's inventory, whose rows are stored.

    Raises:
        NotFound: the project has no such inventory.
        Conflict: its rows are not stored yet; code ``inventory-not-ready``.
    """
    inventory = (await show_inventory(connection, project_id, inventory_id)).inventory
    if inventory.imported_at is None:
        raise Conflict(
            "The VMs of this inventory are not stored yet. Watch the import's operation.",
            code=INVENTORY_NOT_READY,
        )
    return inventory


async def base_of(
    connection: AsyncConnection, inventory: Inventory, base_id: InventoryId | None
) -> Inventory | None:
    """What ``inventory`` is compared with: the inventory ``base_id``, else the one that the project
    worked with before it; None if there was none.

    Raises:
        NotFound, Conflict: as :func:`ready_inventory` does for ``base_id``.
    """
    if base_id is not None:
        return await ready_inventory(connection, inventory.project_id, base_id)
    return await find_applied(connection, inventory.project_id, before=inventory.number)


async def list_inventories(
    connection: AsyncConnection, project_id: ProjectId, *, cursor: str | None, limit: int
) -> Page[InventoryView]:
    """The project's inventories without their reports, the newest first.

    Raises:
        NotFound: there is no such project.
        Invalid: the cursor is not one of this list.
    """
    await find_project(connection, project_id)
    statement = (
        select(*_SUMMARY)
        .where(inventories.c.project_id == project_id, inventories.c.removed_at.is_(None))
        .order_by(inventories.c.number.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        (number,) = decode_cursor(cursor, int)
        statement = statement.where(inventories.c.number < number)
    rows = (await connection.execute(statement)).all()
    views = [
        InventoryView(
            inventory_from(row), await jobs.get(connection, row.job_id), _counts(row), None
        )
        for row in rows[:limit]
    ]
    more = len(rows) > limit
    return Page(views, encode_cursor(views[-1].inventory.number) if more else None)


async def count_vms(
    connection: AsyncConnection, project_id: ProjectId, inventory_id: InventoryId
) -> int:
    """How many VMs the inventory has.

    Raises:
        NotFound: the project has no such inventory.
        Conflict: its rows are not stored yet; code ``inventory-not-ready``.
    """
    await ready_inventory(connection, project_id, inventory_id)
    count = select(func.count()).where(vms.c.inventory_id == inventory_id)
    return await connection.scalar(count) or 0


async def list_vms(
    connection: AsyncConnection,
    project_id: ProjectId,
    inventory_id: InventoryId,
    *,
    cursor: str | None,
    limit: int,
) -> Page[Mapping[str, Any]]:
    """The inventory's VMs by name; templates and placeholders are among them.

    Raises:
        NotFound: the project has no such inventory.
        Conflict: its rows are not stored yet; code ``inventory-not-ready``.
        Invalid: the cursor is not one of this list.
    """
    await ready_inventory(connection, project_id, inventory_id)
    statement: Select[*tuple[Any, ...]] = (
        select(vms)
        .where(vms.c.inventory_id == inventory_id)
        .order_by(vms.c.name, vms.c.vm_id)
        .limit(limit + 1)
    )
    if cursor is not None:
        after = decode_cursor(cursor, str, UUID)
        statement = statement.where(tuple_(vms.c.name, vms.c.vm_id) > after)
    rows = (await connection.execute(statement)).mappings().all()
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    next_cursor = encode_cursor(last["name"], str(last["vm_id"])) if last else None
    return Page([dict(row) for row in rows[:limit]], next_cursor)


class InventorySnapshots:
    """The snapshots of ready inventories; a snapshot has its inventory's id."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def manifest(self, snapshot_id: UUID) -> SnapshotManifest | None:
        """The manifest; None if there is no such snapshot."""
        async with self._database.read() as connection:
            stored = await connection.scalar(
                select(inventories.c.manifest).where(inventories.c.id == snapshot_id)
            )
        return None if stored is None else SnapshotManifest.model_validate(stored)

    async def page(self, snapshot_id: UUID, number: int) -> bytes | None:
        """Page ``number``, from 0; None if there is none."""
        async with self._database.read() as connection:
            return await connection.scalar(
                select(snapshot_pages.c.content).where(
                    snapshot_pages.c.inventory_id == snapshot_id, snapshot_pages.c.number == number
                )
            )


class StoredUploads:
    """The bytes of uploads, for the worker."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def chunks(self, inventory_id: InventoryId) -> AsyncIterator[bytes]:
        """The pieces in order, each read in a transaction of its own."""
        position = 0
        while True:
            async with self._database.read() as connection:
                chunk: bytes | None = await connection.scalar(
                    select(upload_chunks.c.content).where(
                        upload_chunks.c.inventory_id == inventory_id,
                        upload_chunks.c.position == position,
                    )
                )
            if chunk is None:
                return
            yield chunk
            position += 1


def _counts(row: Any) -> Counts | None:
    if row.imported_at is None:
        return None
    return Counts(row.vm_count, row.disk_count, row.nic_count)
