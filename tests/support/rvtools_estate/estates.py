"""A whole estate: VM after VM, and what surrounds them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Protocol

from tests.support.rvtools_estate.cases import with_case
from tests.support.rvtools_estate.fleet import disk_of, ordinary_vm
from tests.support.rvtools_estate.landscape import Landscape, make_landscape
from tests.support.rvtools_estate.model import Power, TenantKey, Vm

VMS_PER_TEMPLATE = 60
VMS_PER_PLACEHOLDER = 80
VCLS_PER_CLUSTER = 2


class Estate(Protocol):
    """What a workbook is written from."""

    @property
    def landscape(self) -> Landscape:
        """Tenants, clusters, networks."""

    def vms(self) -> Iterator[Vm]:
        """All rows of vInfo, in order; each call gives the same."""


@dataclass(frozen=True, slots=True)
class GeneratedEstate:
    """An estate that makes each VM when it is asked for it."""

    landscape: Landscape
    vm_count: int

    def vms(self) -> Iterator[Vm]:
        """VMs in scope first, then templates, SRM placeholders and vCLS VMs."""
        for index in range(self.vm_count):
            yield with_case(self.landscape, index, ordinary_vm(self.landscape, index))
        yield from self._out_of_scope()

    def _out_of_scope(self) -> Iterator[Vm]:
        index = self.vm_count
        for number in range(max(1, self.vm_count // VMS_PER_TEMPLATE)):
            yield _template(ordinary_vm(self.landscape, index), number)
            index += 1
        for _ in range(max(1, self.vm_count // VMS_PER_PLACEHOLDER)):
            yield _placeholder(ordinary_vm(self.landscape, index))
            index += 1
        for cluster in self.landscape.clusters:
            for number in range(VCLS_PER_CLUSTER):
                vm = ordinary_vm(self.landscape, index)
                host = cluster.hosts[number % len(cluster.hosts)]
                vm = replace(
                    vm,
                    datacenter=cluster.datacenter,
                    cluster=cluster.name,
                    host=host.name,
                    host_mhz=host.mhz,
                    resource_pool=f"/{cluster.datacenter}/{cluster.name}/Resources",
                )
                yield _vcls(vm, cluster.datastores[0])
                index += 1


@dataclass(frozen=True, slots=True)
class Selection:
    """Some VMs of an estate, by their places, in a vCenter of any name."""

    whole: Estate
    places: tuple[int, ...]
    vcenter_name: str | None = None

    @property
    def landscape(self) -> Landscape:
        """That of the whole, but for the vCenter's name."""
        at = self.whole.landscape
        return at if self.vcenter_name is None else replace(at, vcenter_name=self.vcenter_name)

    def vms(self) -> Iterator[Vm]:
        """The VMs, in the order of the whole."""
        wanted = set(self.places)
        return (vm for place, vm in enumerate(self.whole.vms()) if place in wanted)


def estate(*, vms: int = 100, seed: int = 1, tenants: int = 12) -> GeneratedEstate:
    """An estate with ``vms`` VMs in scope; equal arguments give equal estates.

    ``tenants`` is the number of places in the inventory tree; a few cases add VMs in none of them.
    """
    if vms < 0 or tenants < 1:
        raise ValueError("An estate has 0 or more VMs and at least one tenant.")
    return GeneratedEstate(make_landscape(vms=vms, seed=seed, tenants=tenants), vms)


def _template(vm: Vm, number: int) -> Vm:
    return replace(
        vm,
        name=f"tpl-{'windows' if 'Windows' in vm.os_config else 'linux'}-{number + 1:02d}",
        is_template=True,
        power=Power.OFF,
        tools="toolsNotRunning",
        os_tools=None,
        cpu_used_mhz=0,
        active_mib=0,
        consumed_mib=0,
        folder=f"/{vm.datacenter}/vm/Templates",
        vapp=None,
        partitions=(),
        snapshots=(),
    )


def _placeholder(vm: Vm) -> Vm:
    """The shadow that Site Recovery Manager keeps of a VM whose original is elsewhere."""
    return replace(
        vm,
        is_srm_placeholder=True,
        power=Power.OFF,
        tools="toolsNotInstalled",
        os_tools=None,
        cpu_used_mhz=0,
        active_mib=0,
        consumed_mib=0,
        disks=tuple(replace(disk, allocated_mib=0) for disk in vm.disks),
        partitions=(),
        snapshots=(),
    )


def _vcls(vm: Vm, datastore: str) -> Vm:
    """An agent VM of vSphere Cluster Services."""
    name = f"vCLS-{vm.vm_uuid}"
    return replace(
        vm,
        name=name,
        is_vcls=True,
        power=Power.ON,
        tenant=TenantKey("vCLS", None),
        folder=f"/{vm.datacenter}/vm/vCLS",
        vapp=None,
        os_config="Other 3.x or later Linux (64-bit)",
        os_tools="VMware Photon OS (64-bit)",
        vcpus=1,
        cores_per_socket=1,
        memory_mib=128,
        cpu_used_mhz=20,
        active_mib=30,
        consumed_mib=120,
        disks=(disk_of(name, 0, 2048, datastore=datastore, allocated_mib=400),),
        nics=(),
        partitions=(),
        snapshots=(),
        annotation="vSphere Cluster Service VM",
        owner=None,
        backup_policy=None,
    )
