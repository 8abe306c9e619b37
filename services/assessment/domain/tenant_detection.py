"""Whose VM is it? Ordered rules over folder, pool, vApp, cluster and texts; the first answer wins.

Rules are data (decision 11): their order, their options and the list of container folders. A path
is read without its UUID tags, ``Acme (1b2c…)`` is ``Acme``.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from services.assessment.domain.inventory_paths import (
    below_datacenter,
    below_root_pool,
    folder_at,
    segments,
    text_of,
    vcd_org,
    without,
)
from services.assessment.domain.pattern_rules import PatternRule
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
    PATTERN = "pattern"
    """A rule that an operator wrote."""
    MANUAL = "manual"
    """A person said so."""
    FALLBACK = "fallback"


class Confidence(StrEnum):
    """How much an answer is worth before a person has looked at it."""

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
        Method.PATTERN: Confidence.HIGH,
        Method.MANUAL: Confidence.HIGH,
        Method.FALLBACK: Confidence.LOW,
    }
)

_AGREED: Final = {Confidence.LOW: Confidence.MEDIUM, Confidence.MEDIUM: Confidence.HIGH}
"""What an answer is worth that another method gives too."""

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
    """Which rules run, in which order, with which options.

    ``folder_depth`` counts the datacenter as 1 and skips ``containers`` (lower-case names). With
    ``separate_by_vcenter`` equal names in two vCenters are two tenants.
    """

    order: tuple[Method | PatternRule, ...] = DEFAULT_ORDER
    containers: frozenset[str] = DEFAULT_CONTAINERS
    folder_depth: int = 2
    annotation_key: str = "Tenant"
    name_separator: str = "-"
    name_parts: int = 1
    org_vdc_from_resource_pool: bool = True
    fallback: str = UNASSIGNED
    separate_by_vcenter: bool = False


@dataclass(frozen=True, slots=True)
class DetectedTenant:
    """The answer: a tenant is known by ``name`` and ``org_vdc`` together, and by ``vcenter`` where
    vCenters are kept apart. ``rule`` is the id of the rule that gave it."""

    name: str
    org_vdc: str | None
    app_group: str | None
    method: Method
    rule: str
    confidence: Confidence
    vcenter: str | None = None


@dataclass(frozen=True, slots=True)
class RuleAnswer:
    """What one rule says of a VM, whether or not an earlier one has an answer."""

    rule: str
    method: Method
    name: str
    org_vdc: str | None


_Answer = tuple[str, str | None]
"""Tenant name, and the OrgVDC when the method knows one."""


@dataclass(frozen=True, slots=True)
class _Place:
    """What follows from where a VM lives, worked out once for all VMs of one place."""

    answers: Mapping[Method, _Answer]
    agreed: frozenset[Method]
    """Those whose name another one gives too."""
    pool: str | None
    vapp: str | None


_NO_CLUSTER: Final = frozenset({"none", "n/a"})
_NAME_PARTS_OF_APP_GROUP: Final = 2
_REMEMBERED: Final = 4096
"""Distinct places; most VMs share theirs with many others."""


class TenantDetector:
    """Applies one set of rules. Remembers the answer for every distinct place it has seen."""

    def __init__(self, rules: DetectionRules) -> None:
        self._rules = rules
        self._place = lru_cache(maxsize=_REMEMBERED)(self._read_place)
        self._patterns = {
            rule.id: lru_cache(maxsize=_REMEMBERED)(rule.answer)
            for rule in rules.order
            if isinstance(rule, PatternRule)
        }
        self._key = re.compile(
            rf"(?<!\w){re.escape(rules.annotation_key)}\s*[:=]\s*([^;\r\n]*)", re.IGNORECASE
        )

    def detect(self, vm: VmFacts) -> DetectedTenant:
        """The tenant of ``vm``; the fallback when no rule has an answer."""
        place = self._place_of(vm)
        app_group = place.vapp or _prefix(vm.name, "-", _NAME_PARTS_OF_APP_GROUP)
        vcenter = vm.vcenter if self._rules.separate_by_vcenter else None
        for rule in self._rules.order:
            answer = self._answer(rule, vm, place)
            if answer is not None:
                method = Method.PATTERN if isinstance(rule, PatternRule) else rule
                id_, confidence = _id(rule), _confidence(method, place)
                return DetectedTenant(*answer, app_group, method, id_, confidence, vcenter)
        fallback, name = Method.FALLBACK, self._rules.fallback
        return DetectedTenant(
            name, None, app_group, fallback, fallback, CONFIDENCE[fallback], vcenter
        )

    def answers(self, vm: VmFacts) -> Iterator[RuleAnswer]:
        """What each rule says of ``vm``, in their order; rules without an answer are left out."""
        place = self._place_of(vm)
        for rule in self._rules.order:
            answer = self._answer(rule, vm, place)
            if answer is not None:
                method = Method.PATTERN if isinstance(rule, PatternRule) else rule
                yield RuleAnswer(_id(rule), method, *answer)

    def _answer(self, rule: Method | PatternRule, vm: VmFacts, place: _Place) -> _Answer | None:
        if isinstance(rule, PatternRule):
            answer = self._match(rule, vm)
        else:
            answer = place.answers.get(rule) or self._read_text(rule, vm)
        if answer is None or rule is Method.VCD_FOLDER or answer[1] is not None:
            return answer
        return (answer[0], place.pool) if self._rules.org_vdc_from_resource_pool else answer

    def _match(self, rule: PatternRule, vm: VmFacts) -> _Answer | None:
        text = rule.text_in(vm)
        return None if text is None else self._patterns[rule.id](text)

    def _place_of(self, vm: VmFacts) -> _Place:
        return self._place(vm.folder, vm.resource_pool, vm.vapp, vm.cluster, vm.datacenter)

    def _read_place(
        self,
        folder: str | None,
        resource_pool: str | None,
        vapp: str | None,
        cluster: str | None,
        datacenter: str | None,
    ) -> _Place:
        rules = self._rules
        datacenter, cluster, vapp = text_of(datacenter), text_of(cluster), text_of(vapp)
        if cluster is not None and cluster.casefold() in _NO_CLUSTER:
            cluster = None
        folders = without(below_datacenter(segments(folder), datacenter), rules.containers)
        pools = below_root_pool(segments(resource_pool), {datacenter, cluster})
        pools = without(pools, rules.containers)
        pool = pools[-1].name if pools else None
        names = {
            Method.FOLDER_PATH: folder_at(folders, datacenter, rules.folder_depth),
            Method.RESOURCE_POOL: pool,
            Method.VAPP_NAME: vapp,
            Method.CLUSTER: cluster,
        }
        answers: dict[Method, _Answer] = {m: (name, None) for m, name in names.items() if name}
        if vcd := vcd_org(folders, pools):
            answers[Method.VCD_FOLDER] = vcd
        said = Counter(name.casefold() for name, _ in answers.values())
        agreed = frozenset(m for m, (name, _) in answers.items() if said[name.casefold()] > 1)
        return _Place(answers, agreed, pool, vapp)

    def _read_text(self, method: Method, vm: VmFacts) -> _Answer | None:
        name: str | None = None
        if method is Method.ANNOTATION_FIELD and (found := self._key.search(vm.annotation or "")):
            name = found[1].strip()
        elif method is Method.VM_NAME_PREFIX:
            name = _prefix(vm.name, self._rules.name_separator, self._rules.name_parts)
        return (name, None) if name else None


def _id(rule: Method | PatternRule) -> str:
    return rule.id if isinstance(rule, PatternRule) else rule.value


def _confidence(method: Method, place: _Place) -> Confidence:
    confidence = CONFIDENCE[method]
    return _AGREED.get(confidence, confidence) if method in place.agreed else confidence


def _prefix(name: str, separator: str, parts: int) -> str | None:
    pieces = name.strip().split(separator)
    return separator.join(pieces[:parts]) if len(pieces) > parts and pieces[0] else None
