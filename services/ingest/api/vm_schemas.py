"""The body of a VM."""

from datetime import datetime
from uuid import UUID

from pydantic import Field

from shared.contracts.records import FigureBasis, IdentityBasis, PowerState, SizeBasis
from shared.http.models import ReplyModel


class VmReply(ReplyModel):
    """A VM as the workbook tells it. Sizes are MiB; null is unknown. Times are vCenter's own,
    without a zone. A limit is null where none is set."""

    vm_id: UUID
    name: str
    vcenter: str
    moref: str | None
    vm_uuid: str | None
    identity_basis: IdentityBasis = Field(description="name is weak")
    power_state: PowerState
    is_template: bool
    is_srm_placeholder: bool
    connection_state: str | None
    datacenter: str | None
    cluster: str | None
    host: str | None
    folder: str | None
    resource_pool: str | None
    vapp: str | None
    os_config: str | None
    os_tools: str | None
    dns_name: str | None
    primary_ip: str | None
    hardware_version: int | None
    firmware: str | None
    has_cbt: bool | None
    vcpus: int | None
    memory_mib: int | None
    disk_mib: int | None
    disk_basis: SizeBasis
    provisioned_mib: int | None
    allocated_mib: int | None
    used_mib: int | None
    used_basis: SizeBasis
    snapshot_count: int | None
    oldest_snapshot_days: int | None
    disk_count: int
    nic_count: int
    derived_fields: list[str] = Field(description="Figures that another tab than vInfo supplied")
    source_row: int = Field(description="Row of vInfo; the header is row 1 unless moved")
    guest_state: str | None
    guest_detail: str | None = Field(description="What the guest says of its distribution")
    tools_status: str | None = Field(description="VMware Tools: toolsOk, toolsOld, …")
    tools_version: str | None
    tools_required_version: str | None
    is_tools_upgradeable: bool | None
    smbios_uuid: str | None = Field(description="Repeats on clones; identifies nothing")
    powered_on_at: datetime | None
    created_at: datetime | None
    needs_consolidation: bool | None = Field(description="Its disks wait for consolidation")
    latency_sensitivity: str | None
    ft_state: str | None = Field(description="Fault Tolerance")
    has_secure_boot: bool | None
    shows_disk_uuids: bool | None = Field(description="EnableUUID: the guest sees disk serials")
    ha_restart_priority: str | None
    cluster_rules: str | None
    cpu_sockets: int | None
    cores_per_socket: int | None
    cpu_used_mhz: int | None = Field(description="MHz drawn at the time of the export")
    cpu_max_mhz: int | None = Field(description="MHz that its vCPUs can draw")
    cpu_percent: float | None = Field(description="Percent of them; may exceed 100 with turbo")
    cpu_basis: FigureBasis = Field(description="derived: by the clock of the host")
    cpu_readiness_percent: float | None
    cpu_reservation_mhz: int | None
    cpu_limit_mhz: int | None
    has_cpu_hot_add: bool | None
    has_cpu_hot_remove: bool | None
    memory_active_mib: int | None = Field(description="Touched lately: the low bound of its need")
    memory_active_percent: float | None
    memory_active_basis: FigureBasis
    memory_consumed_mib: int | None = Field(description="Held by the host: the high bound")
    memory_consumed_percent: float | None
    memory_consumed_basis: FigureBasis
    memory_ballooned_mib: int | None
    memory_swapped_mib: int | None
    memory_reservation_mib: int | None
    memory_limit_mib: int | None
    is_memory_locked: bool | None = Field(description="All of its memory is reserved")
    has_memory_hot_add: bool | None
    guest_used_mib: int | None = Field(
        description="In use in the guest; null where its file systems cover less than 80 % of its "
        "disks"
    )
    host_cpu_mhz: int | None = Field(description="Clock of its host")
    host_nic_mbit_s: int | None = Field(description="Fastest port of its host, Mbit/s")
    host_esx_version: str | None
    attributes: dict[str, str] = Field(description="Custom attributes and tags with a value")
