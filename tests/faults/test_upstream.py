"""A worker's upstream is away, silent or slow: the work waits, and happens once."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import pytest

from shared.testing.proxy import Proxy
from shared.testing.waiting import eventually
from tests.faults.history import History, Outcome
from tests.faults.installation import Installation

pytestmark = [pytest.mark.system, pytest.mark.long, pytest.mark.timeout(400)]

DRIP_BYTES_S = 4000


@pytest.fixture
async def between(running: Installation) -> AsyncIterator[Proxy]:
    """A proxy through which the assessment pulls from the ingest."""
    async with Proxy(running.platform.address_of("ingest")) as proxy:
        upstreams = json.dumps({"ingest": proxy.url})
        await asyncio.to_thread(running.platform.restart, "assessment", upstreams=upstreams)
        yield proxy
    await asyncio.to_thread(running.platform.restart, "assessment")


@pytest.mark.parametrize("break_it", [Proxy.refuse, Proxy.swallow_replies])
async def test_an_assessment_waits_for_an_upstream_that_does_not_answer(
    running: Installation, history: History, between: Proxy, break_it: Callable[[Proxy], None]
) -> None:
    workload = running.workload(history)
    (project,) = await asyncio.to_thread(workload.projects, 1)
    break_it(between)

    attempt = await asyncio.to_thread(workload.import_into, project)
    await eventually(
        lambda: running.metric("assessment", "upstream_retries_total") > 0,
        within_s=90,  # a silent one is given 30 s
        what="a call is tried again",
    )
    between.accept()
    between.cut()

    assert attempt.outcome is Outcome.ACKNOWLEDGED
    await asyncio.to_thread(running.judge, history)


async def test_an_upstream_that_drips_slows_an_assessment_down_and_no_more(
    running: Installation, history: History, between: Proxy
) -> None:
    workload = running.workload(history)
    (project,) = await asyncio.to_thread(workload.projects, 1)
    between.drip(bytes_per_s=DRIP_BYTES_S)

    await asyncio.to_thread(workload.import_into, project)

    await asyncio.to_thread(running.judge, history)
