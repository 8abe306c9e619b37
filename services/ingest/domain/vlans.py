"""VLANs as port groups state them, and as network names hint at them."""

import re
from dataclasses import dataclass
from typing import Final

from services.ingest.domain.cells import BadCell

LOWEST: Final = 1
HIGHEST: Final = 4094
UNTAGGED: Final = 0
_ALL_OF_A_STANDARD_SWITCH: Final = 4095
_EVERY: Final = "0-4094"

_IN_NAME = re.compile(r"vlan[\s_.:#-]*(?:id[\s_.:#-]*)?0*([0-9]+)(?![0-9])", re.IGNORECASE)
_ONE = re.compile(r"^0*([0-9]{1,4})(?:\.0+)?$")
_RANGES = re.compile(
    r"^[0-9]{1,4}(?:\s*-\s*[0-9]{1,4})?(?:\s*[,;]\s*[0-9]{1,4}(?:\s*-\s*[0-9]{1,4})?)*$"
)
_BLANKS = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Vlan:
    """What tags a port group's frames.

    ``id`` is 1 to 4094, 0 for none at all, and None for a trunk, whose ranges are in ``trunk``.
    ``is_guessed``: only the network's name says so.
    """

    id: int | None
    trunk: str | None = None
    is_guessed: bool = False


def vlan_in(value: str) -> Vlan:
    """The VLAN of a cell of vPort or dvPort.

    >>> vlan_in("120").id, vlan_in("0").id, vlan_in("0-4094").trunk, vlan_in("4095").trunk
    (120, 0, '0-4094', '0-4094')

    Raises:
        BadCell: it is neither a VLAN nor ranges of them.
    """
    one = _ONE.match(value)
    if one is not None and UNTAGGED <= int(one[1]) <= HIGHEST:
        return Vlan(int(one[1]))
    if one is not None and int(one[1]) == _ALL_OF_A_STANDARD_SWITCH:
        return Vlan(None, _EVERY)
    if one is None and _RANGES.match(value):
        return Vlan(None, _BLANKS.sub("", value).replace(";", ","))
    raise BadCell("not a VLAN", f"Type a number from {LOWEST} to {HIGHEST}, or ranges of them.")


def guessed_vlan(network: str) -> Vlan | None:
    """The VLAN that a network's name tells, where it is one.

    >>> guessed_vlan("acme_VLAN-0120_prod").id, guessed_vlan("vlan 4999"), guessed_vlan("dmz 12")
    (120, None, None)
    """
    for found in _IN_NAME.finditer(network):
        if LOWEST <= int(found[1][:5]) <= HIGHEST:
            return Vlan(int(found[1]), is_guessed=True)
    return None
