"""Whose VM is it? Ordered rules over folder, pool, vApp, cluster and texts; the first answer wins.

Rules are data (decision 11): their order, their options and the list of container folders. A path
is read without its UUID tags, ``Acme (1b2c…)`` is ``Acme``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from services.assessment.domain.vm_facts import VmFacts


class Method(StrEnum):
    """How a tenant was found."""

    VCD_FOLDER = "vcd_folder"
    FOLDER_PATH = "folder_path"
    RESOURCE_POOL = "resource_pool"
    VAPP_NAME = "vapp_name"
    ANNOTATION_FIELD = "annotation_field"
    VM_NAME_PREFIX = "vm_name_prefix"
    CLUSTER = "cluster"
    FALLBACK = "fallback"


class Confidence(StrEnum):
    """How much a method's answer is worth before a person has looked at it."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


CONFIDENCE: Final[Mapping[Method, Confidence]] = MappingProxyType(
    {
        Method.VCD_FOLDER: Confidence.HIGH,
        Method.ANNOTATION_FIELD: Confidence.HIGH,
        Method.FOLDER_PATH: Confidence.MEDIUM,
        Method.RESOURCE_POOL: Confidence.MEDIUM,
        Method.VAPP_NAME: Confidence.MEDIUM,
        Method.VM_NAME_PREFIX: Confidence.LOW,
        Method.CLUSTER: Confidence.LOW,
        Method.FALLBACK: Confidence.LOW,
    }
)

UNASSIGNED: Final = "Unassigned"

DEFAULT_ORDER: Final = (
    Method.VCD_FOLDER,
    Method.FOLDER_PATH,
    Method.RESOURCE_POOL,
    Method.VAPP_NAME,
    Method.CLUSTER,
)
"""Annotation and name prefix are off until an operator knows that this estate uses them."""

DEFAULT_CONTAINERS: Final = frozenset(
    {
        "vm",
        "customers",
        "clients",
        "tenants",
        "discovered virtual machine",
        "templates",
        "legacy",
        "shared",
        "vcls",
    }
)


@dataclass(frozen=True, slots=True)
class DetectionRules:
    """Which methods run, in which order, with which options.

    ``folder_depth`` counts the datacenter as 1 and skips ``containers`` (lower-case names).
    """

    order: tuple[Method, ...] = DEFAULT_ORDER
    containers: frozenset[str] = DEFAULT_CONTAINERS
    folder_depth: int = 2
    annotation_key: str = "Tenant"
    name_separator: str = "-"
    name_parts: int = 1
    org_vdc_from_resource_pool: bool = True


@dataclass(frozen=True, slots=True)
class DetectedTenant:
    """The answer: a tenant is known by ``name`` and ``org_vdc`` together."""

    name: str
    org_vdc: str | None
    app_group: str | None
    method: Method

    @property
    def confidence(self) -> Confidence:
        """What the method's answers are worth."""
        return CONFIDENCE[self.method]


@dataclass(frozen=True, slots=True)
class _Segment:
    """One part of a path; ``is_tagged`` when vCD's UUID stood behind the name."""

    name: str
    is_tagged: bool


_Answer = tuple[str, str | None]
"""Tenant name, and the OrgVDC when the method knows one."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What follows from where a VM lives, worked out once for all VMs of one place."""

    answers: Mapping[Method, _Answer]
    pool: str | None
    vapp: str | None


_TAG: Final = re.compile(r"\s*\([0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\)\s*$", re.IGNORECASE)
_VDC: Final = re.compile(r"(?P<org>.*?[^\s_-])\s*[-_]vdc[-_]+\s*[^\s_-].*", re.IGNORECASE)
_NO_CLUSTER: Final = frozenset({"none", "n/a"})
_NAME_PARTS_OF_APP_GROUP: Final = 2
_REMEMBERED: Final = 4096
"""Distinct places; most VMs share theirs with many others."""


