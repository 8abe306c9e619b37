"""Planned VMs, as the provisioner gets them."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID, uuid5

from services.provisioner.domain.compile import compile_tasks
from services.provisioner.domain.estate import Estate, PlannedVm
from services.provisioner.domain.tasks import Kind, Task
from shared.contracts.records import PlannedVmRecord
from shared.kernel.ids import ProjectId, TenantId
from tests.support.planned_vms import a_planned_record

GIB = 1024
PROJECT = UUID("0193a1b2-0000-7000-8000-000000000001")
ENGAGEMENT = ProjectId(PROJECT)
ACCOUNT = "svc-migration-000000000001"


def a_tenant_id(name: str, org_vdc: str | None = None) -> TenantId:
    return TenantId(uuid5(PROJECT, f"{name}/{org_vdc}"))


def a_vm(tenant: str = "acme", org_vdc: str | None = None, **changes: Any) -> PlannedVm:
    """Two vCPUs, 4 GiB, one disk of 100 GiB, one adapter on "prod"."""
    values: dict[str, Any] = {
        "tenant_id": a_tenant_id(tenant, org_vdc),
        "tenant_name": tenant,
        "org_vdc": org_vdc,
        "vcpus": 2,
        "memory_mib": 4 * GIB,
        "disk_mib": 100 * GIB,
        "disk_count": 1,
        "nic_count": 1,
        "networks": ("prod",),
        "has_unknowns": False,
    }
    return PlannedVm(**values | changes)


def compiled(vms: Iterable[PlannedVm]) -> list[Task]:
    """The tasks of an estate of ``vms``."""
    estate = Estate()
    for vm in vms:
        estate.add(vm)
    return compile_tasks(estate, ENGAGEMENT)


def of_kind(tasks: Iterable[Task], kind: Kind) -> list[Task]:
    return [task for task in tasks if task.kind is kind]


def a_record(sequence: int = 1, tenant: str = "acme", **changes: Any) -> PlannedVmRecord:
    """A record of a plan snapshot."""
    values: dict[str, Any] = {
        "name": f"vm-{sequence:04}",
        "tenant_id": a_tenant_id(tenant),
        "tenant_name": tenant,
        "disk_count": 1,
        "nic_count": 2,
    }
    return a_planned_record(sequence, **values | changes)


def an_estate(count: int = 18) -> list[PlannedVmRecord]:
    """VMs of three tenants."""
    return [a_record(n, ("acme", "borealis", "cinder")[n % 3]) for n in range(1, count + 1)]
