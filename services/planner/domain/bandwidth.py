"""How fast data can flow from source to target, and which part of the way binds (decision 15).

The bottleneck is the least of five limits: the sources' NIC, the link between the sites, the
target's ingress, what the agents take in, and what the target's storage writes. Rates are decimal
Mbit/s.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.planner.domain.settings import PlanSettings, RttClass, Topology

MBIT_PER_GBIT: Final = 1000
BITS_PER_BYTE: Final = 8

RTT_FACTORS: Final[dict[RttClass | None, float]] = {
    None: 1.00,
    RttClass.UNDER_5: 1.00,
    RttClass.FROM_5_TO_20: 0.90,
    RttClass.FROM_20_TO_50: 0.75,
    RttClass.FROM_50_TO_100: 0.55,
    RttClass.OVER_100: 0.35,
}
"""What is left of an internet link at a round-trip time (domain specification 3.1)."""


class Constraint(StrEnum):
    """The parts of the way, in their order; of two equal ones the first is named."""

    SOURCE_NIC = "source_nic"
    LINK = "link"
    TARGET_INGRESS = "target_ingress"
    AGENT_INGEST = "agent_ingest"
    TARGET_STORAGE = "target_storage"


@dataclass(frozen=True, slots=True)
class RateLimit:
    """One part of the way. ``rate_mbit_s`` is None where it limits nothing."""

    constraint: Constraint
    rate_mbit_s: float | None
    explanation: str
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bandwidth:
    """All limits and the one that binds."""

    limits: tuple[RateLimit, ...]
    bottleneck: Constraint
    bottleneck_mbit_s: float


def model_bandwidth(settings: PlanSettings) -> Bandwidth:
    """The bandwidth between source and target.

    >>> model = model_bandwidth(PlanSettings())
    >>> model.bottleneck.value, model.bottleneck_mbit_s   # storage ties at 500 MB/s of 8 bits
    ('source_nic', 4000.0)
    """
    limits = (
        _source(settings),
        _link(settings),
        _target(settings),
        _agents(settings),
        _storage(settings),
    )
    binding = [
        (limit.rate_mbit_s, limit.constraint) for limit in limits if limit.rate_mbit_s is not None
    ]
    rate_mbit_s, bottleneck = min(binding, key=lambda pair: pair[0])
    return Bandwidth(limits=limits, bottleneck=bottleneck, bottleneck_mbit_s=rate_mbit_s)


def _source(s: PlanSettings) -> RateLimit:
    return RateLimit(
        Constraint.SOURCE_NIC,
        s.source_nic_gbit_s * MBIT_PER_GBIT * s.source_usable_pct / 100,
        f"{s.source_nic_gbit_s:g} Gbit/s, {s.source_usable_pct:g} % usable",
        ("source_nic_gbit_s", "source_usable_pct"),
    )


def _link(s: PlanSettings) -> RateLimit:
    if s.topology is Topology.DEDICATED and s.link_gbit_s is not None:
        return RateLimit(
            Constraint.LINK,
            s.link_gbit_s * MBIT_PER_GBIT * s.link_usable_pct / 100,
            f"dedicated link of {s.link_gbit_s:g} Gbit/s, {s.link_usable_pct:g} % usable",
            ("link_gbit_s", "link_usable_pct"),
        )
    if (
        s.topology is Topology.INTERNET
        and s.upload_mbit_s is not None
        and s.download_mbit_s is not None
    ):
        factor = RTT_FACTORS[s.rtt_class]
        return RateLimit(
            Constraint.LINK,
            min(s.upload_mbit_s, s.download_mbit_s) * s.link_usable_pct / 100 * factor,
            f"internet, {s.upload_mbit_s:g} Mbit/s up, {s.download_mbit_s:g} Mbit/s down, "
            f"{s.link_usable_pct:g} % usable, {factor:g} of it left by the round-trip time",
            ("upload_mbit_s", "download_mbit_s", "link_usable_pct", "rtt_class"),
        )
    return RateLimit(Constraint.LINK, None, "one site: no link in between", ("topology",))


def _target(s: PlanSettings) -> RateLimit:
    return RateLimit(
        Constraint.TARGET_INGRESS,
        s.target_nic_gbit_s * MBIT_PER_GBIT * s.target_usable_pct / 100,
        f"{s.target_nic_gbit_s:g} Gbit/s, {s.target_usable_pct:g} % usable",
        ("target_nic_gbit_s", "target_usable_pct"),
    )


def _agents(s: PlanSettings) -> RateLimit:
    return RateLimit(
        Constraint.AGENT_INGEST,
        s.agent_count * s.agent_nic_gbit_s * MBIT_PER_GBIT * s.agent_usable_pct / 100,
        f"{s.agent_count} agents of {s.agent_nic_gbit_s:g} Gbit/s, {s.agent_usable_pct:g} % usable",
        ("agent_count", "agent_nic_gbit_s", "agent_usable_pct"),
    )


def _storage(s: PlanSettings) -> RateLimit:
    return RateLimit(
        Constraint.TARGET_STORAGE,
        s.target_storage_write_mb_s * BITS_PER_BYTE,
        f"{s.target_storage_write_mb_s:g} MB/s of 8 bits",
        ("target_storage_write_mb_s",),
    )
