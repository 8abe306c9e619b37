"""Keeping a background task running: restart after a crash, but not for ever."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from shared.observability.metrics import Metrics
from shared.runtime.service import Background

_log = structlog.stdlib.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RestartPolicy:
    """How soon a crashed task runs again, and when that has become pointless.

    The wait doubles from ``first_s`` to ``longest_s``, less up to half of it by chance;
    ``crashes`` within ``window_s`` end the trying.
    """

    first_s: float = 1.0
    longest_s: float = 30.0
    crashes: int = 5
    window_s: float = 60.0


class CrashLoop(Exception):
    """A background task crashes faster than restarting it makes sense."""


async def keep_running(
    name: str, run: Background, stop: asyncio.Event, *, metrics: Metrics, policy: RestartPolicy
) -> None:
    """Runs ``run`` until ``stop`` is set and it has returned.

    A crash, or returning without being asked to, is logged and ``run`` starts again.

    Raises:
        CrashLoop: it crashed too often.
    """
    now_s: Callable[[], float] = asyncio.get_running_loop().time
    recent: deque[float] = deque(maxlen=policy.crashes)
    wait_s = policy.first_s
    while not stop.is_set():
        began_s = now_s()
        await _run_once(name, run, stop)
        if stop.is_set():
            return
        metrics.task_crashes.labels(name).inc()
        recent.append(now_s())
        if len(recent) == policy.crashes and recent[-1] - recent[0] <= policy.window_s:
            raise CrashLoop(f"{name} crashed {policy.crashes} times in {policy.window_s:.0f} s.")
        if now_s() - began_s > policy.window_s:
            wait_s = policy.first_s
        await pause(stop, wait_s * random.uniform(0.5, 1))  # noqa: S311 - jitter, not a secret
        wait_s = min(2 * wait_s, policy.longest_s)


async def _run_once(name: str, run: Background, stop: asyncio.Event) -> None:
    task = asyncio.current_task()
    try:
        await run(stop)
    except asyncio.CancelledError:
        if task is not None and task.cancelling():
            raise
        # Not ours to obey: something inside was cancelled and let it out.
        _log.exception("background task cancelled itself", task=name)
    except Exception:
        _log.exception("background task crashed", task=name)
    else:
        if not stop.is_set():
            _log.error("background task ended early", task=name)


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Waits for ``seconds``, or until ``stop`` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
