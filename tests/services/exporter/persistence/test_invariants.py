"""A complete document is whole."""

from sqlalchemy import text

from services.exporter.persistence.invariants import CompleteExportHasContent
from tests.services.exporter.workbench import Workbench


async def violations(bench: Workbench) -> int:
    async with bench.database.read() as connection:
        return await CompleteExportHasContent().violations(connection)


async def test_a_complete_export_without_its_bytes_is_noticed(bench: Workbench) -> None:
    await bench.request(bench.planner.freezes())
    assert await violations(bench) == 0, "one that is not complete has none yet"
    await bench.work()
    assert await violations(bench) == 0

    async with bench.database.write() as connection:
        await connection.execute(text("DELETE FROM export_chunks"))

    assert await violations(bench) == 1
