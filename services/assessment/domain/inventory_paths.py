"""Paths of folders and resource pools as vCenter, vCloud Director and RVTools write them."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a path; ``is_tagged`` when vCD's UUID stood behind the name."""

    name: str
    is_tagged: bool


_TAG: Final = re.compile(r"\s*\([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\)\s*$", re.IGNORECASE)
_VDC: Final = re.compile(r"(?P<org>.*?[^\s_-])\s*[-_]vdc[-_]+\s*[^\s_-].*", re.IGNORECASE)


def text_of(value: str | None) -> str | None:
    """``value`` trimmed; None for a blank."""
    return (value.strip() or None) if value else None


def segments(path: str | None) -> list[Segment]:
    """The parts of ``path`` without blank ones and without UUID tags."""
    parts = []
    for part in (path or "").split("/"):
        name = _TAG.sub("", part)
        if name.strip():
            parts.append(Segment(name.strip(), is_tagged=name != part))
    return parts


def below_datacenter(parts: list[Segment], datacenter: str | None) -> list[Segment]:
    """RVTools writes ``/DC/Acme``; vCenter's own paths are ``/Folder/DC/vm/Acme``."""
    names = [part.name for part in parts]
    start = 0
    if datacenter is None:
        start = 0 if names[:1] == ["vm"] else 1
    for i, name in enumerate(names):
        if name == datacenter and (i == 0 or names[i + 1 : i + 2] == ["vm"]):
            start = i + 1
            break
    if names[start : start + 1] == ["vm"]:
        start += 1
    return parts[start:]


def below_root_pool(parts: list[Segment], roots: set[str | None]) -> list[Segment]:
    """The pools below the cluster's root pool, which is no tenant."""
    names = [part.name for part in parts]
    if "Resources" in names:
        return [part for part in parts[names.index("Resources") :] if part.name != "Resources"]
    # Without the root pool's own name the pool is last; a path that ends at the cluster has none.
    return [part for part in parts[-1:] if part.name not in roots]


def without(parts: list[Segment], names: frozenset[str]) -> list[Segment]:
    """``parts`` but those that are called like one of ``names`` (lower case)."""
    return [part for part in parts if part.name.casefold() not in names]


def vcd_org(folders: list[Segment], pools: list[Segment]) -> tuple[str, str | None] | None:
    """vCD's organisation and its OrgVDC, from a marked or else from tagged segments."""
    for parts in (folders, pools):
        for i, part in enumerate(parts):
            if marked := _VDC.fullmatch(part.name):
                is_below_org = i > 0 and parts[i - 1].is_tagged
                return parts[i - 1].name if is_below_org else marked["org"], part.name
    tagged = [part.name for part in folders if part.is_tagged]
    return (tagged[0], tagged[1] if len(tagged) > 1 else None) if tagged else None


def folder_at(folders: list[Segment], datacenter: str | None, depth: int) -> str | None:
    """The folder at ``depth``, where the datacenter is 1."""
    if depth <= 1:
        return datacenter
    return folders[depth - 2].name if len(folders) > depth - 2 else None
