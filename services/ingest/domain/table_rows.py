"""A VM as rows for the tables ``vms``, ``disks``, ``nics`` and as a ``vm.v1`` snapshot record.

The column lists are what :mod:`services.ingest.persistence.tables` declares (a test compares).
"""

from collections.abc import Iterator
from typing import Final

from services.ingest.domain.vms import Disk, Nic, Vm

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]

VM_COLUMNS: Final = (
    "inventory_id",
    "vm_id",
    "name",
    "vcenter",
    "moref",
    "vm_uuid",
    "identity_basis",
    "power_state",
    "is_template",
    "is_srm_placeholder",
    "connection_state",
    "datacenter",
    "cluster",
    "host",
    "folder",
    "resource_pool",
    "vapp",
    "annotation",
    "os_config",
    "os_tools",
    "dns_name",
    "primary_ip",
    "hardware_version",
    "firmware",
    "has_cbt",
    "vcpus",
    "memory_mib",
    "disk_mib",
    "disk_basis",
    "provisioned_mib",
    "allocated_mib",
    "used_mib",
    "used_basis",
    "snapshot_count",
    "oldest_snapshot_days",
    "disk_count",
    "nic_count",
    "derived_fields",
    "source_row",
)
DISK_COLUMNS: Final = (
    "inventory_id",
    "vm_id",
    "position",
    "label",
    "capacity_mib",
    "datastore",
    "is_datastore_guessed",
    "path",
    "controller",
    "disk_mode",
    "sharing_mode",
    "shared_bus",
    "is_thin",
    "is_raw",
)
NIC_COLUMNS: Final = (
    "inventory_id",
    "vm_id",
    "position",
    "label",
    "network",
    "switch",
    "adapter",
    "mac",
    "ip_addresses",
    "is_connected",
)


def vm_facts(vm: Vm, vm_id: str) -> dict[str, Json]:
    """The fields that the table and the snapshot record share, in the table's order."""
    row = vm.row
    return {
        "vm_id": vm_id,
        "name": vm.name,
        "vcenter": vm.identity.vcenter,
        "moref": vm.identity.moref,
        "vm_uuid": vm.identity.uuid,
        "identity_basis": vm.identity.basis,
        "power_state": vm.power_state,
        "is_template": row.is_template,
        "is_srm_placeholder": row.is_srm_placeholder,
        "connection_state": row.connection_state,
        "datacenter": vm.datacenter,
        "cluster": vm.cluster,
        "host": vm.host,
        "folder": vm.folder,
        "resource_pool": row.resource_pool,
        "vapp": row.vapp,
        "annotation": row.annotation,
        "os_config": row.os_config,
        "os_tools": row.os_tools,
        "dns_name": row.dns_name,
        "primary_ip": row.primary_ip,
        "hardware_version": row.hardware_version,
        "firmware": row.firmware,
        "has_cbt": row.has_cbt,
        "vcpus": vm.vcpus,
        "memory_mib": vm.memory_mib,
        "disk_mib": vm.disk_mib,
        "disk_basis": vm.disk_basis,
        "provisioned_mib": vm.provisioned_mib,
        "allocated_mib": vm.allocated_mib,
        "used_mib": vm.used_mib,
        "used_basis": vm.used_basis,
        "snapshot_count": vm.snapshot_count,
        "oldest_snapshot_days": vm.oldest_snapshot_days,
    }


def snapshot_record(vm: Vm, facts: dict[str, Json]) -> dict[str, Json]:
    """The ``vm.v1`` record (:class:`shared.contracts.records.VmRecord`) with disks and NICs."""
    return {
        **facts,
        "derived_fields": list(vm.derived),
        "disks": [_disk_facts(disk) for disk in vm.disks],
        "nics": [_nic_facts(nic) for nic in vm.nics],
    }


def vm_values(vm: Vm, facts: dict[str, Json], inventory_id: str) -> tuple[Json, ...]:
    """The row of ``vms``, in the order of :data:`VM_COLUMNS`."""
    tail = (len(vm.disks), len(vm.nics), list[Json](vm.derived), vm.row.number)
    return (inventory_id, *facts.values(), *tail)


def disk_values(vm: Vm, vm_id: str, inventory_id: str) -> Iterator[tuple[Json, ...]]:
    """The rows of ``disks``, in the order of :data:`DISK_COLUMNS`; positions start at 1."""
    for position, disk in enumerate(vm.disks, start=1):
        yield (inventory_id, vm_id, position, *_disk_facts(disk).values())


def nic_values(vm: Vm, vm_id: str, inventory_id: str) -> Iterator[tuple[Json, ...]]:
    """The rows of ``nics``, in the order of :data:`NIC_COLUMNS`; positions start at 1."""
    for position, nic in enumerate(vm.nics, start=1):
        yield (inventory_id, vm_id, position, *_nic_facts(nic).values())


def _disk_facts(disk: Disk) -> dict[str, Json]:
    return {
        "label": disk.label,
        "capacity_mib": disk.capacity_mib,
        "datastore": disk.datastore,
        "is_datastore_guessed": disk.is_datastore_guessed,
        "path": disk.path,
        "controller": disk.controller,
        "disk_mode": disk.disk_mode,
        "sharing_mode": disk.sharing_mode,
        "shared_bus": disk.shared_bus,
        "is_thin": disk.is_thin,
        "is_raw": disk.is_raw,
    }


def _nic_facts(nic: Nic) -> dict[str, Json]:
    return {
        "label": nic.label,
        "network": nic.network,
        "switch": nic.switch,
        "adapter": nic.adapter,
        "mac": nic.mac,
        "ip_addresses": list[Json](nic.ip_addresses),
        "is_connected": nic.is_connected,
    }
