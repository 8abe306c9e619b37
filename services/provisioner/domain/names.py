"""Names on the target cloud: what Keystone and Neutron accept, and how keys are made of them.

Keystone compares names without regard to case on most of its databases, so two names that differ
in case only are one name here.
"""

import hashlib
import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from services.provisioner.domain.tasks import Blocker, Kind

MAX_KEYSTONE_CHARS: Final = 64
"""Of a domain's or a project's name; users, networks and flavors have 255."""
MAX_CHARS: Final = 255
MAX_KEY_PART_CHARS: Final = 120
"""A longer part of a key ends in its digest, so that keys stay indexable."""
DIGEST_CHARS: Final = 8
RESERVED_DOMAINS: Final = frozenset({"default"})
"""Every Keystone has this domain, and its own administrators live there."""

_VLAN: Final = re.compile(r"vlan[\s_.-]*0*(\d{1,4})(?!\d)", re.IGNORECASE)
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+")
_VLANS: Final = range(1, 4095)


def canonical(name: str) -> str:
    """``name`` as it is compared.

    >>> canonical(" ACME ") == canonical("acme")
    True
    """
    folded = unicodedata.normalize("NFC", name.strip()).casefold()
    return unicodedata.normalize("NFC", folded)


def natural_key(kind: Kind, *parts: str) -> str:
    """The key of a task; different parts give different keys.

    >>> natural_key(Kind.PROJECT, "acme", "a/b")
    'project:acme/a%2Fb'
    """
    return f"{kind}:{'/'.join(map(_key_part, parts))}"


def _key_part(part: str) -> str:
    escaped = part.replace("%", "%25").replace("/", "%2F")
    if len(escaped) <= MAX_KEY_PART_CHARS:
        return escaped
    return f"{escaped[:MAX_KEY_PART_CHARS]}%{digest(part, chars=32)}"


def digest(text: str, *, chars: int = DIGEST_CHARS) -> str:
    """The beginning of the SHA-256 of ``text``, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:chars]


def slug(name: str) -> str:
    """``name`` in lower-case ASCII letters, digits and dashes; a digest if nothing is left.

    >>> slug("Müller & Söhne (Prod)")
    'muller-sohne-prod'
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    return _NOT_IN_SLUG.sub("-", plain).strip("-") or digest(canonical(name))


def guessed_vlan(network: str) -> int | None:
    """The VLAN that a port group's name tells of; None if it tells none, or several.

    >>> guessed_vlan("dvPG-VLAN0100-prod")
    100
    >>> guessed_vlan("VM Network") is None
    True
    """
    found = {int(number) for number in _VLAN.findall(network)} & set(_VLANS)
    return found.pop() if len(found) == 1 else None


def preferred(names: Iterable[tuple[str, int]]) -> str:
    """The spelling that most VMs have; of equals the first. ``names`` are (name, VMs)."""
    return min(names, key=lambda entry: (-entry[1], entry[0]))[0]


def name_blocker(what: str, name: str, *, max_chars: int) -> Blocker | None:
    """Why nothing on the target cloud can have this name; None if it can."""
    if not name.strip():
        reason = f"The {what} would have a blank name."
    elif len(name) > max_chars:
        reason = f"The {what}'s name has {len(name)} characters; {max_chars} are allowed."
    elif any(unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"} for char in name):
        reason = f"The {what}'s name holds a control character."
    else:
        return None
    return Blocker("name-not-allowed", reason, RENAME)


RENAME: Final = (
    "Names are taken from the source as it was imported. Rename it there, import again and approve "
    "the new plan."
)
"""What helps against a name, as long as target names cannot be edited."""
