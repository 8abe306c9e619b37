"""Units and their exact conversions (decision 1).

Memory and disk are integer MiB inside (RVTools prints "MB" and means MiB). Network rates are
decimal Mbit/s. Conversion to GiB and hours happens at presentation.
"""

from typing import Final

MIB_PER_GIB: Final = 1024
BYTES_PER_MIB: Final = 1024 * 1024
BYTES_PER_S_PER_MBIT_S: Final = 125_000
"""1 Mbit/s moves 125,000 bytes a second."""

MIB_PER_H_PER_MBIT_S: Final = BYTES_PER_S_PER_MBIT_S * 3600 / BYTES_PER_MIB
"""MiB that 1 Mbit/s moves in an hour: 429.15 (0.4191 GiB)."""


def mib_to_gib(mib: float) -> float:
    """GiB of ``mib`` MiB, for presentation only.

    >>> mib_to_gib(1536)
    1.5
    """
    return mib / MIB_PER_GIB


def mib_per_hour(rate_mbit_s: float) -> float:
    """MiB moved in one hour at ``rate_mbit_s`` decimal Mbit/s.

    >>> round(mib_per_hour(1000) / 1024, 2)   # GiB an hour at 1 Gbit/s
    419.1
    """
    return rate_mbit_s * MIB_PER_H_PER_MBIT_S
