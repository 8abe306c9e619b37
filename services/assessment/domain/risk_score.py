"""Risk of moving a VM: points of the rules that fire, 0 to 100, and a band (decision 12).

The rules are data. Each reason names its rule and its points; the score is their sum, at most 100.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.assessment.domain.finding_catalogue import Severity
from services.assessment.domain.guest_os import GuestOs
from services.assessment.domain.os_support import (
    COLD_ONLY,
    DEPRECATED,
    UNSUPPORTED,
    OsLimit,
    is_listed,
)
from services.assessment.domain.vm_facts import VmFacts

MAX_SCORE: Final = 100
_MIB_PER_GIB: Final = 1024


class RiskBand(StrEnum):
    """Coarse risk."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class Measure(StrEnum):
    """A number that a threshold looks at."""

    DISK_GIB = "disk_gib"
    DISK_COUNT = "disk_count"
    SNAPSHOT_COUNT = "snapshot_count"
    OLDEST_SNAPSHOT_DAYS = "oldest_snapshot_days"
    NIC_COUNT = "nic_count"


def _disk_gib(vm: VmFacts) -> float | None:
    return None if vm.disk_mib is None else vm.disk_mib / _MIB_PER_GIB


_VALUES: Final[Mapping[Measure, Callable[[VmFacts], float | None]]] = {
    Measure.DISK_GIB: _disk_gib,
    Measure.DISK_COUNT: lambda vm: len(vm.disks),
    Measure.SNAPSHOT_COUNT: lambda vm: vm.snapshot_count,
    Measure.OLDEST_SNAPSHOT_DAYS: lambda vm: vm.oldest_snapshot_days,
    Measure.NIC_COUNT: lambda vm: len(vm.nics),
}
"""How each measure is read; None is unknown and fires nothing."""


@dataclass(frozen=True, slots=True)
class OsRule:
    """Fires when the guest is on a list; ``unless`` names a rule that takes its place."""

    id: str
    points: int
    systems: tuple[OsLimit, ...]
    text: str
    unless: str | None = None
    severity: Severity = Severity.HIGH


@dataclass(frozen=True, slots=True)
class ThresholdRule:
    """Fires from ``at_least`` on; ``unless`` names a rule that takes its place."""

    id: str
    points: int
    measure: Measure
    at_least: int
    text: str
    unit: str
    unless: str | None = None
    severity: Severity = Severity.MEDIUM


@dataclass(frozen=True, slots=True)
class HeavyIoRule:
    """Fires once when one sign of heavy I/O is seen: memory, disks, or a telling name."""

    id: str
    points: int
    memory_mib: int
    disk_count: int
    names: tuple[str, ...]
    severity: Severity = Severity.MEDIUM


@dataclass(frozen=True, slots=True)
class RiskRules:
    """The rules that are on. Scores up to ``green_max`` are GREEN, and so on."""

    os_rules: tuple[OsRule, ...]
    thresholds: tuple[ThresholdRule, ...]
    heavy_io: HeavyIoRule | None
    green_max: int = 20
    yellow_max: int = 50


