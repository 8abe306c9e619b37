"""Rates: requests of a principal and of a network address, and tries to log in.

Counts live in this process. Each gateway process counts for itself: with n of them behind a load
balancer a client may get up to n times its rate (ADR 0016).
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from math import ceil
from typing import Final

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter, SlidingWindowCounterRateLimiter

from services.gateway.domain.errors import TOO_MANY_LOGINS
from shared.kernel.clock import Clock
from shared.kernel.errors import TooManyRequests

LOGIN_WINDOW_MIN: Final = 5
_IPV6_HOST_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a rate: ``remaining`` of ``quota`` requests, more of them in ``reset_s``."""

    policy: str
    quota: int
    window_s: int
    remaining: int
    reset_s: int


class RequestRates:
    """Requests a minute of one principal and of one network address.

    A sliding counter: two figures for each key, however many requests there are.
    """

    def __init__(self, clock: Clock, *, per_principal: int, per_address: int) -> None:
        self._clock = clock
        self._window = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._principal = RateLimitItemPerMinute(per_principal, namespace="principal")
        self._address = RateLimitItemPerMinute(per_address, namespace="address")

    async def admit_address(self, address: str) -> Allowance:
        """Count one request from ``address``; an IPv6 client is its /64, which one person has.

        Raises:
            TooManyRequests: with the seconds to wait.
        """
        return await self._admit(self._address, network_of(address))

    async def admit_principal(self, key: str) -> Allowance:
        """Count one request of the principal ``key``.

        Raises:
            TooManyRequests: with the seconds to wait.
        """
        return await self._admit(self._principal, key)

    async def _admit(self, limit: RateLimitItem, key: str) -> Allowance:
        is_within = await self._window.hit(limit, key)
        reset_at, remaining = await self._window.get_window_stats(limit, key)
        reset_s = max(1, ceil(reset_at - self._clock.now().timestamp()))
        if not is_within:
            raise TooManyRequests(
                f"These are more than {limit.amount} requests a minute of one {limit.namespace}. "
                f"Wait {reset_s} s, then ask less often: Retry-After of an operation says when.",
                context={"retry_after_s": reset_s},
            )
        return Allowance(limit.namespace, limit.amount, limit.get_expiry(), remaining, reset_s)


class LoginTries:
    """Moving windows for each name and client address. A try counts before its password is
    looked at, so that parallel ones cannot slip through.

    With n processes an attacker has n times the tries, which argon2 makes slow all the same.
    """

    def __init__(self, clock: Clock, *, per_name: int, per_address: int) -> None:
        self._clock = clock
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self._name = RateLimitItemPerMinute(
            per_name, LOGIN_WINDOW_MIN, namespace="logins-of-a-name"
        )
        self._client = RateLimitItemPerMinute(
            per_address, LOGIN_WINDOW_MIN, namespace="logins-of-a-client"
        )

    async def admit(self, *, name: str, client: str) -> None:
        """Count one try.

        Raises:
            TooManyRequests: there were too many; code ``too-many-logins``, with the seconds to
                wait.
        """
        network = network_of(client)
        # The name first: who is refused for a name takes no tries from others at the address.
        for limit, key in ((self._name, (network, name)), (self._client, (network,))):
            if not await self._window.hit(limit, *key):
                raise await self._refusal(limit, key)

    async def succeeded(self, *, name: str, client: str) -> None:
        """Forget the tries for this name from this client."""
        await self._window.clear(self._name, network_of(client), name)

    async def _refusal(self, limit: RateLimitItem, key: tuple[str, ...]) -> TooManyRequests:
        reset_at, _ = await self._window.get_window_stats(limit, *key)
        wait_s = max(1, ceil(reset_at - self._clock.now().timestamp()))
        return TooManyRequests(
            f"Too many logins. Try again in {wait_s} s.",
            code=TOO_MANY_LOGINS,
            context={"retry_after_s": wait_s},
        )


def network_of(address: str) -> str:
    """What is counted for a client at ``address``.

    >>> network_of("203.0.113.9"), network_of("2001:db8:0:7::1")
    ('203.0.113.9', '2001:db8:0:7::/64')
    """
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    if not isinstance(ip, IPv6Address):
        return address
    if ip.ipv4_mapped is not None:
        return str(ip.ipv4_mapped)
    network = IPv6Address(int(ip) >> _IPV6_HOST_BITS << _IPV6_HOST_BITS)
    return f"{network}/{_IPV6_HOST_BITS}"
