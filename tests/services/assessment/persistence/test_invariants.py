"""A complete assessment can be pulled."""

from sqlalchemy import text

from services.assessment.persistence.invariants import CompleteAssessmentHasPages
from tests.services.assessment.builders import a_vm
from tests.services.assessment.workbench import Workbench


async def violations(bench: Workbench) -> int:
    async with bench.database.read() as connection:
        return await CompleteAssessmentHasPages().violations(connection)


async def test_a_complete_assessment_without_pages_is_noticed(bench: Workbench) -> None:
    await bench.deliver(bench.ingest.imports([a_vm(n) for n in range(1, 10)]))
    assert await violations(bench) == 0, "one that is not complete has none yet"
    await bench.work()
    assert await violations(bench) == 0

    async with bench.database.write() as connection:
        await connection.execute(text("DELETE FROM snapshot_pages WHERE number = 0"))

    assert await violations(bench) == 1
