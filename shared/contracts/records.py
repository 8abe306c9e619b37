"""The bulk records inside snapshots. Sizes are MiB; absent means unknown, never 0.

``vm.v1``          ingest → assessment: what the workbook says of a VM
``assessed-vm.v1`` assessment → planner: the same with tenant, OS, risk and mode
``planned-vm.v1``  planner → exporter, provisioner: where and when it moves
"""

from datetime import datetime
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.vm_parts import (
    AttachmentRecord,
    DiskRecord,
    MediaRecord,
    NicRecord,
    PartitionRecord,
    SnapshotRecord,
)


class Record(BaseModel):
    """Base of bulk records: frozen, tolerant of fields a newer producer adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    SCHEMA: ClassVar[str]


class PowerState(StrEnum):
    """vSphere's power states, and our word for a blank or foreign one."""

    ON = "poweredOn"
    OFF = "poweredOff"
    SUSPENDED = "suspended"
    UNKNOWN = "unknown"


class IdentityBasis(StrEnum):
    """What a VM is recognised by (decision 2); ``name`` is weak."""

    MOREF = "moref"
    UUID = "uuid"
    NAME = "name"


class SizeBasis(StrEnum):
    """Where a size comes from, best first."""

    VDISK = "vdisk"
    TOTAL_DISK_CAPACITY = "total_disk_capacity"
    GUEST_USED = "guest_used"
    ALLOCATED = "allocated"
    PROVISIONED = "provisioned"
    UNKNOWN = "unknown"


class FigureBasis(StrEnum):
    """How a figure is known."""

    REPORTED = "reported"
    DERIVED = "derived"
    MISSING = "missing"


class VmRecord(Record):
    """One VM of an inventory, with all that belongs to it. Templates and placeholders are included.

    Times are vCenter's, without a zone. Clocks and limits are MHz; a limit is absent where none is
    set.
    """

    SCHEMA: ClassVar[str] = "vm.v1"

    vm_id: UUID
    name: str
    vcenter: str = Field(description="VI SDK UUID, else server name, else 'unnamed'")
    moref: str | None = None
    vm_uuid: str | None = None
    identity_basis: IdentityBasis
    power_state: PowerState
    is_template: bool = False
    is_srm_placeholder: bool = False
    connection_state: str | None = None
    datacenter: str | None = None
    cluster: str | None = None
    host: str | None = None
    folder: str | None = None
    resource_pool: str | None = None
    vapp: str | None = None
    annotation: str | None = None
    os_config: str | None = None
    os_tools: str | None = None
    dns_name: str | None = None
    primary_ip: str | None = None
    hardware_version: int | None = None
    firmware: str | None = None
    has_cbt: bool | None = None
    vcpus: int | None = None
    memory_mib: int | None = None
    disk_mib: int | None = None
    disk_basis: SizeBasis = SizeBasis.UNKNOWN
    provisioned_mib: int | None = None
    allocated_mib: int | None = None
    used_mib: int | None = None
    used_basis: SizeBasis = SizeBasis.UNKNOWN
    snapshot_count: int | None = None
    oldest_snapshot_days: int | None = Field(default=None, description="Whole days, at the export")
    derived_fields: list[str] = Field(
        default_factory=list, description="Fields that another tab than vInfo supplied"
    )
    guest_state: str | None = None
    guest_detail: str | None = Field(
        default=None, description="What the guest says of itself, such as its exact distribution"
    )
    tools_status: str | None = Field(default=None, description="toolsOk, toolsOld, …")
    tools_version: str | None = None
    tools_required_version: str | None = None
    is_tools_upgradeable: bool | None = None
    smbios_uuid: str | None = Field(default=None, description="Repeats on clones")
    powered_on_at: datetime | None = None
    created_at: datetime | None = None
    needs_consolidation: bool | None = None
    latency_sensitivity: str | None = None
    ft_state: str | None = None
    has_secure_boot: bool | None = None
    shows_disk_uuids: bool | None = Field(default=None, description="EnableUUID")
    ha_restart_priority: str | None = None
    cluster_rules: str | None = None
    cpu_sockets: int | None = None
    cores_per_socket: int | None = None
    cpu_used_mhz: int | None = None
    cpu_max_mhz: int | None = None
    cpu_percent: float | None = Field(default=None, description="Used of what its vCPUs can draw")
    cpu_basis: FigureBasis = FigureBasis.MISSING
    cpu_readiness_percent: float | None = None
    cpu_reservation_mhz: int | None = None
    cpu_limit_mhz: int | None = None
    has_cpu_hot_add: bool | None = None
    has_cpu_hot_remove: bool | None = None
    memory_active_mib: int | None = Field(
        default=None, description="What the guest touched lately: the low bound of its need"
    )
    memory_active_percent: float | None = None
    memory_active_basis: FigureBasis = FigureBasis.MISSING
    memory_consumed_mib: int | None = Field(
        default=None, description="What the host holds for it: the high bound of its need"
    )
    memory_consumed_percent: float | None = None
    memory_consumed_basis: FigureBasis = FigureBasis.MISSING
    memory_ballooned_mib: int | None = None
    memory_swapped_mib: int | None = None
    memory_reservation_mib: int | None = None
    memory_limit_mib: int | None = None
    is_memory_locked: bool | None = None
    has_memory_hot_add: bool | None = None
    guest_used_mib: int | None = Field(
        default=None,
        description="In use inside the guest; absent where its file systems cover less than 80 % "
        "of its disks. allocated_mib is what the datastores hold",
    )
    host_cpu_mhz: int | None = Field(default=None, description="Clock of its host")
    host_nic_mbit_s: int | None = Field(default=None, description="Fastest port of its host")
    host_esx_version: str | None = None
    attributes: dict[str, str] = Field(
        default_factory=dict, description="Custom attributes and tags that have a value"
    )
    disks: list[DiskRecord] = Field(default_factory=list)
    nics: list[NicRecord] = Field(default_factory=list)
    snapshots: list[SnapshotRecord] = Field(default_factory=list)
    partitions: list[PartitionRecord] = Field(default_factory=list)
    media: list[MediaRecord] = Field(default_factory=list)


