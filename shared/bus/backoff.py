"""Pauses between attempts: growing, random, bounded."""

import asyncio
import random
from contextlib import suppress


class Backoff:
    """A series of pauses, in seconds.

    Each is drawn from the upper half of a range that doubles from ``first_s`` to ``most_s``, so
    that many clients which lost the same server do not come back in the same instant.
    """

    def __init__(self, *, first_s: float, most_s: float) -> None:
        self._first_s = first_s
        self._most_s = most_s
        self._ceiling_s = first_s

    def next_s(self) -> float:
        """The next pause."""
        ceiling_s = self._ceiling_s
        self._ceiling_s = min(2 * ceiling_s, self._most_s)
        return random.uniform(ceiling_s / 2, ceiling_s)  # noqa: S311 - jitter, not a secret

    def reset(self) -> None:
        """Begin again with the shortest pause, after a success."""
        self._ceiling_s = self._first_s


async def wait_at_most(timeout_s: float, event: asyncio.Event) -> None:
    """Pause until ``event`` or for ``timeout_s``, whichever comes first."""
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
