"""What was approved before there were tasks is compiled after the upgrade."""

import importlib

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection

from tests.services.provisioner.builders import an_estate
from tests.services.provisioner.workbench import Workbench


def downgrade_and_upgrade(connection: Connection) -> None:
    revision = importlib.import_module("services.provisioner.migrations.versions.0003_prep_runs")
    with Operations.context(MigrationContext.configure(connection)):
        revision.downgrade()
        revision.upgrade()


async def test_the_upgrade_queues_what_is_approved_already(bench: Workbench) -> None:
    approval = bench.planner.approves(an_estate())
    await bench.deliver(approval)

    async with bench.database.write() as connection:
        await connection.run_sync(downgrade_and_upgrade)

    assert await bench.job_states() == ["queued"]
    await bench.run(await bench.claim())
    assert await bench.stored() == (1, 18)
    await bench.deliver(approval)
    assert await bench.job_states() == ["succeeded"]
