"""Annotations worth a warning, and VMs in nobody's folder."""

from dataclasses import replace

from tests.support.rvtools_estate.cases.case import Case, Context
from tests.support.rvtools_estate.model import (
    TenantKey,
    Vm,
)

TEXTS: tuple[Case, ...] = (
    lambda vm, _: replace(vm, annotation="login: root  password: Example-Only-1!"),
    lambda vm, _: replace(vm, annotation="=1+1\nOwner: finance\nTenant = Ledger Team; keep"),
    lambda vm, _: replace(vm, annotation="rebuilt after incident, see wiki. " * 60),
)


def _in_no_folder(vm: Vm, _: Context) -> Vm:
    """Only its cluster says where it belongs."""
    assert vm.cluster is not None
    return replace(
        vm,
        tenant=TenantKey(vm.cluster, None),
        folder=f"/{vm.datacenter}/vm",
        resource_pool=f"/{vm.datacenter}/{vm.cluster}/Resources",
        vapp=None,
    )


def _on_a_lone_host(vm: Vm, context: Context) -> Vm:
    """Nothing says where it belongs."""
    vm = _in_no_folder(vm, context)
    return replace(
        vm,
        tenant=TenantKey("Unassigned", None),
        cluster=None,
        host=context.landscape.lone_host.name,
        resource_pool=f"/{vm.datacenter}/{context.landscape.lone_host.name}/Resources",
    )


PLACES: tuple[Case, ...] = (_in_no_folder, _on_a_lone_host)
