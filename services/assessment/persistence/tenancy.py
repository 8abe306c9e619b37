"""Tenants, their keys and VMs assigned by hand, in PostgreSQL."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Text, Uuid, any_, delete, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.errors import TENANT_NOT_FOUND
from services.assessment.domain.tenancy import Tenant, TenantKey
from services.assessment.persistence.tables import tenant_assignments, tenant_keys, tenants
from services.assessment.usecases.decision_ports import Author, Moved
from shared.kernel.errors import NotFound
from shared.kernel.ids import ProjectId, TenantId, VmId

_TENANT: Final = [column for column in tenants.columns if column.name != "project_id"]


class PostgresTenantStore:
    """Tenants inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def resolve(
        self, project_id: ProjectId, detected: Sequence[TenantKey]
    ) -> Mapping[TenantId, Tenant]:
        """The tenants that these keys mean, by the keys' ids; new ones are added."""
        ids = [key.id for key in detected]
        await self._connection.execute(
            update(tenant_keys)
            .where(tenant_keys.c.key.in_(ids), ~tenant_keys.c.is_detected)
            .values(is_detected=True)
        )
        held = set(
            await self._connection.scalars(
                select(tenant_keys.c.key).where(tenant_keys.c.key.in_(ids))
            )
        )
        new = [key for key in detected if key.id not in held]
        if new:
            await self._add_detected(project_id, new)
        return await self.known(ids)

    async def known(self, keys: Sequence[TenantId]) -> Mapping[TenantId, Tenant]:
        """The tenants of those of ``keys`` that somebody has."""
        rows = await self._connection.execute(
            select(tenant_keys.c.key, *_TENANT)
            .join(tenants, tenants.c.id == tenant_keys.c.tenant_id)
            .where(tenant_keys.c.key == any_(literal(list(keys), ARRAY(Uuid))))
        )
        return {TenantId(row.key): _tenant(row) for row in rows}

    async def _add_detected(self, project_id: ProjectId, keys: Sequence[TenantKey]) -> None:
        """A tenant that is detected for the first time has its key's id."""
        await self._connection.execute(
            insert(tenants).on_conflict_do_nothing(),
            [
                {
                    "id": key.id,
                    "project_id": project_id,
                    "name": key.name,
                    "org_vdc": key.org_vdc,
                    "vcenter": key.vcenter,
                    "version": 1,
                }
                for key in keys
            ],
        )
        await self._connection.execute(
            insert(tenant_keys).on_conflict_do_nothing(),
            [_key_row(project_id, key.id, key) for key in keys],
        )

    async def get(self, project_id: ProjectId, tenant_id: TenantId) -> Tenant:
        """The tenant, merged ones too. Raises NotFound."""
        row = (
            await self._connection.execute(
                select(*_TENANT).where(
                    tenants.c.id == tenant_id, tenants.c.project_id == project_id
                )
            )
        ).one_or_none()
        if row is None:
            raise NotFound(
                f"This project has no tenant {tenant_id}; its list of tenants says which there "
                "are.",
                code=TENANT_NOT_FOUND,
            )
        return _tenant(row)

    async def keys(self, tenant_id: TenantId) -> Sequence[TenantKey]:
        """The keys of a tenant, by name and OrgVDC."""
        rows = await self._connection.execute(
            select(tenant_keys)
            .where(tenant_keys.c.tenant_id == tenant_id)
            .order_by(tenant_keys.c.name, tenant_keys.c.org_vdc, tenant_keys.c.key)
        )
        return [
            TenantKey(TenantId(row.key), row.name, row.org_vdc, row.vcenter, row.is_detected)
            for row in rows
        ]

    async def key_holder(self, key_id: TenantId) -> TenantId | None:
        """Whose key this is."""
        holder = await self._connection.scalar(
            select(tenant_keys.c.tenant_id).where(tenant_keys.c.key == key_id)
        )
        return None if holder is None else TenantId(holder)

    async def add(self, project_id: ProjectId, tenant: Tenant) -> None:
        """Add a tenant without keys."""
        await self._connection.execute(
            insert(tenants).values(id=tenant.id, project_id=project_id, **_values(tenant))
        )

    async def save(self, tenant: Tenant) -> None:
        """Store its name, OrgVDC, version and where it was merged into."""
        await self._connection.execute(
            update(tenants).where(tenants.c.id == tenant.id).values(_values(tenant))
        )

    async def add_key(self, project_id: ProjectId, tenant_id: TenantId, key: TenantKey) -> None:
        """Give a tenant a key that nobody has."""
        await self._connection.execute(
            insert(tenant_keys).values(_key_row(project_id, tenant_id, key))
        )

    async def drop_key(self, key_id: TenantId) -> None:
        """Free a key that was never detected; others stay."""
        await self._connection.execute(
            delete(tenant_keys).where(tenant_keys.c.key == key_id, ~tenant_keys.c.is_detected)
        )

    async def move(self, sources: Sequence[TenantId], target: TenantId) -> Moved:
        """Give keys and assigned VMs of ``sources`` to ``target``."""
        keys = await self._connection.execute(
            update(tenant_keys).where(tenant_keys.c.tenant_id.in_(sources)).values(tenant_id=target)
        )
        vms = await self._connection.execute(
            update(tenant_assignments)
            .where(tenant_assignments.c.tenant_id.in_(sources))
            .values(tenant_id=target)
        )
        await self._connection.execute(
            update(tenants).where(tenants.c.merged_into.in_(sources)).values(merged_into=target)
        )
        return Moved(keys=keys.rowcount, assigned_vms=vms.rowcount)

    async def assigned(
        self, project_id: ProjectId, vm_ids: Sequence[VmId]
    ) -> Mapping[VmId, Tenant]:
        """The tenants of those of ``vm_ids`` that were assigned by hand."""
        rows = await self._connection.execute(
            select(tenant_assignments.c.vm_id, *_TENANT)
            .join(tenants, tenants.c.id == tenant_assignments.c.tenant_id)
            .where(tenant_assignments.c.project_id == project_id, _is_one_of(vm_ids))
        )
        return {VmId(row.vm_id): _tenant(row) for row in rows}

    async def assign(
        self,
        project_id: ProjectId,
        vms: Mapping[VmId, str],
        tenant_id: TenantId,
        *,
        note: str | None,
        by: Author,
    ) -> None:
        """Assign VMs, given with their names; those assigned to another tenant too."""
        names = (
            func.unnest(literal(list(vms), ARRAY(Uuid)), literal(list(vms.values()), ARRAY(Text)))
            .table_valued("vm_id", "vm_name")
            .render_derived()
        )
        source = select(
            literal(project_id),
            names.c.vm_id,
            names.c.vm_name,
            literal(tenant_id),
            literal(note, Text),
            func.now(),
            literal(by.key),
            literal(by.name),
        )
        statement = insert(tenant_assignments).from_select(
            [column.name for column in tenant_assignments.columns], source
        )
        keyed = list(tenant_assignments.primary_key.columns)
        renewed = [column.name for column in tenant_assignments.columns if column not in keyed]
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=keyed, set_={name: statement.excluded[name] for name in renewed}
            )
        )

    async def unassign(self, project_id: ProjectId, vm_ids: Sequence[VmId]) -> None:
        """Leave VMs to the detection again."""
        await self._connection.execute(
            delete(tenant_assignments).where(
                tenant_assignments.c.project_id == project_id, _is_one_of(vm_ids)
            )
        )

    async def forget(self, project_id: ProjectId) -> None:
        """Remove the project's tenants, which no VM may be of any more."""
        for table in (tenant_assignments, tenant_keys, tenants):
            await self._connection.execute(delete(table).where(table.c.project_id == project_id))

    async def forget_decisions(self, project_id: ProjectId) -> None:
        """Every key means the tenant that it was first detected as, called as it was then."""
        keys, own = tenant_keys.c, tenant_keys.c.key == tenants.c.id
        ours = keys.project_id == project_id
        for statement in (
            delete(tenant_assignments).where(tenant_assignments.c.project_id == project_id),
            delete(tenant_keys).where(ours, ~keys.is_detected),
            insert(tenants)
            .from_select(
                ["id", "project_id", "name", "org_vdc", "vcenter", "version"],
                select(
                    keys.key, keys.project_id, keys.name, keys.org_vdc, keys.vcenter, literal(1)
                ).where(ours),
            )
            .on_conflict_do_nothing(),
            update(tenants)
            .where(own, ours)
            .values(
                name=keys.name,
                org_vdc=keys.org_vdc,
                vcenter=keys.vcenter,
                version=tenants.c.version + 1,
                merged_into=None,
            ),
            update(tenant_keys).where(ours).values(tenant_id=keys.key),
        ):
            await self._connection.execute(statement)


def _is_one_of(vm_ids: Sequence[VmId]) -> Any:
    return tenant_assignments.c.vm_id == any_(literal(list(vm_ids), ARRAY(Uuid)))


def _values(tenant: Tenant) -> dict[str, Any]:
    return {
        "name": tenant.name,
        "org_vdc": tenant.org_vdc,
        "vcenter": tenant.vcenter,
        "version": tenant.version,
        "merged_into": tenant.merged_into,
    }


def _key_row(project_id: ProjectId, tenant_id: TenantId, key: TenantKey) -> dict[str, Any]:
    return {
        "key": key.id,
        "project_id": project_id,
        "tenant_id": tenant_id,
        "name": key.name,
        "org_vdc": key.org_vdc,
        "vcenter": key.vcenter,
        "is_detected": key.is_detected,
    }


def _tenant(row: Row[Any]) -> Tenant:
    return Tenant(
        id=TenantId(UUID(int=row.id.int)),  # the driver's own kind of UUID has no JSON form
        name=row.name,
        org_vdc=row.org_vdc,
        vcenter=row.vcenter,
        version=row.version,
        merged_into=None if row.merged_into is None else TenantId(row.merged_into),
    )
