"""What a correct import of an estate must arrive at, counted from the model."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from tests.support.rvtools_estate.estates import Estate
from tests.support.rvtools_estate.model import Power, TenantKey, Vm


@dataclass(frozen=True, slots=True)
class Expected:
    """Totals of an estate. Everything but ``rows`` and the three lists on top counts VMs in scope,
    powered-off ones included (decision 4)."""

    vms: int
    powered_off: int
    suspended: int
    tenants: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    allocated_mib: int
    """Sum of vInfo's ``In Use MiB``."""
    disks: int
    nics: int
    snapshots: int
    used_vcpus: float
    """CPU in use: the sum over VMs of vCPUs by Overall/Max."""
    active_mib: int
    templates: int
    srm_placeholders: int
    vcls_vms: int
    vms_per_tenant: Mapping[TenantKey, int]
    rows: Mapping[str, int]
    """Data rows of each VM tab, out-of-scope VMs included."""


def expected(of: Estate) -> Expected:
    """The totals of an estate, in one pass."""
    tally: Counter[str] = Counter()
    rows: Counter[str] = Counter()
    tenants: Counter[TenantKey] = Counter()
    used_vcpus = Fraction(0)
    for vm in of.vms():
        _count_rows(rows, vm)
        tally["templates"] += vm.is_template
        tally["srm_placeholders"] += vm.is_srm_placeholder
        tally["vcls_vms"] += vm.is_vcls
        if vm.is_in_scope:
            tenants[vm.tenant] += 1
            used_vcpus += Fraction(vm.vcpus * vm.cpu_used_mhz, vm.cpu_max_mhz)
            _count_vm(tally, vm)
    return Expected(
        vms=tally["vms"],
        powered_off=tally["powered_off"],
        suspended=tally["suspended"],
        tenants=len(tenants),
        vcpus=tally["vcpus"],
        memory_mib=tally["memory_mib"],
        disk_mib=tally["disk_mib"],
        allocated_mib=tally["allocated_mib"],
        disks=tally["disks"],
        nics=tally["nics"],
        snapshots=tally["snapshots"],
        used_vcpus=float(used_vcpus),
        active_mib=tally["active_mib"],
        templates=tally["templates"],
        srm_placeholders=tally["srm_placeholders"],
        vcls_vms=tally["vcls_vms"],
        vms_per_tenant=dict(tenants),
        rows=dict(rows),
    )


def _count_vm(tally: Counter[str], vm: Vm) -> None:
    tally["vms"] += 1
    tally["powered_off"] += vm.power is Power.OFF
    tally["suspended"] += vm.power is Power.SUSPENDED
    tally["vcpus"] += vm.vcpus
    tally["memory_mib"] += vm.memory_mib
    tally["disk_mib"] += vm.disk_mib
    tally["allocated_mib"] += vm.allocated_mib
    tally["disks"] += len(vm.disks)
    tally["nics"] += len(vm.nics)
    tally["snapshots"] += len(vm.snapshots)
    tally["active_mib"] += vm.active_mib


def _count_rows(rows: Counter[str], vm: Vm) -> None:
    for tab in ("vInfo", "vCPU", "vMemory", "vTools"):
        rows[tab] += 1
    rows["vDisk"] += len(vm.disks)
    rows["vPartition"] += len(vm.partitions)
    rows["vNetwork"] += len(vm.nics)
    rows["vSnapshot"] += len(vm.snapshots)
