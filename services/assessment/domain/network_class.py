"""What kind of network a NIC is attached to, by what the workbook shows and, last, by its name.

What a port group states counts before the switch, and the switch before the name. Words are whole
ones ("tools-net" has no LS, "tier-10" is no tier 1), whatever their case; what stands between them
is a blank or one of ``- _ . / ( ) :``. VLANs are 1 to 4094.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final


class NetworkClass(StrEnum):
    """What a network is made of, which says what it can become on the target."""

    NSX_OVERLAY = "nsx_overlay"
    """A segment or logical switch of NSX: no VLAN of the physical network carries it."""
    ISOLATED = "isolated"
    """Internal to its hosts: no uplink."""
    VLAN_BACKED = "vlan_backed"
    STANDARD = "standard"
    """Untagged, or nothing is known of it."""


class NetworkRule(StrEnum):
    """Why a network has its class; in this order, the first that holds."""

    NSX_VIRTUAL_WIRE = "nsx_virtual_wire"
    STATED_VLAN = "stated_vlan"
    STATED_TRUNK = "stated_trunk"
    NSX_SWITCH = "nsx_switch"
    ISOLATED_SWITCH = "isolated_switch"
    OVERLAY_NAME = "overlay_name"
    ISOLATED_NAME = "isolated_name"
    VLAN_NAME = "vlan_name"
    UNTAGGED = "untagged"
    NOTHING_KNOWN = "nothing_known"


CLASS_OF: Final = {
    NetworkRule.NSX_VIRTUAL_WIRE: NetworkClass.NSX_OVERLAY,
    NetworkRule.STATED_VLAN: NetworkClass.VLAN_BACKED,
    NetworkRule.STATED_TRUNK: NetworkClass.VLAN_BACKED,
    NetworkRule.NSX_SWITCH: NetworkClass.NSX_OVERLAY,
    NetworkRule.ISOLATED_SWITCH: NetworkClass.ISOLATED,
    NetworkRule.OVERLAY_NAME: NetworkClass.NSX_OVERLAY,
    NetworkRule.ISOLATED_NAME: NetworkClass.ISOLATED,
    NetworkRule.VLAN_NAME: NetworkClass.VLAN_BACKED,
    NetworkRule.UNTAGGED: NetworkClass.STANDARD,
    NetworkRule.NOTHING_KNOWN: NetworkClass.STANDARD,
}

REASONS: Final = {
    NetworkRule.NSX_VIRTUAL_WIRE: "NSX gives its logical switches such names",
    NetworkRule.STATED_VLAN: "Its port group has a VLAN",
    NetworkRule.STATED_TRUNK: "Its port group is a trunk; guests tag their frames",
    NetworkRule.NSX_SWITCH: "Its switch is one of NSX, by the switch's name",
    NetworkRule.ISOLATED_SWITCH: "Its switch has no uplink, by the switch's name",
    NetworkRule.OVERLAY_NAME: "A word in its name is of NSX",
    NetworkRule.ISOLATED_NAME: "A word in its name says that it has no uplink",
    NetworkRule.VLAN_NAME: "Its name has a VLAN, and no port group contradicts it",
    NetworkRule.UNTAGGED: "Its port group has no VLAN",
    NetworkRule.NOTHING_KNOWN: "Neither its port group, its switch nor its name says anything else",
}

_GUESSES: Final = frozenset(
    {
        NetworkRule.OVERLAY_NAME,
        NetworkRule.ISOLATED_NAME,
        NetworkRule.VLAN_NAME,
        NetworkRule.NOTHING_KNOWN,
    }
)

LOWEST_VLAN: Final = 1
HIGHEST_VLAN: Final = 4094

Words = tuple[str, ...]

NSX_SWITCH_WORDS: Final[tuple[Words, ...]] = (
    ("nsx", "t"),
    ("nsx", "v"),
    ("nsx",),
    ("n", "vds"),
    ("overlay",),
    ("geneve",),
)
OVERLAY_WORDS: Final[tuple[Words, ...]] = (
    ("nsx", "t"),
    ("nsx", "v"),
    ("nsx",),
    ("overlay",),
    ("geneve",),
    ("segment",),
    ("t0",),
    ("t1",),
    ("tier", "0"),
    ("tier", "1"),
    ("ls",),
    ("routed", "net"),
    ("dlr",),
    ("esg",),
)
ISOLATED_WORDS: Final[tuple[Words, ...]] = (
    ("isolated",),
    ("internal", "only"),
    ("no", "uplink"),
    ("air", "gap"),
    ("air", "gapped"),
)

_BETWEEN_WORDS: Final = re.compile(r"[\s\-_./():\[\]]+")
_VIRTUAL_WIRE: Final = re.compile(
    r"vxw-dvs-[0-9]+-virtualwire-[0-9]+-sid-(?P<sid>[0-9]+)(?:-|$)", re.IGNORECASE
)
_VLAN_IN_NAME: Final = re.compile(
    r"vlan[\s_.:#-]*(?:id[\s_.:#-]*)?0*([0-9]+)(?![0-9])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class NetworkVerdict:
    """The class of a network, why, and what was seen. ``is_guessed``: only its name says so."""

    rule: NetworkRule
    evidence: str | None

    @property
    def network_class(self) -> NetworkClass:
        """What the rule makes of it."""
        return CLASS_OF[self.rule]

    @property
    def is_guessed(self) -> bool:
        """Whether nothing but the name says so, or nothing at all."""
        return self.rule in _GUESSES


@dataclass(frozen=True, slots=True)
class VlanFacts:
    """What tags a network's frames: ``id`` is 1 to 4094, ``trunk`` its ranges, both None for none.

    ``is_stated``: a port group says so, also that there is none; else it is a guess by the name.
    """

    id: int | None = None
    trunk: str | None = None
    is_stated: bool = False

    @property
    def is_guessed(self) -> bool:
        """Whether there is one, and only the name says so."""
        return self.id is not None and not self.is_stated


def vlan_facts(
    name: str, vlan_id: int | None, vlan_trunk: str | None, *, is_guessed: bool
) -> VlanFacts:
    """The VLAN as a NIC's record carries it; by the name where the record says nothing.

    >>> vlan_facts("VLAN100", None, None, is_guessed=False)
    VlanFacts(id=100, trunk=None, is_stated=False)
    """
    is_known = vlan_id is not None and (vlan_id == 0 or _is_vlan(vlan_id))
    if not is_known and vlan_trunk is None:
        return VlanFacts(vlan_in_name(name))
    return VlanFacts(vlan_id or None if is_known else None, vlan_trunk, is_stated=not is_guessed)


def vlan_in_name(name: str) -> int | None:
    """The VLAN that a name tells, where it is one.

    >>> vlan_in_name("acme_VLAN-0120_prod"), vlan_in_name("VLAN4999"), vlan_in_name("DPG_v200")
    (120, None, None)
    """
    for found in _VLAN_IN_NAME.finditer(name):
        if _is_vlan(number := int(found[1][:5])):
            return number
    return None


@lru_cache(maxsize=4096)
def classify(name: str, switch: str | None, vlan: VlanFacts) -> NetworkVerdict:
    """The class of the network called ``name`` on ``switch``."""
    return _by_evidence(name, switch, vlan) or _by_name(name, vlan)


def _by_evidence(name: str, switch: str | None, vlan: VlanFacts) -> NetworkVerdict | None:
    if wire := _VIRTUAL_WIRE.match(name.strip()):
        return NetworkVerdict(NetworkRule.NSX_VIRTUAL_WIRE, f"segment ID {wire['sid']}")
    if vlan.is_stated and vlan.id is not None:
        return NetworkVerdict(NetworkRule.STATED_VLAN, f"VLAN {vlan.id}")
    if vlan.is_stated and vlan.trunk is not None:
        return NetworkVerdict(NetworkRule.STATED_TRUNK, f"VLANs {vlan.trunk}")
    for rule, keywords in (
        (NetworkRule.NSX_SWITCH, NSX_SWITCH_WORDS),
        (NetworkRule.ISOLATED_SWITCH, ISOLATED_WORDS),
    ):
        if switch and keyword_in(switch, keywords):
            return NetworkVerdict(rule, f"switch {switch}")
    return None


def _by_name(name: str, vlan: VlanFacts) -> NetworkVerdict:
    """An overlay has no VLAN: a name that has one is not of NSX, whatever else it says."""
    if vlan.id is None and (word := keyword_in(name, OVERLAY_WORDS)):
        return NetworkVerdict(NetworkRule.OVERLAY_NAME, f"“{word}” in its name")
    if word := keyword_in(name, ISOLATED_WORDS):
        return NetworkVerdict(NetworkRule.ISOLATED_NAME, f"“{word}” in its name")
    if vlan.id is not None:
        return NetworkVerdict(NetworkRule.VLAN_NAME, f"VLAN {vlan.id} in its name")
    if vlan.is_stated:
        return NetworkVerdict(NetworkRule.UNTAGGED, "no VLAN")
    return NetworkVerdict(NetworkRule.NOTHING_KNOWN, None)


def keyword_in(text: str, keywords: Sequence[Words]) -> str | None:
    """The first of ``keywords`` that ``text`` has, its words one after another or written as one.

    >>> keyword_in("Acme_Routed.Net 1", OVERLAY_WORDS), keyword_in("routednet", OVERLAY_WORDS)
    ('routed net', 'routed net')
    >>> keyword_in("tools-net", OVERLAY_WORDS), keyword_in("tier-10-backup", OVERLAY_WORDS)
    (None, None)
    """
    words = [word for word in _BETWEEN_WORDS.split(text.casefold()) if word]
    for keyword in keywords:
        length = len(keyword)
        runs = (tuple(words[at : at + length]) for at in range(len(words) - length + 1))
        if "".join(keyword) in words or keyword in runs:
            return " ".join(keyword)
    return None


def _is_vlan(number: int) -> bool:
    return LOWEST_VLAN <= number <= HIGHEST_VLAN
