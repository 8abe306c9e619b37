"""How much people have decided of a project, for whoever is about to take it back."""

from sqlalchemy import exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.persistence.tables import (
    finding_waivers,
    network_overrides,
    tenant_assignments,
    tenant_keys,
    tenants,
)
from services.assessment.usecases.decision_ports import DecisionCounts
from shared.kernel.ids import ProjectId


async def count_decisions(connection: AsyncConnection, project_id: ProjectId) -> DecisionCounts:
    """The project's decisions as they are now, those of VMs that no import has any more too."""
    tenant, key = tenants.c, tenant_keys.c
    # A tenant that was detected has the id of the key that it was first detected by.
    first_key = exists().where(key.key == tenant.id)
    is_created = exists().where(key.tenant_id == tenant.id) & ~first_key
    is_renamed = first_key.where(
        (key.name != tenant.name) | key.org_vdc.is_distinct_from(tenant.org_vdc)
    )
    row = (
        await connection.execute(
            select(
                func.count().filter(is_created),
                func.count().filter(is_renamed),
                func.count(tenant.merged_into),
            ).where(tenant.project_id == project_id)
        )
    ).one()
    counts = [
        await connection.scalar(select(func.count()).select_from(table).where(condition)) or 0
        for table, condition in (
            (tenant_assignments, tenant_assignments.c.project_id == project_id),
            (finding_waivers, finding_waivers.c.project_id == project_id),
            (
                network_overrides,
                (network_overrides.c.project_id == project_id)
                & network_overrides.c.network_class.is_not(None),
            ),
        )
    ]
    created, renamed, merged = row
    assigned, waived, classes = counts
    return DecisionCounts(
        assigned_vms=assigned,
        created_tenants=created,
        renamed_tenants=renamed,
        merged_tenants=merged,
        waived_findings=waived,
        network_classes=classes,
    )
