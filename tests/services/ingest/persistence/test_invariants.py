"""A ready inventory is whole."""

from pathlib import Path

import pytest

from services.ingest.persistence.invariants import ReadyInventoryHasRows
from shared.db.uow import Database
from tests.services.ingest.workbooks import workbook_of
from tests.services.ingest.worker.workbench import Workbench


@pytest.fixture
def bench(db: Database, tmp_path: Path) -> Workbench:
    return Workbench(db, tmp_path)


async def violations(bench: Workbench) -> int:
    async with bench.database.read() as connection:
        return await ReadyInventoryHasRows().violations(connection)


@pytest.mark.parametrize(
    "damage",
    ["DELETE FROM disks; DELETE FROM nics; DELETE FROM vms", "DELETE FROM snapshot_pages"],
)
async def test_a_ready_inventory_without_rows_or_pages_is_noticed(
    bench: Workbench, damage: str
) -> None:
    await bench.upload(workbook_of(3))
    assert await violations(bench) == 0, "one that waits for its import has nothing yet"
    await bench.work()
    assert await violations(bench) == 0

    for statement in damage.split(";"):
        await bench.execute(statement)

    assert await violations(bench) == 1
