"""A task that fails runs again, soon, then later, and not for ever."""

import asyncio
from collections.abc import Iterator

import pytest

from shared.observability.metrics import Metrics
from shared.runtime import restarting
from shared.runtime.restarting import CrashLoop, RestartPolicy, keep_running
from shared.runtime.service import Background
from tests.shared.log_lines import LogLines, captured_log

QUICK = RestartPolicy(first_s=0.001, longest_s=0.002, crashes=3, window_s=60)


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[LogLines]:
    with captured_log("s") as lines:
        yield lines


@pytest.fixture
def stop() -> asyncio.Event:
    return asyncio.Event()


async def keep(run: Background, stop: asyncio.Event, policy: RestartPolicy = QUICK) -> Metrics:
    metrics = Metrics("s")
    await keep_running("task", run, stop, metrics=metrics, policy=policy)
    return metrics


async def raising(stop: asyncio.Event) -> None:
    raise RuntimeError("always")


async def returning_early(stop: asyncio.Event) -> None:
    return


async def cancelling_itself(stop: asyncio.Event) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize("run", [raising, returning_early, cancelling_itself])
async def test_a_task_that_never_lasts_is_a_crash_loop(
    run: Background, stop: asyncio.Event, log_lines: LogLines
) -> None:
    with pytest.raises(CrashLoop, match="task crashed 3 times in 60 s"):
        await keep(run, stop)
    assert len([line for line in log_lines.all if line["level"] == "error"]) == 3


async def test_crashes_far_apart_are_no_crash_loop(stop: asyncio.Event) -> None:
    runs = 0

    async def run(stop: asyncio.Event) -> None:
        nonlocal runs
        runs += 1
        if runs > 6:
            stop.set()
            return
        raise RuntimeError("now and then")

    rare = RestartPolicy(first_s=0.02, longest_s=0.02, crashes=3, window_s=0.001)
    metrics = await keep(run, stop, rare)
    assert runs == 7
    assert b'background_task_crashes_total{service="s",task="task"} 6.0' in await metrics.render()


async def test_waits_double_up_to_the_longest(
    stop: asyncio.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def note(_stop: asyncio.Event, seconds: float) -> None:
        waits.append(seconds)

    monkeypatch.setattr(restarting, "pause", note)
    policy = RestartPolicy(first_s=1, longest_s=30, crashes=8, window_s=60)
    with pytest.raises(CrashLoop):
        await keep(raising, stop, policy)
    bounds = [1, 2, 4, 8, 16, 30, 30]
    assert len(waits) == len(bounds)
    assert all(most / 2 <= wait <= most for wait, most in zip(waits, bounds, strict=True))


async def test_a_stop_ends_the_waiting_at_once(stop: asyncio.Event) -> None:
    asyncio.get_running_loop().call_later(0.01, stop.set)
    slow = RestartPolicy(first_s=3600, longest_s=3600)
    async with asyncio.timeout(5):
        await keep(raising, stop, slow)


async def test_cancelling_from_outside_is_obeyed(stop: asyncio.Event) -> None:
    async def run(stop: asyncio.Event) -> None:
        await asyncio.Event().wait()

    task = asyncio.create_task(keep(run, stop))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
