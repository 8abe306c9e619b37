"""Reads of tenants as people edit them: who they are, what a merge would do, who assigned what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Select, exists, func, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.tenancy import Tenant, TenantKey
from services.assessment.persistence.runs import find_newest
from services.assessment.persistence.tables import (
    NAME_SORT_CHARS,
    tenant_assignments,
    tenant_keys,
    tenant_totals,
    tenants,
)
from services.assessment.persistence.tenancy import PostgresTenantStore
from shared.kernel.ids import ProjectId, TenantId
from shared.kernel.paging import Page, decode_cursor, encode_cursor

_SUMS: Final = ("vms", "powered_off", "vcpus", "memory_mib", "disk_mib", "used_mib")


@dataclass(frozen=True, slots=True)
class TenantView:
    """A tenant with its keys, and how many VMs were assigned to it by hand."""

    tenant: Tenant
    keys: Sequence[TenantKey]
    assigned_vms: int


async def tenant_view(
    connection: AsyncConnection, project_id: ProjectId, tenant_id: TenantId
) -> TenantView:
    """One tenant, merged ones too. Raises NotFound."""
    store = PostgresTenantStore(connection)
    tenant = await store.get(project_id, tenant_id)
    assigned = await connection.scalar(
        select(func.count()).where(tenant_assignments.c.tenant_id == tenant_id)
    )
    return TenantView(tenant, await store.keys(tenant_id), assigned or 0)


async def list_register(
    connection: AsyncConnection, project_id: ProjectId, *, cursor: str | None, limit: int
) -> Page[Mapping[str, Any]]:
    """All tenants of a project by name, then id: those without VMs and merged ones too, but not
    those that a clean slate has left without keys.

    Raises:
        Invalid: the cursor is not one of this list.
    """
    name = func.left(tenants.c.name, NAME_SORT_CHARS)
    statement = (
        select(tenants)
        .where(
            tenants.c.project_id == project_id,
            or_(
                tenants.c.merged_into.is_not(None),
                exists().where(tenant_keys.c.tenant_id == tenants.c.id),
            ),
        )
        .order_by(name, tenants.c.id)
        .limit(limit + 1)
    )
    if cursor is not None:
        statement = statement.where(tuple_(name, tenants.c.id) > decode_cursor(cursor, str, UUID))
    return await _page(connection, statement, limit, name="name", id_="id")


async def list_assignments(
    connection: AsyncConnection,
    project_id: ProjectId,
    *,
    tenant_id: TenantId | None,
    cursor: str | None,
    limit: int,
) -> Page[Mapping[str, Any]]:
    """VMs assigned by hand, by name, then id; those that no import has any more too.

    Raises:
        Invalid: the cursor is not one of this list.
    """
    name = func.left(tenant_assignments.c.vm_name, NAME_SORT_CHARS)
    statement = (
        select(tenant_assignments, tenants.c.name.label("tenant_name"), tenants.c.org_vdc)
        .join(tenants, tenants.c.id == tenant_assignments.c.tenant_id)
        .where(tenant_assignments.c.project_id == project_id)
        .order_by(name, tenant_assignments.c.vm_id)
        .limit(limit + 1)
    )
    if tenant_id is not None:
        statement = statement.where(tenant_assignments.c.tenant_id == tenant_id)
    if cursor is not None:
        after = decode_cursor(cursor, str, UUID)
        statement = statement.where(tuple_(name, tenant_assignments.c.vm_id) > after)
    return await _page(connection, statement, limit, name="vm_name", id_="vm_id")


async def totals_of(
    connection: AsyncConnection, project_id: ProjectId, tenant_ids: Sequence[TenantId]
) -> Mapping[TenantId, Mapping[str, int]]:
    """The sums of these tenants in the newest complete assessment; 0 for those without VMs."""
    none = dict.fromkeys(_SUMS, 0)
    run = await find_newest(connection, project_id, is_complete=True)
    if run is None:
        return dict.fromkeys(tenant_ids, none)
    rows = await connection.execute(
        select(tenant_totals.c.tenant_id, *(tenant_totals.c[name] for name in _SUMS)).where(
            tenant_totals.c.assessment_id == run.id, tenant_totals.c.tenant_id.in_(tenant_ids)
        )
    )
    found = {TenantId(id_): dict(zip(_SUMS, sums, strict=True)) for id_, *sums in rows}
    return {id_: found.get(id_, none) for id_ in tenant_ids}


async def key_count(connection: AsyncConnection, tenant_ids: Sequence[TenantId]) -> int:
    """How many keys these tenants have."""
    count = await connection.scalar(
        select(func.count()).where(tenant_keys.c.tenant_id.in_(tenant_ids))
    )
    return count or 0


async def assigned_count(connection: AsyncConnection, tenant_ids: Sequence[TenantId]) -> int:
    """How many VMs were assigned to these tenants by hand."""
    count = await connection.scalar(
        select(func.count()).where(tenant_assignments.c.tenant_id.in_(tenant_ids))
    )
    return count or 0


async def _page(
    connection: AsyncConnection, statement: Select[Any], limit: int, *, name: str, id_: str
) -> Page[Mapping[str, Any]]:
    rows = [dict(row._mapping) for row in await connection.execute(statement)]
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], encode_cursor(last[name][:NAME_SORT_CHARS], str(last[id_])))
