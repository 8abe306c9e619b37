"""How a VM can be copied: warm, warm with a risk, or only cold (decision 14)."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.assessment.domain.os_support import COLD_ONLY, WARM_RISKY, OsLimit
from services.assessment.domain.risk_score import RiskBand
from services.assessment.domain.vm_facts import DiskFacts, VmFacts

_MIB_PER_GIB: Final = 1024


class ModeClass(StrEnum):
    """What the workbook allows, before an operator's override."""

    WARM_ELIGIBLE = "warm_eligible"
    WARM_RISKY = "warm_risky"
    COLD_REQUIRED = "cold_required"


@dataclass(frozen=True, slots=True)
class ModeRules:
    """The lists and limits of the classification."""

    cold_only: tuple[OsLimit, ...] = COLD_ONLY
    risky: tuple[OsLimit, ...] = WARM_RISKY
    min_hardware_version: int = 7
    risky_disk_mib: int = 5000 * _MIB_PER_GIB
    risky_snapshot_count: int = 5


DEFAULT_RULES: Final = ModeRules()


@dataclass(frozen=True, slots=True)
class OsModes:
    """What the guest alone says; the same for every VM that runs it."""

    is_cold_only: bool = False
    is_risky: bool = False


@dataclass(frozen=True, slots=True)
class ModeReason:
    """Why a VM has its class; a remark on a warm one changes nothing."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True)
class Mode:
    """The class and why."""

    mode_class: ModeClass
    reasons: tuple[ModeReason, ...]


def classify_mode(
    vm: VmFacts, *, os: OsModes, band: RiskBand, rules: ModeRules = DEFAULT_RULES
) -> Mode:
    """The class of ``vm`` with every reason that leads to it; the strictest class wins."""
    if cold := tuple(_cold_reasons(vm, os, rules)):
        return Mode(ModeClass.COLD_REQUIRED, cold)
    remarks = tuple(_remarks(vm))
    if risky := tuple(_risky_reasons(vm, os, band, rules)):
        return Mode(ModeClass.WARM_RISKY, risky + remarks)
    return Mode(ModeClass.WARM_ELIGIBLE, remarks)


def _cold_reasons(vm: VmFacts, os: OsModes, rules: ModeRules) -> Iterator[ModeReason]:
    if vm.power_state == "poweredOff":
        yield ModeReason("powered_off", "The VM is powered off.")
    elif vm.power_state == "suspended":
        yield ModeReason("suspended", "The VM is suspended.")
    if os.is_cold_only:
        yield ModeReason("cold_only_os", "No live copy is known to work with this OS.")
    version = vm.hardware_version
    if version is not None and version < rules.min_hardware_version:
        yield ModeReason(
            "old_hardware_version",
            f"Hardware version {version} has no changed block tracking; "
            f"{rules.min_hardware_version} has.",
        )
    yield from _disk_reasons(vm.disks)


def _disk_reasons(disks: Iterable[DiskFacts]) -> Iterator[ModeReason]:
    for disk in disks:
        if disk.is_raw:
            yield ModeReason("raw_disk", f"{disk.label} is a raw device mapping.")
        if disk.disk_mode and disk.disk_mode.lower().startswith("independent"):
            yield ModeReason("independent_disk", f"{disk.label} is left out of snapshots.")
        if is_shared(disk):
            yield ModeReason("shared_disk", f"{disk.label} is shared between VMs.")


# RVTools 4 prints vSphere's words, 3.x the numbers behind them; noSharing is 0.
_SHARED_BUS: Final = frozenset({"physicalsharing", "virtualsharing", "1", "2"})


def is_shared(disk: DiskFacts) -> bool:
    """Whether several VMs may write to ``disk``: multi-writer, or a shared SCSI bus."""
    if disk.sharing_mode and disk.sharing_mode.lower() == "sharingmultiwriter":
        return True
    return disk.shared_bus is not None and disk.shared_bus.lower() in _SHARED_BUS


def _risky_reasons(
    vm: VmFacts, os: OsModes, band: RiskBand, rules: ModeRules
) -> Iterator[ModeReason]:
    if os.is_risky:
        yield ModeReason("risky_os", "This OS supports a live copy with limits only.")
    if vm.disk_mib is not None and vm.disk_mib >= rules.risky_disk_mib:
        yield ModeReason("very_large_disk", f"{vm.disk_mib / _MIB_PER_GIB:.0f} GiB of disk.")
    if vm.snapshot_count is not None and vm.snapshot_count >= rules.risky_snapshot_count:
        yield ModeReason("many_snapshots", f"{vm.snapshot_count} snapshots.")
    if band is RiskBand.RED:
        yield ModeReason("red_band", "The risk score is in the RED band.")


def _remarks(vm: VmFacts) -> Iterator[ModeReason]:
    if vm.power_state not in ("poweredOn", "poweredOff", "suspended"):
        yield ModeReason("power_state_unknown", "The power state is unknown: check before copying.")
    if vm.has_cbt is False:
        yield ModeReason("cbt_off", "Changed block tracking is off; the tool switches it on.")
