"""VMs in which everything comes together: the red band."""

from dataclasses import replace
from functools import partial

from tests.support.rvtools_estate.cases.case import Case, Context
from tests.support.rvtools_estate.cases.disks import with_disk, with_snapshots
from tests.support.rvtools_estate.cases.guests import with_guest
from tests.support.rvtools_estate.cases.networks import with_nics
from tests.support.rvtools_estate.model import Vm


def _old_and_large(vm: Vm, context: Context, *, config: str, disks: int) -> Vm:
    """An old guest with many disks, cards and snapshots."""
    vm = with_guest(vm, context, config=config, hardware_version=8)
    while len(vm.disks) < disks:
        vm = with_disk(vm, context, gib=700, used=0.3)
    vm = with_nics(vm, context, count=4)
    return replace(with_snapshots(vm, context, count=5, age_days=90), name=f"{vm.name}-erp")


WORST: tuple[Case, ...] = (
    partial(_old_and_large, config="Microsoft Windows Server 2003 (32-bit)", disks=9),
    partial(_old_and_large, config="Oracle Solaris 10 (64-bit)", disks=4),
    partial(_old_and_large, config="Microsoft Windows Server 2008 (64-bit)", disks=8),
)
