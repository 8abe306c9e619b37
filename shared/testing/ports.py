"""Free TCP ports for servers that tests start."""

import random
import socket
from collections.abc import Sequence
from typing import Final

_BELOW_THE_EPHEMERAL_RANGE: Final = range(20_000, 32_000)
"""So that no outgoing connection takes a port between its choice and its use."""


def free_ports(count: int) -> Sequence[int]:
    """Different ports of the loopback interface that nobody listens on now."""
    found: list[int] = []
    for port in random.sample(_BELOW_THE_EPHEMERAL_RANGE, 500):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise OSError(f"{count} free ports were not found among 500 tried")
