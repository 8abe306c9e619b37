"""Receiving bytes: in pieces of any size, all or nothing."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from services.ingest.domain.limits import MIB
from services.ingest.usecases.ports import IngestStore
from services.ingest.usecases.receive_workbook import ReceiveWorkbook
from shared.db.uow import Transaction
from shared.kernel.errors import TooLarge, Unavailable, Unsupported
from tests.services.ingest.worker.workbench import NOW, Workbench, cut, pieces
from tests.support.job_bench import FixedClock


async def zeros(mib: int) -> AsyncIterator[bytes]:
    yield b"PK\x03\x04"
    for _ in range(16 * mib):
        yield bytes(MIB // 16)


@pytest.mark.parametrize("seed", range(4))
async def test_pieces_of_any_size_give_the_same_bytes(bench: Workbench, seed: int) -> None:
    rng = random.Random(seed)
    content = b"PK\x03\x04" + rng.randbytes(rng.randrange(3 * MIB))
    sizes = [rng.choice([0, 1, 4096, 65536, rng.randrange(MIB)]) for _ in range(30)]

    received = await bench.receiver().store(
        await bench.project(), pieces(*cut(content, sizes)), name="a.xlsx"
    )

    assert received.upload.size_bytes == len(content)
    assert received.upload.sha256 == hashlib.sha256(content).hexdigest()
    assert await bench.uploaded() == {received.inventory_id: content}


async def test_it_is_refused_where_it_passes_the_limit_and_nothing_stays(bench: Workbench) -> None:
    project = await bench.project()

    with pytest.raises(TooLarge, match="larger than the 5 MiB"):
        await bench.receiver(max_bytes=5 * MIB).store(project, zeros(6), name=None)

    assert await bench.uploaded() == {}


async def test_nothing_stays_of_a_request_that_is_cancelled(bench: Workbench) -> None:
    is_half_way = asyncio.Event()

    async def half() -> AsyncIterator[bytes]:
        async for piece in zeros(5):
            yield piece
        is_half_way.set()
        await asyncio.Event().wait()

    request = asyncio.create_task(bench.receiver().store(await bench.project(), half(), name=None))
    await is_half_way.wait()
    assert [len(kept) for kept in (await bench.uploaded()).values()] == [4 * MIB]
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request

    assert await bench.uploaded() == {}


async def test_a_refusal_is_told_also_when_the_database_has_gone_away(bench: Workbench) -> None:
    project = await bench.project()
    has_answered = False

    @asynccontextmanager
    async def answers_once() -> AsyncIterator[Transaction[IngestStore]]:
        nonlocal has_answered
        if has_answered:
            raise Unavailable("The database does not answer now.")
        has_answered = True
        async with bench.transactions() as tx:
            yield tx

    receive = ReceiveWorkbook(answers_once, bench.database.ids, FixedClock(NOW), max_bytes=MIB)
    with pytest.raises(Unsupported):
        await receive.store(project, pieces(b"<!DOCTYPE html>"), name=None)
