"""A VM as the planner sees it, and the words for its states. Sizes are MiB, None is unknown."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from shared.kernel.ids import TenantId, VmId

PRIORITY_UNSET: Final = 999
"""A tenant without a priority comes after those that have one (lower is earlier)."""
VM_PRIORITY_DEFAULT: Final = 50
"""A VM nobody has ranked; 1 is first."""


class PowerState(StrEnum):
    """vSphere's power states, and our word for any other."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


class RiskBand(StrEnum):
    """Band of the risk score (decision 12)."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class ModeClass(StrEnum):
    """How a VM can be copied, as assessed (decision 14)."""

    WARM_ELIGIBLE = "warm_eligible"
    WARM_RISKY = "warm_risky"
    COLD_REQUIRED = "cold_required"


class Mode(StrEnum):
    """How a VM will be copied."""

    WARM = "warm"
    COLD = "cold"


class Finding(StrEnum):
    """What the planner noticed about a VM."""

    WARM_NOT_CONVERGENT = "warm_not_convergent"
    VCPUS_UNKNOWN = "vcpus_unknown"
    MEMORY_UNKNOWN = "memory_unknown"
    DISK_UNKNOWN = "disk_unknown"
    USED_UNKNOWN = "used_unknown"


@dataclass(frozen=True, slots=True)
class Tenant:
    """The group a VM belongs to. Two org VDCs of one organisation are two tenants."""

    tenant_id: TenantId
    name: str
    org_vdc: str | None = None
    priority: int = PRIORITY_UNSET


@dataclass(frozen=True, slots=True, kw_only=True)
class Vm:
    """One in-scope VM: no template, no placeholder, no vCLS VM."""

    vm_id: VmId
    tenant: Tenant
    power_state: PowerState
    mode_class: ModeClass
    risk_band: RiskBand
    vcpus: int | None = None
    memory_mib: int | None = None
    disk_mib: int | None = None
    used_mib: int | None = None
    allocated_mib: int | None = None
    priority: int = VM_PRIORITY_DEFAULT

    @property
    def provisioned_volume_mib(self) -> int:
        """What a cold copy reads: the disks' capacity, else what is used."""
        return self.disk_mib if self.disk_mib is not None else self.used_mib or 0

    @property
    def used_volume_mib(self) -> int:
        """What a warm copy reads: what is used, else the disks' capacity."""
        return self.used_mib if self.used_mib is not None else self.disk_mib or 0

    def unknowns(self) -> list[Finding]:
        """Figures the workbook does not give; totals count them as 0 and say so."""
        missing = {
            Finding.VCPUS_UNKNOWN: self.vcpus,
            Finding.MEMORY_UNKNOWN: self.memory_mib,
            Finding.DISK_UNKNOWN: self.disk_mib,
            Finding.USED_UNKNOWN: self.used_mib,
        }
        return [finding for finding, value in missing.items() if value is None]


def effective_mode(mode_class: ModeClass, *, warm_risky_mode: Mode) -> Mode:
    """The mode everything downstream uses (decision 14).

    >>> effective_mode(ModeClass.WARM_RISKY, warm_risky_mode=Mode.WARM).value
    'warm'
    """
    if mode_class is ModeClass.COLD_REQUIRED:
        return Mode.COLD
    return warm_risky_mode if mode_class is ModeClass.WARM_RISKY else Mode.WARM
