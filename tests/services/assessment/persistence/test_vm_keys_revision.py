"""What was assessed before there were keys is listed after the upgrade."""

import importlib
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, select

from services.assessment.persistence.tables import assessed_vms, vm_keys, vm_terms
from tests.services.assessment.api.test_vm_list import AN_ESTATE
from tests.services.assessment.workbench import Workbench

LOST = {"snapshot_count", "search"}
"""What the upgrade cannot know: it was not stored."""


def downgrade_and_upgrade(connection: Connection) -> None:
    revision = importlib.import_module("services.assessment.migrations.versions.0007_vm_keys")
    with Operations.context(MigrationContext.configure(connection)):
        revision.downgrade()
        revision.upgrade()


async def stored(bench: Workbench) -> list[list[dict[str, Any]]]:
    columns = {
        table: [column for column in table.columns if column.name not in LOST]
        for table in (vm_keys, vm_terms)
    }
    findings = [assessed_vms.c[name] for name in ("vm_id", "finding_ids", "severities")]
    async with bench.database.read() as connection:
        return [
            [dict(row._mapping) for row in await connection.execute(statement)]
            for statement in (
                *(select(*some).order_by(table.c.position) for table, some in columns.items()),
                select(*findings).order_by(assessed_vms.c.vm_id),
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