class OsFamily(StrEnum):
    """Coarse family of a guest."""

    WINDOWS = "windows"
    LINUX = "linux"
    OTHER = "other"


class RiskBand(StrEnum):
    """GREEN ≤ 20 < YELLOW ≤ 50 < RED (decision 12)."""

    GREEN = "green"
    YELLOW = "yellow"
    RED = "red"


class ModeClass(StrEnum):
    """How a VM can be copied (decision 14)."""

    WARM_ELIGIBLE = "warm_eligible"
    WARM_RISKY = "warm_risky"
    COLD_REQUIRED = "cold_required"


class Severity(StrEnum):
    """How grave a finding is, the gravest first (decision 13)."""

    BLOCKER = "blocker"
    HIGH = "high"
    MEDIUM = "medium"
    INFO = "info"


class Reason(BaseModel):
    """Why a VM got points or a mode."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    rule: str
    points: int = 0
    text: str
    severity: Severity | None = Field(default=None, description="Null for reasons of a mode")


class Confidence(StrEnum):
    """How sure it is whose VM it is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class TargetSupport(StrEnum):
    """Whether the target runs a guest; unknown where product or release are."""

    SUPPORTED = "supported"
    UNSUPPORTED = "unsupported"
    UNKNOWN = "unknown"


class WaiverRecord(BaseModel):
    """That and why somebody lets a finding pass."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    note: str
    by: str = Field(description="What the author is called")
    at: datetime


class FindingRecord(BaseModel):
    """What stands in a VM's way. The same kind may be there twice, of two disks."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    severity: Severity
    seen: str
    is_waived: bool = Field(default=False, description="It stands in nobody's way any more")
    waiver: WaiverRecord | None = None


