"""Whether the target runs an operating system: a list of products and releases, project data."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.assessment.domain.guest_os import GuestOs


class TargetSupport(StrEnum):
    """What the target's list says of a guest."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"
    """The guest's product, or a release that would decide, is not known."""


@dataclass(frozen=True, slots=True)
class OsRange:
    """Releases of a product, ends included; None is open.

    An end covers its own minor releases, R2 and service packs.
    """

    product: str
    oldest: tuple[int, ...] | None = None
    newest: tuple[int, ...] | None = None

    def covers(self, release: tuple[int, ...]) -> bool:
        """Whether ``release`` is in the range.

        >>> OsRange("rhel", (7,), (8,)).covers((8, 9)), OsRange("rhel", (7,), (8,)).covers((6, 10))
        (True, False)
        """
        if self.oldest is not None and release[: len(self.oldest)] < self.oldest:
            return False
        return self.newest is None or release[: len(self.newest)] <= self.newest


def target_support(os: GuestOs, supported: Iterable[OsRange]) -> TargetSupport:
    """Whether one of ``supported`` is the guest's."""
    if os.product is None:
        return TargetSupport.UNKNOWN
    ranges = [one for one in supported if one.product == os.product]
    if any(one.oldest is None and one.newest is None for one in ranges):
        return TargetSupport.SUPPORTED
    if not ranges:
        return TargetSupport.UNSUPPORTED
    if os.release is None:
        return TargetSupport.UNKNOWN
    is_covered = any(one.covers(os.release) for one in ranges)
    return TargetSupport.SUPPORTED if is_covered else TargetSupport.UNSUPPORTED


DEFAULT_TARGET: Final = (
    OsRange("windows_server", (2008,)),
    OsRange("windows", (7,)),
    OsRange("rhel", (7,)),
    OsRange("centos", (7,)),
    OsRange("rocky"),
    OsRange("almalinux"),
    OsRange("oracle_linux", (7,)),
    OsRange("fedora"),
    OsRange("ubuntu", (18,)),
    OsRange("debian", (9,)),
    OsRange("sles", (12,)),
    OsRange("opensuse"),
)
"""What virt-v2v converts and KVM runs; a project says what its target's operators support."""
