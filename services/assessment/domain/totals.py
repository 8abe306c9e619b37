"""What an assessment adds up to: in-scope VMs only, powered-off ones included (decision 4)."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums and distributions. Unknown sizes count as nothing; ``unsized_vms`` says how many VMs
    lack vCPUs, memory or disk. ``excluded`` counts the VMs left out, by reason. Distributions name
    every word, also those that no VM has; ``by_finding`` only the findings there are, and a VM that
    has one twice once. Waived findings are in ``by_waived_finding`` only; in ``by_gravest_finding``
    a VM without others is nowhere.
    """

    vms: int
    tenants: int
    powered_off: int
    unsized_vms: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    allocated_mib: int
    used_mib: int
    by_risk_band: Mapping[str, int]
    by_mode_class: Mapping[str, int]
    by_os_family: Mapping[str, int]
    by_power_state: Mapping[str, int]
    excluded: Mapping[str, int]
    by_gravest_finding: Mapping[str, int] = field(default_factory=dict)
    by_finding: Mapping[str, int] = field(default_factory=dict)
    by_waived_finding: Mapping[str, int] = field(default_factory=dict)
    by_target_support: Mapping[str, int] = field(default_factory=dict)
    by_tenant_confidence: Mapping[str, int] = field(default_factory=dict)
    by_network_class: Mapping[str, int] = field(default_factory=dict)
    """Networks, not VMs."""
