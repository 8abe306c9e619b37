"""Disks that cannot be copied like others, large ones, odd partitions, snapshots."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial

from tests.support.rvtools_estate.cases.case import Case, Context
from tests.support.rvtools_estate.fleet import GIB, disk_of
from tests.support.rvtools_estate.model import (
    EXPORTED_AT,
    Disk,
    Partition,
    Snapshot,
    Vm,
)


def with_disk(vm: Vm, context: Context, *, gib: int = 100, used: float = 0.6) -> Vm:
    """One more disk, ordinary but for its size."""
    added = disk_of(
        vm.name,
        len(vm.disks),
        gib * GIB,
        datastore=vm.disks[0].datastore,
        allocated_mib=int(gib * GIB * used),
    )
    return replace(vm, disks=(*vm.disks, added))


def _with_special_disk(vm: Vm, context: Context, *, change: Callable[[Disk], Disk]) -> Vm:
    vm = with_disk(vm, context)
    return replace(vm, disks=(*vm.disks[:-1], change(vm.disks[-1])))


def _with_many_disks(vm: Vm, context: Context, *, count: int) -> Vm:
    while len(vm.disks) < count:
        vm = with_disk(vm, context, gib=20)
    return vm


def _sharing_a_quorum_disk(vm: Vm, context: Context) -> Vm:
    """One of two cluster nodes that write to the same VMDK."""
    store = context.landscape.clusters[0].datastores[0]
    return _with_special_disk(
        vm,
        context,
        change=lambda disk: replace(
            disk,
            sharing="sharingMultiWriter",
            is_thin=False,
            datastore=store,
            file="quorum/quorum.vmdk",
        ),
    )


def _with_overlay_mounts(vm: Vm, context: Context) -> Vm:
    """A Kubernetes node: mounts that repeat the root file system add up to more than the disks."""
    root = Partition("/", None, vm.disks[0].capacity_mib - 512, vm.disks[0].capacity_mib // 3)
    mounts = (f"/var/lib/kubelet/pods/{n}/volume-subpaths" for n in range(6))
    repeated = tuple(replace(root, mount=mount) for mount in mounts)
    return replace(vm, partitions=(root, *repeated, repeated[0]))


def with_snapshots(vm: Vm, context: Context, *, count: int, age_days: int) -> Vm:
    """Snapshots, the oldest so many days old."""
    return replace(
        vm,
        snapshots=tuple(
            Snapshot(
                f"VM Snapshot {n + 1}",
                EXPORTED_AT - timedelta(days=age_days - n, hours=5),
                context.rng.randrange(500, 30_000),
            )
            for n in range(count)
        ),
    )


DISKS: tuple[Case, ...] = (
    partial(_with_special_disk, change=lambda d: replace(d, raw_mode="physicalMode")),
    partial(_with_special_disk, change=lambda d: replace(d, raw_mode="virtualMode")),
    _sharing_a_quorum_disk,
    _sharing_a_quorum_disk,
    partial(_with_special_disk, change=lambda d: replace(d, shared_bus="physicalSharing")),
    partial(_with_special_disk, change=lambda d: replace(d, mode="independent_persistent")),
    partial(_with_special_disk, change=lambda d: replace(d, mode="independent_nonpersistent")),
    partial(_with_special_disk, change=lambda d: replace(d, controller="IDE 0")),
    partial(_with_special_disk, change=lambda d: replace(d, controller="NVME Controller")),
    partial(with_disk, gib=2560),
    partial(with_disk, gib=5632, used=0.4),
    lambda vm, c: with_disk(with_disk(vm, c, gib=4096), c, gib=8192, used=0.25),
    partial(_with_many_disks, count=15),
    lambda vm, _: replace(vm, disks=(), partitions=()),
    _with_overlay_mounts,
    lambda vm, _: replace(vm, partitions=vm.partitions[:1] * 2),
    partial(with_snapshots, count=3, age_days=12),
    partial(with_snapshots, count=6, age_days=20),
    partial(with_snapshots, count=1, age_days=412),
)