DEFAULT_RULES: Final = RiskRules(
    os_rules=(
        OsRule("unsupported_os", 30, UNSUPPORTED, "Unsupported OS"),
        OsRule(
            id="deprecated_os",
            points=15,
            systems=DEPRECATED,
            text="Deprecated OS",
            unless="unsupported_os",
            severity=Severity.MEDIUM,
        ),
        OsRule("cold_only_os", 20, COLD_ONLY, "OS that can only be copied cold"),
    ),
    thresholds=(
        ThresholdRule(
            id="very_large_disk",
            points=25,
            measure=Measure.DISK_GIB,
            at_least=5000,
            text="Very large disks",
            unit="GiB",
            severity=Severity.HIGH,
        ),
        ThresholdRule(
            id="large_disk",
            points=10,
            measure=Measure.DISK_GIB,
            at_least=2000,
            text="Large disks",
            unit="GiB",
            unless="very_large_disk",
        ),
        ThresholdRule("many_disks", 10, Measure.DISK_COUNT, 8, "Many disks", "disks"),
        ThresholdRule(
            id="many_snapshots",
            points=20,
            measure=Measure.SNAPSHOT_COUNT,
            at_least=5,
            text="Many snapshots",
            unit="kept",
            severity=Severity.HIGH,
        ),
        ThresholdRule(
            id="several_snapshots",
            points=8,
            measure=Measure.SNAPSHOT_COUNT,
            at_least=3,
            text="Several snapshots",
            unit="kept",
            unless="many_snapshots",
        ),
        # "Older than 30 days", in whole days.
        ThresholdRule("old_snapshot", 5, Measure.OLDEST_SNAPSHOT_DAYS, 31, "Old snapshot", "days"),
        ThresholdRule("many_nics", 10, Measure.NIC_COUNT, 3, "Many NICs", "NICs"),
    ),
    heavy_io=HeavyIoRule(
        id="heavy_io",
        points=15,
        memory_mib=64 * _MIB_PER_GIB,
        disk_count=6,
        names=(
            "sql",
            "oracle",
            "mysql",
            "postgres",
            "mongo",
            "redis",
            "elastic",
            "kafka",
            "rabbit",
            "db-",
            "database",
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class RiskReason:
    """A rule that fired."""

    rule: str
    points: int
    text: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Risk:
    """Score, band and why."""

    score: int
    band: RiskBand
    reasons: tuple[RiskReason, ...]


def score_risk(
    vm: VmFacts, os_reasons: Sequence[RiskReason], rules: RiskRules = DEFAULT_RULES
) -> Risk:
    """The risk of one VM; ``os_reasons`` are those of its guest (:func:`reasons_of_os`)."""
    fired = [*os_reasons, *_reasons_of_size(vm, rules.thresholds)]
    if rules.heavy_io is not None and (heavy := _heavy_io(vm, rules.heavy_io)):
        fired.append(heavy)
    score = max(0, min(MAX_SCORE, sum(reason.points for reason in fired)))
    return Risk(score, band_of(score, rules), tuple(fired))


def band_of(score: int, rules: RiskRules = DEFAULT_RULES) -> RiskBand:
    """The band of a score; the upper bounds belong to the lower band."""
    if score <= rules.green_max:
        return RiskBand.GREEN
    return RiskBand.YELLOW if score <= rules.yellow_max else RiskBand.RED


def reasons_of_os(os: GuestOs, rules: RiskRules = DEFAULT_RULES) -> tuple[RiskReason, ...]:
    """The OS rules that fire for a guest: the same for every VM that runs it.

    >>> from services.assessment.domain.guest_os import parse_os
    >>> [reason.points for reason in reasons_of_os(parse_os("IBM AIX 7"))]
    [30, 20]
    """
    fired: list[RiskReason] = []
    for rule in rules.os_rules:
        if _is_replaced(rule.unless, fired) or not is_listed(os, rule.systems):
            continue
        fired.append(RiskReason(rule.id, rule.points, f"{rule.text}: {os.text}", rule.severity))
    return tuple(fired)


def _reasons_of_size(vm: VmFacts, thresholds: Iterable[ThresholdRule]) -> list[RiskReason]:
    fired: list[RiskReason] = []
    for rule in thresholds:
        value = _VALUES[rule.measure](vm)
        if value is None or value < rule.at_least or _is_replaced(rule.unless, fired):
            continue
        text = f"{rule.text}: {value:.0f} {rule.unit} (from {rule.at_least} on)"
        fired.append(RiskReason(rule.id, rule.points, text, rule.severity))
    return fired


def _is_replaced(unless: str | None, fired: Sequence[RiskReason]) -> bool:
    return unless is not None and any(reason.rule == unless for reason in fired)


def _heavy_io(vm: VmFacts, rule: HeavyIoRule) -> RiskReason | None:
    signs = []
    if vm.memory_mib is not None and vm.memory_mib >= rule.memory_mib:
        signs.append(f"{vm.memory_mib / _MIB_PER_GIB:.0f} GiB of memory")
    if len(vm.disks) >= rule.disk_count:
        signs.append(f"{len(vm.disks)} disks")
    name = vm.name.lower()
    if found := next((part for part in rule.names if part in name), None):
        signs.append(f'"{found}" in the name')
    if not signs:
        return None
    text = f"Signs of heavy I/O: {', '.join(signs)}"
    return RiskReason(rule.id, rule.points, text, rule.severity)
