"""What was assessed before there were keys is listed after the upgrade."""

import importlib
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, select

from services.assessment.persistence.tables import assessed_vms, tenant_totals, vm_keys, vm_terms
from tests.services.assessment.api.test_vm_list import AN_ESTATE
from tests.services.assessment.workbench import Workbench

REVISIONS = ("0007_vm_keys", "0009_usage")
LOST = {"snapshot_count", "search"} | {
    *("cpu_used_mhz", "cpu_capacity_mhz", "cpu_percent"),
    *(f"memory_{kind}_{part}" for kind in ("active", "consumed") for part in ("mib", "percent")),
}
"""What the upgrade cannot know: it was not stored."""


def downgrade_and_upgrade(connection: Connection) -> None:
    versions = "services.assessment.migrations.versions"
    keys, usage = (importlib.import_module(f"{versions}.{name}") for name in REVISIONS)
    with Operations.context(MigrationContext.configure(connection)):
        usage.downgrade()
        keys.downgrade()
        keys.upgrade()
        usage.upgrade()


async def stored(bench: Workbench) -> list[list[dict[str, Any]]]:
    columns = {
        table: [column for column in table.columns if column.name not in LOST]
        for table in (vm_keys, vm_terms)
    }
    awake = select(tenant_totals.c.tenant_id, tenant_totals.c.awake_vms)
    findings = [assessed_vms.c[name] for name in ("vm_id", "finding_ids", "severities")]
    async with bench.database.read() as connection:
        return [
            [dict(row._mapping) for row in await connection.execute(statement)]
            for statement in (
                *(select(*some).order_by(table.c.position) for table, some in columns.items()),
                select(*findings).order_by(assessed_vms.c.vm_id),
                awake.order_by(tenant_totals.c.tenant_id),
            )
        ]


async def test_the_upgrade_makes_the_keys_that_an_assessment_makes(bench: Workbench) -> None:
    await bench.assess(bench.ingest.imports(AN_ESTATE))
    made = await stored(bench)

    async with bench.database.write() as connection:
        await connection.run_sync(downgrade_and_upgrade)

    assert await stored(bench) == made
    async with bench.database.read() as connection:
        terms = (await connection.scalars(select(vm_terms.c.search))).all()
    assert "straße\nvm-4" in terms
