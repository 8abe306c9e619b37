"""How much of what a VM has it uses, in per cent, and how that is known.

Disk only, so far: CPU and memory follow when the records carry figures for them. They take the same
shape: a share of a whole, and nothing at all where the part was never measured.
"""

from typing import Final

UNMEASURED: Final = frozenset({"provisioned", "unknown"})
"""Bases of a used size that nobody has measured: provisioned stands in for not knowing."""


def disk_used_percent(
    used: int | None, provisioned: int | None, basis: str = "allocated"
) -> int | None:
    """Used of provisioned disk, both MiB; None where either is unknown or nothing was measured.

    Snapshots can make it more than 100.

    >>> disk_used_percent(30, 40, "allocated"), disk_used_percent(40, 40, "provisioned")
    (75, None)
    >>> disk_used_percent(0, 0, "allocated") is None
    True
    """
    if basis in UNMEASURED or used is None or not provisioned:
        return None
    return round(100 * used / provisioned)
