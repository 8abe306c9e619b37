"""Which VMs of an assessment are wanted, and in which order."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from services.assessment.domain.scope import Exclusion
from shared.kernel.ids import TenantId

UNKNOWN: Final = ""
"""Among the values of a text filter: VMs for which the workbook tells none."""


class VmSort(StrEnum):
    """What VMs can be sorted by, named as the fields of a VM."""

    NAME = "name"
    TENANT = "tenant_name"
    DATACENTER = "datacenter"
    CLUSTER = "cluster"
    HOST = "host"
    POWER_STATE = "power_state"
    OS_FAMILY = "os_family"
    OS = "os_text"
    VCPUS = "vcpus"
    MEMORY = "memory_mib"
    DISK = "disk_mib"
    PROVISIONED = "provisioned_mib"
    ALLOCATED = "allocated_mib"
    USED = "used_mib"
    DISK_PERCENT = "disk_used_percent"
    CPU_USED = "cpu_used_mhz"
    CPU_PERCENT = "cpu_percent"
    MEMORY_ACTIVE = "memory_active_mib"
    MEMORY_ACTIVE_PERCENT = "memory_active_percent"
    MEMORY_CONSUMED = "memory_consumed_mib"
    MEMORY_CONSUMED_PERCENT = "memory_consumed_percent"
    DISKS = "disk_count"
    NICS = "nic_count"
    SNAPSHOTS = "snapshot_count"
    RISK_SCORE = "risk_score"
    RISK_BAND = "risk_band"
    MODE_CLASS = "mode_class"
    TARGET_SUPPORT = "target_support"
    TENANT_CONFIDENCE = "tenant_confidence"
    GRAVEST_FINDING = "gravest_finding"
    FINDINGS = "finding_count"


class SortOrder(StrEnum):
    """Up or down; what is unknown comes last both ways."""

    ASCENDING = "asc"
    DESCENDING = "desc"


@dataclass(frozen=True, slots=True)
class Range:
    """From ``least`` to ``most``, both included; None is open. The unknown is in no range."""

    least: int | None = None
    most: int | None = None


ANY: Final = Range()


@dataclass(frozen=True, slots=True)
class VmFilter:
    """Which VMs: those that every field admits. An empty field admits all, and one with several
    values admits VMs that have one of them. Words are those of the records.
    """

    search: str = ""
    """Part of the name, the DNS name, an IP address or the MoRef, in any case."""
    power_state: frozenset[str] = frozenset()
    os_family: frozenset[str] = frozenset()
    os_product: frozenset[str] = frozenset()
    datacenter: frozenset[str] = frozenset()
    cluster: frozenset[str] = frozenset()
    host: frozenset[str] = frozenset()
    tenant_id: frozenset[TenantId] = frozenset()
    network: frozenset[str] = frozenset()
    """A NIC is on one of them."""
    risk_band: frozenset[str] = frozenset()
    mode_class: frozenset[str] = frozenset()
    target_support: frozenset[str] = frozenset()
    tenant_confidence: frozenset[str] = frozenset()
    finding: frozenset[str] = frozenset()
    """Ids of kinds; the VM has at least one of them."""
    severity: frozenset[str] = frozenset()
    """At least one finding of exactly one of these."""
    excluded: frozenset[Exclusion] = frozenset()
    """Empty: VMs in scope. Else the VMs that are left out for one of these reasons, and no others:
    lists never mix them (decision 4)."""
    vcpus: Range = ANY
    memory_mib: Range = ANY
    disk_mib: Range = ANY
    risk_score: Range = ANY


@dataclass(frozen=True, slots=True)
class VmOrder:
    """The order of a list; equal ones are by name, then id."""

    by: VmSort = VmSort.NAME
    order: SortOrder = SortOrder.ASCENDING
