"""Failed logins counted in this process: 10 in 5 minutes for a name from one address."""

from math import ceil

from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter

from services.gateway.domain.errors import TOO_MANY_LOGINS
from shared.kernel.clock import Clock
from shared.kernel.errors import TooManyRequests

_LIMIT = RateLimitItemPerMinute(10, 5, namespace="failed-logins")


class FailedLogins:
    """A moving window for each name and client address.

    Each gateway process counts for itself: with n of them an attacker has n times the tries, which
    argon2 makes slow all the same.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._window = MovingWindowRateLimiter(MemoryStorage())

    async def check(self, key: str) -> None:
        """Pass while ``key`` has failures left.

        Raises:
            TooManyRequests: code ``too-many-logins``, with the seconds to wait.
        """
        if await self._window.test(_LIMIT, key):
            return
        reset_at, _ = await self._window.get_window_stats(_LIMIT, key)
        wait_s = max(1, ceil(reset_at - self._clock.now().timestamp()))
        raise TooManyRequests(
            f"Too many failed logins. Try again in {wait_s} s.",
            code=TOO_MANY_LOGINS,
            context={"retry_after_s": wait_s},
        )

    async def failed(self, key: str) -> None:
        """Count one failure of ``key``."""
        await self._window.hit(_LIMIT, key)
