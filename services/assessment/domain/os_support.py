"""Lists of operating systems by product and version, for the rules that speak of them."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from services.assessment.domain.guest_os import GuestOs


@dataclass(frozen=True, slots=True)
class OsLimit:
    """A product up to a release, or the whole product.

    The release covers its own minor releases, R2 and service packs, and everything older.
    """

    product: str
    newest: tuple[int, ...] | None = None

    def covers(self, os: GuestOs) -> bool:
        """Whether ``os`` is meant. One without a known release only matches a whole product.

        >>> from services.assessment.domain.guest_os import parse_os
        >>> OsLimit("windows_server", (2008,)).covers(parse_os("Windows Server 2008 R2"))
        True
        """
        if os.product != self.product:
            return False
        if self.newest is None:
            return True
        return os.release is not None and os.release[: len(self.newest)] <= self.newest


def is_listed(os: GuestOs, limits: Iterable[OsLimit]) -> bool:
    """Whether one of ``limits`` covers ``os``."""
    return any(limit.covers(os) for limit in limits)


COLD_ONLY: Final = tuple(
    OsLimit(product) for product in ("sco", "solaris", "aix", "hp_ux", "freebsd")
)
"""No live copy is known to work (domain 2.3, decision 14)."""

UNSUPPORTED: Final = (
    OsLimit("windows_server", (2000,)),
    OsLimit("windows", (5, 0)),  # 2000 Professional
    *COLD_ONLY,
)

DEPRECATED: Final = (
    OsLimit("windows_server", (2008,)),
    OsLimit("windows", (6,)),  # Vista
    OsLimit("centos", (6,)),
    OsLimit("rhel", (5,)),
    OsLimit("ubuntu", (14,)),
    OsLimit("debian", (8,)),
)

WARM_RISKY: Final = (OsLimit("windows_server", (2003,)), OsLimit("windows", (5, 0)))
"""A live copy works with limits (domain 2.4)."""