class AssessedVmRecord(Record):
    """One VM with what the planner needs to know, and why."""

    SCHEMA: ClassVar[str] = "assessed-vm.v1"

    vm_id: UUID
    name: str
    vcenter: str
    moref: str | None = None
    power_state: PowerState
    is_excluded: bool = Field(
        description="Template, SRM placeholder or vCLS VM: in no total (decision 4)"
    )
    excluded_because: str | None = None
    datacenter: str | None = None
    cluster: str | None = None
    host: str | None = None
    tenant_id: UUID
    tenant_name: str
    org_vdc: str | None = None
    detection_method: str
    detection_rule: str | None = Field(
        default=None, description="Id of the rule; absent in assessments of an older version"
    )
    tenant_confidence: Confidence | None = None
    app_group: str | None = None
    os_family: OsFamily
    os_product: str | None = None
    os_version: str | None = None
    os_text: str | None = None
    target_support: TargetSupport = TargetSupport.UNKNOWN
    vcpus: int | None = None
    memory_mib: int | None = None
    disk_mib: int | None = None
    provisioned_mib: int | None = None
    allocated_mib: int | None = None
    used_mib: int | None = None
    used_basis: SizeBasis = SizeBasis.UNKNOWN
    cpu_used_mhz: int | None = Field(default=None, description="Drawn at the time of the export")
    cpu_capacity_mhz: int | None = Field(
        default=None,
        description="What its vCPUs can draw: as reported, else at the clock of its host",
    )
    cpu_percent: float | None = None
    cpu_basis: FigureBasis = FigureBasis.MISSING
    memory_active_mib: int | None = Field(
        default=None, description="What the guest touched lately: the low bound of its need"
    )
    memory_active_percent: float | None = None
    memory_active_basis: FigureBasis = FigureBasis.MISSING
    memory_consumed_mib: int | None = Field(
        default=None, description="What the host holds for it: the high bound of its need"
    )
    memory_consumed_percent: float | None = None
    memory_consumed_basis: FigureBasis = FigureBasis.MISSING
    disk_count: int = 0
    nic_count: int = 0
    networks: list[str] = Field(default_factory=list)
    attachments: list[AttachmentRecord] = Field(
        default_factory=list,
        description="The networks of all its NICs; empty in assessments of an older version",
    )
    dns_name: str | None = None
    ip_addresses: list[str] = Field(
        default_factory=list, description="The primary one first, then those of the NICs"
    )
    snapshot_count: int | None = None
    risk_score: int = Field(ge=0, le=100)
    risk_band: RiskBand
    risk_reasons: list[Reason] = Field(default_factory=list)
    mode_class: ModeClass
    mode_reasons: list[Reason] = Field(default_factory=list)
    findings: list[FindingRecord] = Field(
        default_factory=list,
        description="Those that are not waived first, the gravest before; advice on each is in the "
        "assessment",
    )


class EffectiveMode(StrEnum):
    """How a VM will be copied."""

    WARM = "warm"
    COLD = "cold"


class PlannedVmRecord(Record):
    """One in-scope VM in its place in the schedule. Times are aware UTC."""

    SCHEMA: ClassVar[str] = "planned-vm.v1"

    sequence: int = Field(ge=1, description="Order of starts")
    vm_id: UUID
    name: str
    tenant_id: UUID
    tenant_name: str
    org_vdc: str | None = None
    cluster: str | None = None
    power_state: PowerState
    os_family: OsFamily
    os_text: str | None = None
    vcpus: int
    memory_mib: int
    disk_mib: int
    used_mib: int
    disk_count: int | None = Field(
        default=None, description="Virtual disks; absent in plans of an older version"
    )
    nic_count: int | None = Field(
        default=None, description="Network adapters; absent in plans of an older version"
    )
    networks: list[str] = Field(default_factory=list)
    risk_score: int
    risk_band: RiskBand
    mode_class: ModeClass
    mode: EffectiveMode
    copy_h: float = Field(description="Uncontended copy, working hours")
    copy_low_h: float | None = Field(default=None, description="Copy if everything goes well")
    copy_high_h: float | None = Field(default=None, description="Copy if little does")
    cutover_h: float
    downtime_h: float
    bound_by: str = Field(description="What limits the copy: stream_cap or a bandwidth constraint")
    start: datetime
    copy_end: datetime
    end: datetime = Field(description="Cut-over complete")
    day: int = Field(ge=1, description="Working day of the schedule on which the copy starts")
    why_here: str
    findings: list[str] = Field(
        default_factory=list, description="warm_not_convergent, or <figure>_unknown: counted as 0"
    )
