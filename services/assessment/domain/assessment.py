"""One VM in, its assessment out."""

from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from typing import Final

from services.assessment.domain import mode, risk_score
from services.assessment.domain.findings import Finding, in_order, os_findings, vm_findings
from services.assessment.domain.guest_os import GuestOs, guest_os
from services.assessment.domain.mode import Mode, ModeRules, OsModes, classify_mode
from services.assessment.domain.os_support import is_listed
from services.assessment.domain.risk_score import (
    Risk,
    RiskReason,
    RiskRules,
    reasons_of_os,
    score_risk,
)
from services.assessment.domain.scope import Exclusion, exclusion
from services.assessment.domain.target_support import (
    DEFAULT_TARGET,
    OsRange,
    TargetSupport,
    target_support,
)
from services.assessment.domain.tenant_detection import (
    DetectedTenant,
    DetectionRules,
    TenantDetector,
)
from services.assessment.domain.vm_facts import VmFacts


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything an assessment depends on besides the inventory and what people said of single
    VMs and tenants. ``version`` counts a project's changes; 0 are the defaults."""

    version: int = 0
    detection: DetectionRules = field(default_factory=DetectionRules)
    risk: RiskRules = risk_score.DEFAULT_RULES
    mode: ModeRules = mode.DEFAULT_RULES
    target: tuple[OsRange, ...] = DEFAULT_TARGET


DEFAULT_RULES: Final = Rules()

_REMEMBERED: Final = 4096
"""Distinct pairs of OS strings; a large estate has some hundred."""


@dataclass(frozen=True, slots=True)
class Assessed:
    """What the rules say of one VM."""

    excluded_because: Exclusion | None
    tenant: DetectedTenant
    os: GuestOs
    target_support: TargetSupport
    risk: Risk
    mode: Mode
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _OsVerdict:
    os: GuestOs
    findings: tuple[Finding, ...]
    risk_reasons: tuple[RiskReason, ...]
    modes: OsModes
    target_support: TargetSupport


class Assessor:
    """Assesses VMs one at a time by one set of rules.

    The result depends on the VM, the rules and ``as_of`` only, the day of the import, which
    end-of-support dates are held against; what is remembered in between (per distinct OS pair and
    per distinct place) saves time.
    """

    def __init__(self, rules: Rules = DEFAULT_RULES, *, as_of: date) -> None:
        self._rules = rules
        self._as_of = as_of
        self.tenants = TenantDetector(rules.detection)
        self._verdict = lru_cache(maxsize=_REMEMBERED)(self._judge)

    def assess(self, vm: VmFacts) -> Assessed:
        """All of it about ``vm``; excluded ones are assessed too, and marked."""
        verdict = self._verdict(vm.os_config, vm.os_tools)
        risk = score_risk(vm, verdict.risk_reasons, self._rules.risk)
        return Assessed(
            excluded_because=exclusion(vm),
            tenant=self.tenants.detect(vm),
            os=verdict.os,
            target_support=verdict.target_support,
            risk=risk,
            mode=classify_mode(vm, os=verdict.modes, band=risk.band, rules=self._rules.mode),
            findings=in_order((*verdict.findings, *vm_findings(vm, verdict.os))),
        )

    def _judge(self, config: str | None, tools: str | None) -> _OsVerdict:
        os = guest_os(config, tools)
        modes = OsModes(
            is_cold_only=is_listed(os, self._rules.mode.cold_only),
            is_risky=is_listed(os, self._rules.mode.risky),
        )
        findings = os_findings(config, tools, os, as_of=self._as_of)
        support = target_support(os, self._rules.target)
        return _OsVerdict(os, findings, reasons_of_os(os, self._rules.risk), modes, support)
