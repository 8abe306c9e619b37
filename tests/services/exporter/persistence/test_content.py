"""Content is read piece by piece, however long it is."""

import tracemalloc

from services.exporter.domain.exports import CHUNK_BYTES, Content
from services.exporter.persistence.queries import content_chunks
from tests.services.exporter.workbench import NOW, Workbench, a_store

PIECES = 32


async def test_reading_content_takes_the_memory_of_a_few_pieces(bench: Workbench) -> None:
    export_id = await bench.request(bench.planner.freezes())
    content = Content(size_bytes=PIECES * CHUNK_BYTES, sha256="0" * 64, completed_at=NOW)
    async with bench.database.transactions(a_store)() as tx:
        await tx.store.complete(export_id, content, (bytes(CHUNK_BYTES) for _ in range(PIECES)))
    export = await bench.export(export_id)

    tracemalloc.start()
    try:
        read_bytes = 0
        async for chunk in content_chunks(bench.database, export):
            read_bytes += len(chunk)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert read_bytes == PIECES * CHUNK_BYTES
    assert peak_bytes < 8 * CHUNK_BYTES
