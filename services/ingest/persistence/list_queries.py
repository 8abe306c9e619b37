"""Lists of what an inventory holds beside its VMs: their parts, and the source's infrastructure."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Table, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.persistence.queries import ready_inventory
from services.ingest.persistence.tables import (
    clusters,
    datastores,
    disks,
    hosts,
    networks,
    nics,
    partitions,
    snapshots,
    vms,
)
from shared.kernel.ids import InventoryId, ProjectId
from shared.kernel.paging import Page, decode_cursor, encode_cursor

PARTS: Final = {
    "disks": (disks, ("label", "datastore", "path")),
    "nics": (nics, ("label", "network", "mac")),
    "snapshots": (snapshots, ("name", "description")),
    "partitions": (partitions, ("mount",)),
}
"""Parts of VMs: table, and the columns that a search looks at beside the VM's name."""
INFRASTRUCTURE: Final = {
    "hosts": (hosts, ("name", "cluster", "model", "cpu_model", "esx_version")),
    "clusters": (clusters, ("name",)),
    "datastores": (datastores, ("name", "kind", "address", "datastore_cluster")),
    "networks": (networks, ("name", "switch")),
}
"""Things of the source: table, and the columns that a search looks at."""


async def list_parts(
    connection: AsyncConnection,
    project_id: ProjectId,
    inventory_id: InventoryId,
    kind: str,
    *,
    vm_id: UUID | None,
    search: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Mapping[str, Any]]:
    """Parts of VMs (a key of :data:`PARTS`) by the VM's name, its id and their position.

    Raises:
        NotFound: the project has no such inventory.
        Conflict: its rows are not stored yet; code ``inventory-not-ready``.
        Invalid: the cursor is not one of this list.
    """
    await ready_inventory(connection, project_id, inventory_id)
    table, searched = PARTS[kind]
    belongs = (table.c.inventory_id == vms.c.inventory_id) & (table.c.vm_id == vms.c.vm_id)
    key = (vms.c.name, vms.c.vm_id, table.c.position)
    statement: Select[*tuple[Any, ...]] = (
        select(vms.c.name.label("vm_name"), table)
        .join_from(vms, table, belongs)
        .where(vms.c.inventory_id == inventory_id)
        .order_by(*key)
        .limit(limit + 1)
    )
    if vm_id is not None:
        statement = statement.where(vms.c.vm_id == vm_id)
    if search:
        statement = statement.where(_contains(search, vms.c.name, *_columns(table, searched)))
    if cursor is not None:
        after = decode_cursor(cursor, str, UUID, int)
        # The index knows names and ids only: without the first condition it starts from the top.
        statement = statement.where(
            tuple_(*key[:2]) >= tuple_(*after[:2]),
            tuple_(*key) > after,
        )
    rows = (await connection.execute(statement)).mappings().all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        [dict(row) for row in rows[:limit]],
        encode_cursor(last["vm_name"], last["vm_id"], last["position"]) if last else None,
    )


async def list_infrastructure(
    connection: AsyncConnection,
    project_id: ProjectId,
    inventory_id: InventoryId,
    kind: str,
    *,
    search: str | None,
    cursor: str | None,
    limit: int,
) -> Page[Mapping[str, Any]]:
    """Things of the source (a key of :data:`INFRASTRUCTURE`) by name and position.

    Raises:
        NotFound: the project has no such inventory.
        Conflict: its rows are not stored yet; code ``inventory-not-ready``.
        Invalid: the cursor is not one of this list.
    """
    await ready_inventory(connection, project_id, inventory_id)
    table, searched = INFRASTRUCTURE[kind]
    key = (table.c.name, table.c.position)
    statement: Select[*tuple[Any, ...]] = (
        select(table).where(table.c.inventory_id == inventory_id).order_by(*key).limit(limit + 1)
    )
    if search:
        statement = statement.where(_contains(search, *_columns(table, searched)))
    if cursor is not None:
        statement = statement.where(tuple_(*key) > decode_cursor(cursor, str, int))
    rows = (await connection.execute(statement)).mappings().all()
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        [dict(row) for row in rows[:limit]],
        encode_cursor(last["name"], last["position"]) if last else None,
    )


def _columns(table: Table, names: tuple[str, ...]) -> list[ColumnElement[Any]]:
    return [table.c[name] for name in names]


def _contains(text: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """Whether one of the columns has the text in it, in either case."""
    return or_(*(column.icontains(text, autoescape=True) for column in columns))