class TenantDetector:
    """Applies one set of rules. Remembers the answer for every distinct place it has seen."""

    def __init__(self, rules: DetectionRules) -> None:
        self._rules = rules
        self._place = lru_cache(maxsize=_REMEMBERED)(self._read_place)
        self._key = re.compile(
            rf"(?<!\w){re.escape(rules.annotation_key)}\s*[:=]\s*([^;\r\n]*)", re.IGNORECASE
        )

    def detect(self, vm: VmFacts) -> DetectedTenant:
        """The tenant of ``vm``; "Unassigned" when no rule has an answer."""
        place = self._place(vm.folder, vm.resource_pool, vm.vapp, vm.cluster, vm.datacenter)
        app_group = place.vapp or _prefix(vm.name, "-", _NAME_PARTS_OF_APP_GROUP)
        for method in self._rules.order:
            answer = place.answers.get(method) or self._read_text(method, vm)
            if answer is None:
                continue
            name, org_vdc = answer
            if method is not Method.VCD_FOLDER and self._rules.org_vdc_from_resource_pool:
                org_vdc = place.pool
            return DetectedTenant(name, org_vdc, app_group, method)
        return DetectedTenant(UNASSIGNED, None, app_group, Method.FALLBACK)

    def _read_place(
        self,
        folder: str | None,
        resource_pool: str | None,
        vapp: str | None,
        cluster: str | None,
        datacenter: str | None,
    ) -> _Place:
        rules = self._rules
        datacenter, cluster, vapp = _text(datacenter), _text(cluster), _text(vapp)
        if cluster is not None and cluster.casefold() in _NO_CLUSTER:
            cluster = None
        folders = _without(_below_datacenter(_segments(folder), datacenter), rules.containers)
        pools = _below_root_pool(_segments(resource_pool), {datacenter, cluster})
        pools = _without(pools, rules.containers)
        pool = pools[-1].name if pools else None
        names = {
            Method.FOLDER_PATH: _folder(folders, datacenter, rules.folder_depth),
            Method.RESOURCE_POOL: pool,
            Method.VAPP_NAME: vapp,
            Method.CLUSTER: cluster,
        }
        answers: dict[Method, _Answer] = {m: (name, None) for m, name in names.items() if name}
        if vcd := _vcd(folders, pools):
            answers[Method.VCD_FOLDER] = vcd
        return _Place(answers, pool, vapp)

    def _read_text(self, method: Method, vm: VmFacts) -> _Answer | None:
        name: str | None = None
        if method is Method.ANNOTATION_FIELD and (found := self._key.search(vm.annotation or "")):
            name = found[1].strip()
        elif method is Method.VM_NAME_PREFIX:
            name = _prefix(vm.name, self._rules.name_separator, self._rules.name_parts)
        return (name, None) if name else None


def _text(value: str | None) -> str | None:
    return (value.strip() or None) if value else None


def _segments(path: str | None) -> list[_Segment]:
    parts = []
    for part in (path or "").split("/"):
        name = _TAG.sub("", part)
        if name.strip():
            parts.append(_Segment(name.strip(), is_tagged=name != part))
    return parts


def _below_datacenter(parts: list[_Segment], datacenter: str | None) -> list[_Segment]:
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


def _below_root_pool(parts: list[_Segment], roots: set[str | None]) -> list[_Segment]:
    names = [part.name for part in parts]
    if "Resources" in names:
        return [part for part in parts[names.index("Resources") :] if part.name != "Resources"]
    # Without the root pool's own name the pool is last; a path that ends at the cluster has none.
    return [part for part in parts[-1:] if part.name not in roots]


def _without(parts: list[_Segment], names: frozenset[str]) -> list[_Segment]:
    return [part for part in parts if part.name.casefold() not in names]


def _vcd(folders: list[_Segment], pools: list[_Segment]) -> _Answer | None:
    for parts in (folders, pools):
        for i, part in enumerate(parts):
            if marked := _VDC.fullmatch(part.name):
                is_below_org = i > 0 and parts[i - 1].is_tagged
                return parts[i - 1].name if is_below_org else marked["org"], part.name
    tagged = [part.name for part in folders if part.is_tagged]
    return (tagged[0], tagged[1] if len(tagged) > 1 else None) if tagged else None


def _folder(folders: list[_Segment], datacenter: str | None, depth: int) -> str | None:
    if depth <= 1:
        return datacenter
    return folders[depth - 2].name if len(folders) > depth - 2 else None


def _prefix(name: str, separator: str, parts: int) -> str | None:
    pieces = name.strip().split(separator)
    return separator.join(pieces[:parts]) if len(pieces) > parts and pieces[0] else None
