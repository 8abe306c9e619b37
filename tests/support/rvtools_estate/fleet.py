"""Ordinary VMs, each made from its own seed: nothing about one VM depends on another."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from random import Random

from tests.support.rvtools_estate.landscape import Landscape, random_uuid
from tests.support.rvtools_estate.model import (
    EXPORTED_AT,
    Cluster,
    Disk,
    Network,
    Nic,
    Partition,
    Power,
    Snapshot,
    Tenant,
    Vm,
)
from tests.support.rvtools_estate.vocabulary import (
    BACKUP_POLICIES,
    ENVIRONMENTS,
    ORDINARY_OS,
    OWNERS,
    ROLES,
    Os,
    Role,
)

GIB = 1024
LINUX_MOUNTS = ("/", "/var", "/data", "/opt", "/srv", "/home", "/backup")
FIRST_DISK_GIB = (40, 40, 60, 80, 100)


def vm_rng(landscape: Landscape, index: int) -> Random:
    """The random numbers of VM ``index``."""
    return Random(f"{landscape.seed}/vm/{index}")


def ordinary_vm(landscape: Landscape, index: int) -> Vm:
    """VM number ``index``. The first VMs go round the tenants, so that none is empty."""
    rng = vm_rng(landscape, index)
    tenant = _tenant_of(landscape, rng, index)
    cluster = rng.choice(landscape.clusters_in(tenant.datacenter))
    host = rng.choice(cluster.hosts)
    role = rng.choices(ROLES, weights=[r.weight for r in ROLES])[0]
    guest = rng.choices(ORDINARY_OS, weights=[o.weight for o in ORDINARY_OS])[0]
    environment = rng.choices([e for e, _ in ENVIRONMENTS], weights=[w for _, w in ENVIRONMENTS])[0]
    is_on = rng.random() >= 0.11
    has_tools = is_on and rng.random() < 0.94
    name = f"{tenant.code}-{role.name}-{environment[0]}{index + 1:03d}"
    vcpus = rng.choice(role.vcpus)
    vapp = f"vApp_{role.name}{rng.randrange(1, 5)}" if tenant.has_vapps else None
    pool = f"/{tenant.pool}" if tenant.pool else ""
    vm = Vm(
        name=name,
        moref=f"vm-{1000 + index}",
        vm_uuid=random_uuid(rng),
        smbios_uuid=random_uuid(rng),
        tenant=tenant.key,
        datacenter=cluster.datacenter,
        cluster=cluster.name,
        host=host.name,
        folder=tenant.folder + (f"/{vapp} ({random_uuid(rng)})" if vapp else ""),
        resource_pool=f"/{cluster.datacenter}/{cluster.name}/Resources{pool}",
        vapp=vapp,
        os_config=guest.config,
        vcpus=vcpus,
        cores_per_socket=1 if vcpus == 1 else 2,
        memory_mib=rng.choice(role.memory_gib) * GIB,
        host_mhz=host.mhz,
        created_at=EXPORTED_AT
        - timedelta(days=rng.randrange(20, 3000), seconds=rng.randrange(86400)),
        disks=tuple(_disks(rng, role, cluster, name)),
        nics=tuple(_nics(rng, landscape, tenant, index, has_ip=has_tools)),
    )
    vm = _with_options(rng, vm)
    vm = _powered_on(rng, vm) if is_on else vm
    return _with_tools(rng, guest, tenant, vm) if has_tools else vm


def _with_options(rng: Random, vm: Vm) -> Vm:
    """What administrators chose for it, and wrote on it."""
    has_note = rng.random() < 0.3
    return replace(
        vm,
        snapshots=tuple(_snapshots(rng)),
        hardware_version=rng.choices((9, 11, 13, 15, 17, 19, 20), (1, 2, 6, 6, 8, 12, 3))[0],
        firmware="efi" if rng.random() < 0.35 else "bios",
        has_cbt=rng.random() < 0.85,
        annotation=f"CHG{rng.randrange(100_000, 999_999)}; window Sunday 02:00"
        if has_note
        else None,
        owner=rng.choice(OWNERS),
        backup_policy=rng.choice(BACKUP_POLICIES),
    )


def _powered_on(rng: Random, vm: Vm) -> Vm:
    """The VM with its load; Tools are another matter."""
    active = rng.triangular(0.02, 0.45, 0.08)
    return replace(
        vm,
        power=Power.ON,
        tools="toolsNotInstalled",
        cpu_used_mhz=int(vm.cpu_max_mhz * rng.triangular(0.01, 0.35, 0.05)),
        active_mib=int(vm.memory_mib * active),
        consumed_mib=int(vm.memory_mib * min(1.0, active + rng.uniform(0.2, 0.6))),
    )


def _with_tools(rng: Random, guest: Os, tenant: Tenant, vm: Vm) -> Vm:
    """What a guest tells of itself."""
    return replace(
        vm,
        tools=rng.choices(("toolsOk", "toolsOld"), weights=(4, 1))[0],
        os_tools=guest.tools,
        guest_detail=guest.detail,
        dns_name=f"{vm.name}.{tenant.code}.example",
        partitions=tuple(_partitions(guest, vm.disks)),
    )


def nic_on(network: Network, *, index: int, number: int, has_ip: bool = True) -> Nic:
    """Network card ``number`` of VM ``index`` on ``network``; its MAC occurs nowhere else."""
    serial = (index * 16 + number) % 0x400000
    mac = f"00:50:56:{0x80 + (serial >> 16):02x}:{serial >> 8 & 0xFF:02x}:{serial & 0xFF:02x}"
    return Nic(
        network=network.name,
        switch=network.switch,
        mac=mac,
        ipv4=f"{network.subnet}.{10 + index % 240}" if has_ip else None,
    )


def disk_of(
    vm_name: str, number: int, capacity_mib: int, *, datastore: str, allocated_mib: int
) -> Disk:
    """Disk ``number`` (from 0) of a VM."""
    suffix = f"_{number}" if number else ""
    return Disk(
        key=2000 + number,
        capacity_mib=capacity_mib,
        allocated_mib=allocated_mib,
        datastore=datastore,
        file=f"{vm_name}/{vm_name}{suffix}.vmdk",
    )


def _tenant_of(landscape: Landscape, rng: Random, index: int) -> Tenant:
    if index < len(landscape.tenants):
        return landscape.tenants[index]
    return rng.choices(landscape.tenants, cum_weights=landscape.tenant_weights)[0]


def _disks(rng: Random, role: Role, cluster: Cluster, vm_name: str) -> Iterator[Disk]:
    datastore = rng.choice(cluster.datastores)
    for number, gib in enumerate((rng.choice(FIRST_DISK_GIB), *role.data_gib)):
        capacity_mib = gib * GIB
        share = rng.uniform(0.2, 0.85)
        yield disk_of(
            vm_name,
            number,
            capacity_mib,
            datastore=datastore,
            allocated_mib=int(capacity_mib * share),
        )


def _nics(
    rng: Random, landscape: Landscape, tenant: Tenant, index: int, *, has_ip: bool
) -> Iterator[Nic]:
    networks = [tenant.networks[0] if rng.random() < 0.7 else rng.choice(tenant.networks)]
    if rng.random() < 0.18:
        networks.append(rng.choice(landscape.shared_networks))
    for number, network in enumerate(networks):
        yield nic_on(network, index=index, number=number, has_ip=has_ip)


def _partitions(guest: Os, disks: tuple[Disk, ...]) -> Iterator[Partition]:
    """One file system per disk, a little smaller than the disk."""
    for number, disk in enumerate(disks):
        capacity_mib = disk.capacity_mib - 512
        yield Partition(
            mount=f"{'CDEFGHIJKLMNOP'[number]}:\\" if guest.is_windows else LINUX_MOUNTS[number],
            disk_key=disk.key if guest.is_windows else None,
            capacity_mib=capacity_mib,
            consumed_mib=min(capacity_mib, int(disk.allocated_mib * 0.93)),
        )


def _snapshots(rng: Random) -> Iterator[Snapshot]:
    for number in range(rng.choices((0, 1, 2), weights=(92, 6, 2))[0]):
        taken_at = EXPORTED_AT - timedelta(days=rng.randrange(1, 25), seconds=rng.randrange(86400))
        yield Snapshot(f"before patching {number + 1}", taken_at, rng.randrange(200, 12_000))
