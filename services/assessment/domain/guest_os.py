"""What runs in a VM, read from the two strings that vSphere and VMware Tools give.

Products are found by whole words ("Cisco" is not SCO, "Archive" is not Arch); versions are compared
by number, so a rule can say "up to 2008" and mean its R2 and everything older.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class OsFamily(StrEnum):
    """Coarse family of a guest."""

    WINDOWS = "windows"
    LINUX = "linux"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class GuestOs:
    """A guest operating system as far as its strings tell.

    ``product`` is a slug (``windows_server``, ``rhel``) or None when no product is named.
    ``version`` is what to show ("2008 R2", "7.9"), None when unknown or one of several.
    ``release`` orders versions of one product; of several listed it is the newest; None when
    unknown or open-ended ("4/5 or later").
    """

    family: OsFamily
    product: str | None = None
    version: str | None = None
    release: tuple[int, ...] | None = None
    edition: str | None = None
    bits: int | None = None
    text: str | None = None


_W, _L, _O = OsFamily.WINDOWS, OsFamily.LINUX, OsFamily.OTHER

_PRODUCTS: Final[tuple[tuple[str, OsFamily, re.Pattern[str]], ...]] = tuple(
    (product, family, re.compile(pattern, re.IGNORECASE))
    for product, family, pattern in (
        # The first match wins: the narrower name stands before the wider one.
        ("windows_server", _W, r"\bwindows\b.*\bserver\b|\bwindows nt\b"),
        ("windows_server", _W, r"\bsmall business server\b|\bhyper-v server\b"),
        ("windows", _W, r"\bwindows\b|\bwin(?:32|64)\b"),
        ("rhel", _L, r"\bred ?hat enterprise(?: linux)?\b|\brhel\b"),
        ("fedora", _L, r"\bfedora\b"),
        ("red_hat_linux", _L, r"\bred ?hat\b"),
        ("centos", _L, r"\bcentos\b"),
        ("rocky", _L, r"\brocky(?: linux)?\b"),
        ("almalinux", _L, r"\balma ?linux\b"),
        ("oracle_linux", _L, r"\boracle(?: enterprise)? linux\b"),
        ("amazon_linux", _L, r"\bamazon linux\b"),
        ("ubuntu", _L, r"\bubuntu\b"),
        ("debian", _L, r"\bdebian\b"),
        ("opensuse", _L, r"\bopensuse\b"),
        ("sles", _L, r"\bsuse linux enterprise\b|\bsle[sd]\b"),
        ("suse_linux", _L, r"\bsuse\b"),
        ("photon", _L, r"\bphoton\b"),
        ("coreos", _L, r"\bcoreos\b|\bflatcar\b"),
        ("asianux", _L, r"\basianux\b"),
        ("arch", _L, r"\barch linux\b"),
        ("solaris", _O, r"\bsolaris\b|\bsunos\b"),
        ("sco", _O, r"\bsco\b|\bopenserver\b|\bunixware\b"),
        ("aix", _O, r"\baix\b"),
        ("hp_ux", _O, r"\bhp-?ux\b"),
        ("freebsd", _O, r"\bfreebsd\b"),
        ("macos", _O, r"\bmac ?os\b|\bdarwin\b"),
        ("netware", _O, r"\bnetware\b"),
        ("os2", _O, r"\bos/2\b"),
        ("dos", _O, r"\bms-dos\b|\bfreedos\b"),
        ("esxi", _O, r"\besxi?\b"),
    )
)

PRODUCTS: Final = tuple(dict.fromkeys(product for product, _, _ in _PRODUCTS))
"""Every product that is known by name."""

_NO_INFORMATION: Final = re.compile(r"\s*(?:|unknown|other|n/?a)\s*(?:\([^)]*\))?\s*", re.I)
_BITS: Final = re.compile(r"\(?\b(32|64)[- ]?bit\)?", re.IGNORECASE)
_EDITION: Final = re.compile(
    r"\b(standard|enterprise|datacenter|web|professional|essentials|home)\b", re.IGNORECASE
)
_LINUX: Final = re.compile(r"\blinux\b", re.IGNORECASE)
_OPEN_ENDED: Final = re.compile(r"\bor (?:later|newer)\b", re.IGNORECASE)
# "7.9", "4/5/6"; neither the 11 of "Pre-11" nor the 2.6 of "2.6.x".
_VERSIONS: Final = re.compile(
    r"(?<![\w.-])(\d{1,6}(?:\.\d{1,6})*(?:/\d{1,6}(?:\.\d{1,6})*)*)(?!\w|\.[\dx])"
)
_SERVER_YEAR: Final = re.compile(r"\b(2\d{3})(\s*r2\b)?", re.IGNORECASE)
_CLIENT_NAME: Final = re.compile(
    r"\bwindows (?:version )?(xp|vista|me|millennium|\d{1,6}(?:\.\d{1,6})?)", re.IGNORECASE
)
# From 7 on, Windows is ordered by its own number; older ones by the kernel they were built on.
_CLIENT_RELEASES: Final[dict[str, tuple[int, ...]]] = {
    "3": (3,),
    "3.1": (3, 1),
    "95": (4, 0),
    "98": (4, 1),
    "me": (4, 9),
    "millennium": (4, 9),
    "2000": (5, 0),
    "xp": (5, 1),
    "vista": (6,),
}


def guest_os(config: str | None, tools: str | None) -> GuestOs:
    """The guest, from the configured string and the one VMware Tools reports.

    Tools know what really runs, so their string wins when it is specific: it names a product, or a
    family that refutes the configured one. A product they give without version takes the version
    of the same product in the configuration.

    >>> guest_os("Other Linux (64-bit)", "Red Hat Enterprise Linux 7 (64-bit)").version
    '7'
    """
    configured, reported = parse_os(config), parse_os(tools)
    if reported.product is None:
        refutes = reported.family is not _O and configured.family is not _O
        if refutes and reported.family is not configured.family:
            return reported
        if configured.product is not None or reported.text is None:
            return configured
        return configured if reported.family is _O and configured.family is not _O else reported
    if reported.release is None and configured.product == reported.product:
        return configured if configured.release is not None else reported
    return reported


def parse_os(text: str | None) -> GuestOs:
    """One string on its own. A blank, "Unknown" or bare "Other" tells nothing: ``text`` is None."""
    if text is None or _NO_INFORMATION.fullmatch(text):
        return GuestOs(_O)
    text = text.strip()
    bits = int(found[1]) if (found := _BITS.search(text)) else None
    name = _BITS.sub(" ", text)
    for product, family, pattern in _PRODUCTS:
        if match := pattern.search(name):
            version, release = _version(product, name, match.end())
            edition = _EDITION.search(name) if family is _W else None
            return GuestOs(
                family=family,
                product=product,
                version=version,
                release=release,
                edition=edition[1].lower() if edition else None,
                bits=bits,
                text=text,
            )
    return GuestOs(_L if _LINUX.search(name) else _O, bits=bits, text=text)


_Version = tuple[str | None, tuple[int, ...] | None]


def _version(product: str, name: str, after: int) -> _Version:
    if _OPEN_ENDED.search(name):
        return None, None
    if product == "windows_server":
        return _server_version(name)
    if product == "windows":
        return _client_version(name)
    found = _VERSIONS.search(name, after)
    if found is None:
        return None, None
    listed = [release_of(version) for version in found[1].split("/")]
    return found[1] if len(listed) == 1 else None, max(listed)


def _server_version(name: str) -> _Version:
    if found := _SERVER_YEAR.search(name):
        year = int(found[1])
        return (f"{year} R2", (year, 2)) if found[2] else (str(year), (year,))
    if re.search(r"\bnt\b", name, re.IGNORECASE):
        return "NT 4", (1996,)
    return None, None


def _client_version(name: str) -> _Version:
    found = _CLIENT_NAME.search(name)
    if found is None:
        return None, None
    version = found[1].lower()
    shown = {"xp": "XP", "vista": "Vista", "me": "Me", "millennium": "Me"}.get(version, version)
    return shown, _CLIENT_RELEASES.get(version) or release_of(version)


def release_of(version: str) -> tuple[int, ...]:
    """A dotted version as numbers that compare.

    >>> release_of("12.10") > release_of("12.9")
    True
    """
    return tuple(int(part) for part in version.split("."))
