"""Tries to log in, counted in this process until one succeeds."""

from math import ceil
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.gateway.domain.errors import TOO_MANY_LOGINS
from shared.kernel.clock import Clock
from shared.kernel.errors import TooManyRequests

PER_NAME: Final = RateLimitItemPerMinute(10, 5, namespace="logins-of-a-name")
"""10 in 5 minutes for one name from one address."""
PER_CLIENT: Final = RateLimitItemPerMinute(100, 5, namespace="logins-of-a-client")
"""100 in 5 minutes from one address, whatever the names."""


class LoginTries:
    """Moving windows for each name and client address. A try counts before its password is
    looked at, so that parallel ones cannot slip through.

    Each gateway process counts for itself: with n of them an attacker has n times the tries, which
    argon2 makes slow all the same.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def admit(self, *, name: str, client: str) -> None:
        """Count one try.

        Raises:
            TooManyRequests: there were too many; code ``too-many-logins``, with the seconds to
                wait.
        """
        for limit, key in ((PER_CLIENT, (client,)), (PER_NAME, (client, name))):
            if not await self._window.hit(limit, *key):
                raise await self._refusal(limit, key)

    async def succeeded(self, *, name: str, client: str) -> None:
        """Forget the tries for this name from this client."""
        await self._window.clear(PER_NAME, client, name)

    async def _refusal(self, limit: RateLimitItem, key: tuple[str, ...]) -> TooManyRequests:
        reset_at, _ = await self._window.get_window_stats(limit, *key)
        wait_s = max(1, ceil(reset_at - self._clock.now().timestamp()))
        return TooManyRequests(
            f"Too many failed logins. Try again in {wait_s} s.",
            code=TOO_MANY_LOGINS,
            context={"retry_after_s": wait_s},
        )
