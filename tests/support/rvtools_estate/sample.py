"""The estate of ``examples/``: 324 VMs whose totals are those of a known proof of concept.

1371 vCPU and 4616.4 GiB are configured, of which 125 vCPU and 622.4 GiB are in use: the figures
that node sizing is checked against (decision 19).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tests.support.rvtools_estate.cases import case_at
from tests.support.rvtools_estate.estates import Estate, GeneratedEstate, estate
from tests.support.rvtools_estate.landscape import Landscape
from tests.support.rvtools_estate.model import Vm
from tests.support.rvtools_estate.writer import write_workbook

PATH: Final = Path(__file__).parents[3] / "examples" / "acme-cloud-324-vms.xlsx"
VMS: Final = 324
VCPUS: Final = 1371
MEMORY_MIB: Final = 4_727_194
USED_VCPUS: Final = 125
ACTIVE_MIB: Final = 637_338

_SEED: Final = 12
_TENANTS: Final = 118
_MEMORY_STEP_MIB: Final = 2048


@dataclass(frozen=True, slots=True)
class SampleEstate:
    """A generated estate whose ordinary VMs are resized until the totals fit."""

    generated: GeneratedEstate

    @property
    def landscape(self) -> Landscape:
        """Tenants, clusters, networks."""
        return self.generated.landscape

    def vms(self) -> Iterator[Vm]:
        """All rows of vInfo."""
        vms = list(self.generated.vms())
        in_scope, others = vms[:VMS], vms[VMS:]
        _fit_vcpus(in_scope)
        _fit_memory(in_scope)
        _fit_load(in_scope)
        yield from (*in_scope, *others)


def sample_estate() -> Estate:
    """The estate of the shipped workbook."""
    return SampleEstate(estate(vms=VMS, seed=_SEED, tenants=_TENANTS))


def write_sample(path: Path = PATH) -> dict[str, int]:
    """Writes the shipped workbook, with shared strings as RVTools does."""
    return write_workbook(path, sample_estate(), constant_memory=False)


def _ordinary(vms: list[Vm]) -> list[int]:
    """Places of the VMs that no case is about; their figures may change."""
    return [index for index in range(len(vms)) if case_at(index) is None]


def _fit_vcpus(vms: list[Vm]) -> None:
    """Adds or takes 2 vCPUs a VM, then 1 at the end."""
    missing = VCPUS - sum(vm.vcpus for vm in vms)
    for index in _ordinary(vms):
        if missing == 0:
            return
        step = max(-2, min(2, missing))
        vm = vms[index]
        if vm.vcpus + step < 1:
            continue
        vms[index] = replace(
            vm, vcpus=vm.vcpus + step, cores_per_socket=1 if (vm.vcpus + step) % 2 else 2
        )
        missing -= step
    raise ValueError("The sample's vCPUs cannot be made to fit.")


def _fit_memory(vms: list[Vm]) -> None:
    """Adds or takes 2 GiB a VM, round after round; the first ordinary VM gets what is left."""
    missing = MEMORY_MIB - sum(vm.memory_mib for vm in vms)
    places = _ordinary(vms)
    while abs(missing) >= _MEMORY_STEP_MIB:
        step = _MEMORY_STEP_MIB if missing > 0 else -_MEMORY_STEP_MIB
        before = missing
        for index in places[1:]:
            vm = vms[index]
            if abs(missing) >= _MEMORY_STEP_MIB and vm.memory_mib + step >= _MEMORY_STEP_MIB:
                vms[index] = replace(vm, memory_mib=vm.memory_mib + step)
                missing -= step
        if before == missing:
            raise ValueError("The sample's memory cannot be made to fit.")
    odd = vms[places[0]]
    vms[places[0]] = replace(odd, memory_mib=odd.memory_mib + missing)


def _fit_load(vms: list[Vm]) -> None:
    """Scales what running VMs use; the last steps, of a MiB and a MHz, go to the largest VM."""
    active = sum(vm.active_mib for vm in vms)
    used = sum(vm.cpu_used_mhz / vm.host_mhz for vm in vms)
    for index, vm in enumerate(vms):
        active_mib = min(vm.memory_mib, vm.active_mib * ACTIVE_MIB // active)
        vms[index] = replace(
            vm,
            active_mib=active_mib,
            consumed_mib=min(vm.memory_mib, max(vm.consumed_mib, active_mib)),
            cpu_used_mhz=round(vm.cpu_used_mhz * USED_VCPUS / used),
        )
    largest = max(range(len(vms)), key=lambda index: vms[index].memory_mib)
    missing_vcpus = USED_VCPUS - sum(vm.cpu_used_mhz / vm.host_mhz for vm in vms)
    vm = vms[largest]
    vms[largest] = replace(
        vm,
        active_mib=vm.active_mib + ACTIVE_MIB - sum(vm.active_mib for vm in vms),
        cpu_used_mhz=vm.cpu_used_mhz + round(missing_vcpus * vm.host_mhz),
    )
