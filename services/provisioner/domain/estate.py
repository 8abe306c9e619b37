"""What the planned VMs add up to: by tenant, by network and by shape.

VMs are added one at a time, in any order, and forgotten: memory grows with the number of tenants,
networks and shapes, not with that of VMs.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

from shared.kernel.ids import TenantId
from shared.kernel.quantities import MIB_PER_GIB

Shape: TypeAlias = tuple[int, int]
"""vCPUs and MiB of memory; 0 means that the workbook does not say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedVm:
    """What preparing needs to know of one VM in scope. An unknown figure is 0, a count None."""

    tenant_id: TenantId
    tenant_name: str
    org_vdc: str | None
    vcpus: int
    memory_mib: int
    disk_mib: int
    disk_count: int | None
    nic_count: int | None
    networks: tuple[str, ...]
    has_unknowns: bool

    @property
    def volumes(self) -> int:
        """One for each disk; one in all if only their size is known."""
        return max(self.disk_count or 0, 1 if self.disk_mib else 0)

    @property
    def volume_gib(self) -> int:
        """What its volumes may need at most: each is a whole number of GiB."""
        return (self.disk_mib + self.volumes * (MIB_PER_GIB - 1)) // MIB_PER_GIB

    @property
    def ports(self) -> int:
        """One for each adapter; one for each network if adapters are not counted."""
        return max(self.nic_count or 0, len(set(self.networks)))


@dataclass(slots=True)
class TenantNeed:
    """A tenant and the sums over its VMs, powered-off ones included."""

    tenant_id: TenantId
    name: str
    org_vdc: str | None
    vms: int = 0
    vcpus: int = 0
    memory_mib: int = 0
    volumes: int = 0
    volume_gib: int = 0
    ports: int = 0
    vms_with_unknowns: int = 0

    def add(self, vm: PlannedVm) -> None:
        """Count one VM."""
        self.vms += 1
        self.vcpus += vm.vcpus
        self.memory_mib += vm.memory_mib
        self.volumes += vm.volumes
        self.volume_gib += vm.volume_gib
        self.ports += vm.ports
        self.vms_with_unknowns += vm.has_unknowns


@dataclass(slots=True)
class Estate:
    """All planned VMs, added up."""

    tenants: dict[TenantId, TenantNeed] = field(default_factory=dict)
    networks: dict[str, Counter[TenantId]] = field(default_factory=dict)
    """For each source network, how many VMs of each tenant are on it."""
    shapes: Counter[Shape] = field(default_factory=Counter)

    @property
    def vms(self) -> int:
        """How many have been added."""
        return self.shapes.total()

    def add(self, vm: PlannedVm) -> None:
        """Count one VM."""
        need = self.tenants.get(vm.tenant_id)
        if need is None:
            need = TenantNeed(vm.tenant_id, vm.tenant_name, vm.org_vdc)
            self.tenants[vm.tenant_id] = need
        need.add(vm)
        self.shapes[vm.vcpus, vm.memory_mib] += 1
        for network in set(vm.networks):
            self.networks.setdefault(network, Counter())[vm.tenant_id] += 1
