"""What other rules would do to an inventory: counted VM by VM, nothing changed."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from services.assessment.domain.assessment import Assessed, Assessor
from services.assessment.domain.tenant_detection import (
    DetectedTenant,
    DetectionRules,
    Method,
    TenantDetector,
)
from services.assessment.domain.vm_facts import VmFacts

SAMPLES: Final = 5
"""VMs shown for each rule."""
SHARE_PERCENT: Final = 20
"""A tenant with more of the VMs is looked at (decision 11)."""
LARGEST_PART_PERCENT: Final = 80
"""Something splits a tenant if no part keeps more of it."""
DEPTHS: Final = (2, 3, 4)
"""Folder depths that are tried."""
_OTHER_PLACES: Final = (Method.VCD_FOLDER, Method.RESOURCE_POOL, Method.VAPP_NAME, Method.CLUSTER)

TenantWords = tuple[str, str | None, str | None]
"""Name, OrgVDC and, where they are kept apart, vCenter."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another rule, or another depth of the folder rule."""

    rule: Method
    depth: int | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """A VM for which a rule has an answer, and the answer."""

    vm_id: UUID
    name: str
    tenant: str
    org_vdc: str | None


@dataclass(slots=True)
class RuleCount:
    """VMs for which a detection rule has an answer, and those for which it is the first one.

    A rule that is off decides nothing; ``matches`` says what it could answer.
    """

    matches: int = 0
    decides: int = 0
    samples: list[Sample] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A tenant with too large a share, and what would split it."""

    tenant: TenantWords
    vms: int
    share_percent: float
    alternative: Alternative
    tenants: int
    unanswered: int
    parts: Sequence[tuple[str, int]]


class Comparison:
    """Two sets of rules over the VMs of one inventory. Excluded VMs are passed over; VMs assigned
    by hand count in everything but tenants, which no rule changes for them."""

    def __init__(self, before: Assessor, after: Assessor, *, every_rule: DetectionRules) -> None:
        """``every_rule`` are the new detection rules, those that are off among them."""
        self._before, self._after = before, after
        self._every = TenantDetector(every_rule)
        places = replace(every_rule, order=_OTHER_PLACES)
        self._places = TenantDetector(places)
        self._depths = {
            depth: TenantDetector(
                replace(every_rule, order=(Method.FOLDER_PATH,), folder_depth=depth)
            )
            for depth in DEPTHS
        }
        self.vms = self.assigned_vms = self.moved_vms = 0
        self.rules: defaultdict[str, RuleCount] = defaultdict(RuleCount)
        self.tenants: tuple[Counter[TenantWords], Counter[TenantWords]] = (Counter(), Counter())
        self.figures: dict[str, tuple[Counter[str], Counter[str]]] = {
            name: (Counter(), Counter())
            for name in ("risk_bands", "risk_rules", "mode_classes", "target_support")
        }
        self._parts: defaultdict[TenantWords, defaultdict[Alternative, Counter[str]]] = defaultdict(
            lambda: defaultdict(Counter)
        )

    def add(self, vm: VmFacts, vm_id: UUID, *, is_assigned: bool) -> None:
        """Count ``vm``."""
        was, will = self._before.assess(vm), self._after.assess(vm)
        if will.excluded_because is not None:
            return
        self.vms += 1
        for side, assessed in enumerate((was, will)):
            self._add_figures(side, assessed)
        self._add_rules(vm, vm_id, will.tenant)
        if is_assigned:
            self.assigned_vms += 1
            return
        old, new = _words(was.tenant), _words(will.tenant)
        self.tenants[0][old] += 1
        self.tenants[1][new] += 1
        self.moved_vms += old != new
        for detector, depth in ((self._places, None), *((d, n) for n, d in self._depths.items())):
            for answer in detector.answers(vm):
                part = (
                    answer.name if answer.org_vdc is None else f"{answer.name} / {answer.org_vdc}"
                )
                self._parts[new][Alternative(answer.method, depth)][part] += 1

    def _add_figures(self, side: int, assessed: Assessed) -> None:
        self.figures["risk_bands"][side][assessed.risk.band] += 1
        self.figures["mode_classes"][side][assessed.mode.mode_class] += 1
        self.figures["target_support"][side][assessed.target_support] += 1
        for reason in assessed.risk.reasons:
            self.figures["risk_rules"][side][reason.rule] += 1

    def _add_rules(self, vm: VmFacts, vm_id: UUID, tenant: DetectedTenant) -> None:
        for answer in self._every.answers(vm):
            count = self.rules[answer.rule]
            count.matches += 1
            if len(count.samples) < SAMPLES:
                count.samples.append(Sample(vm_id, vm.name, answer.name, answer.org_vdc))
        self.rules[tenant.rule].decides += 1

    def proposals(self) -> list[Proposal]:
        """What would split each tenant that holds too large a share; the largest tenant first, of
        the ways to split it the most even one."""
        found = [
            proposal
            for tenant, vms in self.tenants[1].items()
            if vms * 100 > SHARE_PERCENT * self.vms
            for alternative, parts in self._parts[tenant].items()
            if (proposal := self._proposal(tenant, vms, alternative, parts))
        ]
        return sorted(found, key=lambda p: (-p.vms, p.tenant[0], _largest(p), p.alternative.rule))

    def _proposal(
        self, tenant: TenantWords, vms: int, alternative: Alternative, parts: Mapping[str, int]
    ) -> Proposal | None:
        unanswered = vms - sum(parts.values())
        largest = max(*parts.values(), unanswered)
        if largest * 100 > LARGEST_PART_PERCENT * vms or len(parts) * 2 > vms:
            return None  # it keeps together, or falls to pieces
        return Proposal(
            tenant=tenant,
            vms=vms,
            share_percent=round(100 * vms / self.vms, 1),
            alternative=alternative,
            tenants=len(parts),
            unanswered=unanswered,
            parts=sorted(parts.items(), key=lambda part: (-part[1], part[0]))[:SAMPLES],
        )


def _words(tenant: DetectedTenant) -> TenantWords:
    return tenant.name, tenant.org_vdc, tenant.vcenter


def _largest(proposal: Proposal) -> int:
    return max(proposal.unanswered, *(vms for _, vms in proposal.parts))
