"""Words as small numbers, in the order in which lists sort them. A number keeps its meaning for
ever: it is stored."""

from collections.abc import Iterable, Mapping
from typing import Final

from services.assessment.domain.scope import Exclusion
from shared.contracts.records import (
    Confidence,
    ModeClass,
    OsFamily,
    PowerState,
    RiskBand,
    Severity,
    TargetSupport,
)

POWER_STATES: Final[dict[str, int]] = {
    PowerState.ON: 1,
    PowerState.OFF: 2,
    PowerState.SUSPENDED: 3,
    PowerState.UNKNOWN: 4,
}
OS_FAMILIES: Final[dict[str, int]] = {
    OsFamily.LINUX: 1,
    OsFamily.OTHER: 2,
    OsFamily.WINDOWS: 3,
}
RISK_BANDS: Final[dict[str, int]] = {
    RiskBand.GREEN: 1,
    RiskBand.YELLOW: 2,
    RiskBand.RED: 3,
}
MODE_CLASSES: Final[dict[str, int]] = {
    ModeClass.WARM_ELIGIBLE: 1,
    ModeClass.WARM_RISKY: 2,
    ModeClass.COLD_REQUIRED: 3,
}
TARGET_SUPPORTS: Final[dict[str, int]] = {
    TargetSupport.SUPPORTED: 1,
    TargetSupport.UNSUPPORTED: 2,
    TargetSupport.UNKNOWN: 3,
}
CONFIDENCES: Final[dict[str, int]] = {
    Confidence.HIGH: 1,
    Confidence.MEDIUM: 2,
    Confidence.LOW: 3,
}
CODES: Final[Mapping[str, Mapping[str, int]]] = {
    "power_state": POWER_STATES,
    "os_family": OS_FAMILIES,
    "risk_band": RISK_BANDS,
    "mode_class": MODE_CLASSES,
    "target_support": TARGET_SUPPORTS,
    "tenant_confidence": CONFIDENCES,
}
"""By the field of a VM."""
EXCLUSIONS: Final[dict[str, int]] = {
    Exclusion.TEMPLATE: 1,
    Exclusion.SRM_PLACEHOLDER: 2,
    Exclusion.VCLS: 3,
}
SEVERITIES: Final[dict[str, int]] = {
    Severity.INFO: 1,
    Severity.MEDIUM: 2,
    Severity.HIGH: 4,
    Severity.BLOCKER: 8,
}
"""Bits: the sum of a VM's different severities is larger, the graver its gravest finding is."""


def severity_bits(severities: Iterable[str]) -> int:
    """The sum of the bits of these severities, each counted once.

    >>> severity_bits(["blocker", "info", "info"]), severity_bits([])
    (9, 0)
    """
    bits = 0
    for severity in severities:
        bits |= SEVERITIES[severity]
    return bits


def gravest(bits: int) -> str | None:
    """The gravest of the severities in ``bits``.

    >>> str(gravest(6)), gravest(0)
    ('high', None)
    """
    return next((word for word, bit in reversed(SEVERITIES.items()) if bits & bit), None)


def words(codes: Mapping[str, int]) -> dict[int, str]:
    """The words by their numbers."""
    return {number: word for word, number in codes.items()}
