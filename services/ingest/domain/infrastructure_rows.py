"""The rows of the tabs about vCenter, typed: hosts, clusters, storage, health.

Sizes are MiB, clocks MHz; None is unknown.
"""

from dataclasses import dataclass, field
from typing import Final

from services.ingest.domain.identity import VCenters
from services.ingest.domain.network_rows import HostNicRow, PortGroupRow
from services.ingest.domain.row_cells import RowCells
from services.ingest.domain.rows import MAX_NUMBER, MAX_PERCENT
from services.ingest.domain.sources import Source, source_of

MOST_CORES: Final = 100_000
MOST_VMS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class HostRow:
    """One row of vHost."""

    number: int
    source: Source
    name: str
    datacenter: str | None
    cluster: str | None
    object_id: str | None
    is_in_maintenance: bool | None
    cpu_model: str | None
    cpu_mhz: int | None
    """The clock of one core; RVTools calls it Speed."""
    sockets: int | None
    cores: int | None
    has_hyper_threading: bool | None
    cpu_percent: float | None
    memory_mib: int | None
    memory_percent: float | None
    vm_count: int | None
    powered_on_vm_count: int | None
    vcpu_count: int | None
    vram_mib: int | None
    esx_version: str | None
    vendor: str | None
    model: str | None


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """One row of vCluster. Totals are of all hosts, effective ones of those that can be used."""

    number: int
    source: Source
    name: str
    object_id: str | None
    host_count: int | None
    effective_host_count: int | None
    cores: int | None
    total_mhz: int | None
    effective_mhz: int | None
    memory_mib: int | None
    effective_memory_mib: int | None
    has_ha: bool | None
    has_drs: bool | None
    has_dpm: bool | None


@dataclass(frozen=True, slots=True)
class DatastoreRow:
    """One row of vDatastore."""

    number: int
    source: Source
    name: str
    object_id: str | None
    kind: str | None
    address: str | None
    is_accessible: bool | None
    capacity_mib: int | None
    provisioned_mib: int | None
    in_use_mib: int | None
    free_mib: int | None
    vm_count: int | None
    host_count: int | None
    datastore_cluster: str | None


@dataclass(frozen=True, slots=True)
class PoolRow:
    """One row of vRP. A limit is None where none is set."""

    number: int
    source: Source
    path: str
    name: str | None
    object_id: str | None
    vm_count: int | None
    cpu_reservation_mhz: int | None
    cpu_limit_mhz: int | None
    memory_reservation_mib: int | None
    memory_limit_mib: int | None


@dataclass(frozen=True, slots=True)
class HealthRow:
    """One row of vHealth: what RVTools found worth a look."""

    number: int
    source: Source
    name: str | None
    kind: str | None
    message: str


@dataclass(slots=True)
class InfrastructureRows:
    """The rows of all those tabs."""

    hosts: list[HostRow] = field(default_factory=list)
    clusters: list[ClusterRow] = field(default_factory=list)
    datastores: list[DatastoreRow] = field(default_factory=list)
    pools: list[PoolRow] = field(default_factory=list)
    standard_ports: list[PortGroupRow] = field(default_factory=list)
    distributed_ports: list[PortGroupRow] = field(default_factory=list)
    host_nics: list[HostNicRow] = field(default_factory=list)
    health: list[HealthRow] = field(default_factory=list)

    def note_vcenters(self, vcenters: VCenters) -> None:
        """Takes note of the vCenter that each row names."""
        for rows in (self.hosts, self.clusters, self.datastores, self.pools):
            for source in {row.source for row in rows}:
                vcenters.see(uuid=source.uuid, server=source.server, file=source.file)


