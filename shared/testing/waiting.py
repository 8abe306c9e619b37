"""Waiting for a condition with a deadline: what tests use instead of sleeping."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar, overload

T = TypeVar("T")

POLL_S: Final = 0.02


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], *, within_s: float = ..., what: str = ...
) -> T: ...
@overload
async def eventually(
    condition: Callable[[], T], *, within_s: float = ..., what: str = ...
) -> T: ...
async def eventually(
    condition: Callable[[], object], *, within_s: float = 10, what: str = "the condition"
) -> object:
    """The first true answer of ``condition``, asked again and again.

    Raises:
        AssertionError: none within ``within_s`` seconds; shows the last answer.
    """
    deadline = time.monotonic() + within_s
    while True:
        answer = condition()
        value = await answer if inspect.isawaitable(answer) else answer
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within_s} s; last: {value!r}")
        await asyncio.sleep(POLL_S)


def wait_until(
    condition: Callable[[], T], *, within_s: float = 10, what: str = "the condition"
) -> T:
    """Like :func:`eventually`, for code that blocks."""
    deadline = time.monotonic() + within_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true within {within_s} s; last: {value!r}")
        time.sleep(POLL_S)
    return value
