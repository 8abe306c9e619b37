"""An approved plan can be read for ever."""

import pytest
from sqlalchemy import text

from services.planner.persistence.invariants import ApprovedPlanHasSnapshot
from tests.services.planner.upstream import an_estate
from tests.services.planner.workbench import Workbench

APPROVE = """
    INSERT INTO approval_requests
    SELECT gen_random_uuid(), project_id, snapshot_id, digest, gen_random_uuid(), now(), NULL,
        false, 'approved', gen_random_uuid(), now(), NULL, 1
    FROM plan_snapshots
"""


async def violations(bench: Workbench) -> int:
    async with bench.database.read() as connection:
        return await ApprovedPlanHasSnapshot().violations(connection)


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM plan_snapshot_pages",
        "UPDATE plan_snapshots SET digest = repeat('0', 64)",
    ],
)
async def test_an_approval_of_something_that_is_not_there_is_noticed(
    bench: Workbench, damage: str
) -> None:
    await bench.plan(an_estate(10))
    async with bench.database.write() as connection:
        await connection.execute(text(APPROVE))
    assert await violations(bench) == 0

    async with bench.database.write() as connection:
        await connection.execute(text(damage))

    assert await violations(bench) == 1