def host_row(row: RowCells) -> HostRow:
    """A row of vHost."""
    return HostRow(
        number=row.number,
        source=source_of(row),
        name=row.text("Host") or "",
        datacenter=row.shared("Datacenter"),
        cluster=row.shared("Cluster"),
        object_id=row.text("Object ID"),
        is_in_maintenance=row.flag("in Maintenance Mode"),
        cpu_model=row.shared("CPU Model"),
        cpu_mhz=row.whole("Speed", at_most=MAX_NUMBER) or None,
        sockets=row.whole("# CPU", at_most=MOST_CORES),
        cores=row.whole("# Cores", at_most=MOST_CORES),
        has_hyper_threading=row.flag("HT Active"),
        cpu_percent=row.decimal("CPU usage %", at_most=MAX_PERCENT),
        memory_mib=row.mib("# Memory"),
        memory_percent=row.decimal("Memory usage %", at_most=MAX_PERCENT),
        vm_count=row.whole("# VMs total", at_most=MOST_VMS),
        powered_on_vm_count=row.whole("# VMs", at_most=MOST_VMS),
        vcpu_count=row.whole("# vCPUs", at_most=MAX_NUMBER),
        vram_mib=row.mib("vRAM"),
        esx_version=row.shared("ESX Version"),
        vendor=row.shared("Vendor"),
        model=row.shared("Model"),
    )


def cluster_row(row: RowCells) -> ClusterRow:
    """A row of vCluster."""
    return ClusterRow(
        number=row.number,
        source=source_of(row),
        name=row.text("Name") or "",
        object_id=row.text("Object ID"),
        host_count=row.whole("NumHosts", at_most=MOST_CORES),
        effective_host_count=row.whole("numEffectiveHosts", at_most=MOST_CORES),
        cores=row.whole("NumCpuCores", at_most=MAX_NUMBER),
        total_mhz=row.whole("TotalCpu", at_most=1 << 40),
        effective_mhz=row.whole("Effective Cpu", at_most=1 << 40),
        memory_mib=row.mib("TotalMemory"),
        effective_memory_mib=row.mib("Effective Memory"),
        has_ha=row.flag("HA enabled"),
        has_drs=row.flag("DRS enabled"),
        has_dpm=row.flag("DPM enabled"),
    )


def datastore_row(row: RowCells) -> DatastoreRow:
    """A row of vDatastore."""
    total = row.whole("# VMs total", at_most=MOST_VMS)
    return DatastoreRow(
        number=row.number,
        source=source_of(row),
        name=row.text("Name") or "",
        object_id=row.text("Object ID"),
        kind=row.shared("Type"),
        address=row.text("Address"),
        is_accessible=row.flag("Accessible"),
        capacity_mib=row.mib("Capacity MiB"),
        provisioned_mib=row.mib("Provisioned MiB"),
        in_use_mib=row.mib("In Use MiB"),
        free_mib=row.mib("Free MiB"),
        vm_count=total if total is not None else row.whole("# VMs", at_most=MOST_VMS),
        host_count=row.whole("# Hosts", at_most=MOST_CORES),
        datastore_cluster=row.shared("Cluster name"),
    )


def pool_row(row: RowCells) -> PoolRow:
    """A row of vRP."""
    total = row.whole("# VMs total", at_most=MOST_VMS)
    return PoolRow(
        number=row.number,
        source=source_of(row),
        path=row.text("Resource Pool path") or "",
        name=row.text("Resource Pool name"),
        object_id=row.text("Object ID"),
        vm_count=total if total is not None else row.whole("# VMs", at_most=MOST_VMS),
        cpu_reservation_mhz=row.whole("CPU reservation", at_most=1 << 40),
        cpu_limit_mhz=row.limit("CPU limit", at_most=1 << 40),
        memory_reservation_mib=row.whole("Mem reservation", at_most=1 << 42),
        memory_limit_mib=row.limit("Mem limit", at_most=1 << 42),
    )


def health_row(row: RowCells) -> HealthRow:
    """A row of vHealth."""
    return HealthRow(
        number=row.number,
        source=source_of(row),
        name=row.text("Name"),
        kind=row.shared("Message type"),
        message=row.shared("Message") or "",
    )
