"""A VM as rows of the tables about VMs, and as a ``vm.v1`` snapshot record.

The order of each row is that of :mod:`services.ingest.domain.table_columns`.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from services.ingest.domain.detail_rows import (
    CpuRow,
    MediaRow,
    MemoryRow,
    PartitionRow,
    SnapshotRow,
)
from services.ingest.domain.disk_space import consumed
from services.ingest.domain.row_cells import NOBODY
from services.ingest.domain.rows import NicRow
from services.ingest.domain.vms import Disk, Nic, Vm, days_at

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


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


def vm_details(vm: Vm) -> dict[str, Json]:
    """More of what the table and the snapshot record share, in the table's order."""
    row, usage, around, tools = vm.row, vm.usage, vm.host_facts, vm.tools
    cpu = vm.cpu or _NO_CPU
    memory = vm.memory or _NO_MEMORY
    return {
        "guest_state": row.guest_state,
        "guest_detail": row.guest_detail,
        "tools_status": None if tools is None else tools.status,
        "tools_version": None if tools is None else tools.version,
        "tools_required_version": None if tools is None else tools.required_version,
        "is_tools_upgradeable": None if tools is None else tools.is_upgradeable,
        "smbios_uuid": row.smbios_uuid,
        "powered_on_at": _moment(row.powered_on_at),
        "created_at": _moment(row.created_at),
        "needs_consolidation": row.needs_consolidation,
        "latency_sensitivity": row.latency_sensitivity,
        "ft_state": row.ft_state,
        "has_secure_boot": row.has_secure_boot,
        "shows_disk_uuids": row.shows_disk_uuids,
        "ha_restart_priority": row.ha_restart_priority,
        "cluster_rules": row.cluster_rules,
        "cpu_sockets": cpu.sockets,
        "cores_per_socket": cpu.cores_per_socket,
        "cpu_used_mhz": cpu.overall_mhz,
        "cpu_max_mhz": cpu.max_mhz,
        "cpu_percent": usage.cpu_percent,
        "cpu_basis": usage.cpu_basis,
        "cpu_readiness_percent": row.cpu_readiness_percent,
        "cpu_reservation_mhz": cpu.reservation_mhz,
        "cpu_limit_mhz": cpu.limit_mhz,
        "has_cpu_hot_add": cpu.has_hot_add,
        "has_cpu_hot_remove": cpu.has_hot_remove,
        "memory_active_mib": usage.active_mib,
        "memory_active_percent": usage.active_percent,
        "memory_active_basis": usage.active_basis,
        "memory_consumed_mib": usage.consumed_mib,
        "memory_consumed_percent": usage.consumed_percent,
        "memory_consumed_basis": usage.consumed_basis,
        "memory_ballooned_mib": memory.ballooned_mib,
        "memory_swapped_mib": memory.swapped_mib,
        "memory_reservation_mib": memory.reservation_mib,
        "memory_limit_mib": memory.limit_mib,
        "is_memory_locked": memory.is_locked,
        "has_memory_hot_add": memory.has_hot_add,
        "guest_used_mib": vm.guest_used_mib,
        "host_cpu_mhz": around.cpu_mhz,
        "host_nic_mbit_s": around.fastest_nic_mbit_s,
        "host_esx_version": around.esx_version,
        "attributes": dict(vm.attributes),
    }


class VmRows:
    """One VM in every form in which it leaves the parser: table rows, and a snapshot record."""

    def __init__(self, vm: Vm, vm_id: str) -> None:
        self._vm = vm
        self._vm_id = vm_id
        self._facts = vm_facts(vm, vm_id)
        self._details = vm_details(vm)
        self._parts: dict[str, list[dict[str, Json]]] = {
            "disks": [_disk_facts(disk) for disk in vm.disks],
            "nics": [_nic_facts(nic) for nic in vm.nics],
            "snapshots": [_snapshot_facts(one, vm.exported_at) for one in vm.snapshots],
            "partitions": [_partition_facts(one) for one in vm.partitions],
            "media": [_media_facts(one) for one in vm.media],
        }

    def record(self) -> dict[str, Json]:
        """The ``vm.v1`` record (:class:`shared.contracts.records.VmRecord`)."""
        derived = list[Json](self._vm.derived)
        record: dict[str, Json] = {**self._facts, "derived_fields": derived, **self._details}
        for part, items in self._parts.items():
            record[part] = list[Json](items)
        return record

    def values(self, inventory_id: str) -> Iterator[tuple[str, tuple[Json, ...]]]:
        """The rows with their tables; positions start at 1."""
        vm = self._vm
        tail = (len(vm.disks), len(vm.nics), list[Json](vm.derived), vm.row.number)
        yield "vms", (inventory_id, *self._facts.values(), *tail, *self._details.values())
        for table, parts in self._parts.items():
            for position, facts in enumerate(parts, start=1):
                yield table, (inventory_id, self._vm_id, position, *facts.values())


_NO_CPU: Final = CpuRow(0, NOBODY, *[None] * 9)
_NO_MEMORY: Final = MemoryRow(0, NOBODY, *[None] * 9)
_NO_NIC: Final = NicRow(0, NOBODY, None, None, None, None, None, (), None, None, None, None)


def _moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat()


def _disk_facts(disk: Disk) -> dict[str, Json]:
    row = disk.row
    return {
        "label": disk.label,
        "capacity_mib": row.capacity_mib,
        "datastore": disk.datastore,
        "is_datastore_guessed": disk.is_datastore_guessed,
        "path": row.path,
        "controller": row.controller,
        "disk_mode": row.disk_mode,
        "sharing_mode": row.sharing_mode,
        "shared_bus": row.shared_bus,
        "is_thin": row.is_thin,
        "is_raw": row.is_raw,
        "disk_key": row.key,
        "disk_uuid": row.uuid,
        "guest_path": row.guest_path,
        "unit_number": row.unit_number,
        "controller_label": row.controller_label,
        "is_eager_zeroed": row.is_eager_zeroed,
        "raw_mode": row.raw_mode,
        "raw_lun": row.raw_lun,
    }


def _nic_facts(nic: Nic) -> dict[str, Json]:
    row, vlan = nic.row or _NO_NIC, nic.vlan
    return {
        "label": nic.label,
        "network": nic.network,
        "switch": row.switch,
        "adapter": row.adapter,
        "mac": row.mac,
        "ip_addresses": list[Json](row.ip_addresses),
        "is_connected": row.is_connected,
        "starts_connected": row.starts_connected,
        "mac_type": row.mac_type,
        "has_direct_path": row.has_direct_path,
        "vlan_id": None if vlan is None else vlan.id,
        "vlan_trunk": None if vlan is None else vlan.trunk,
        "is_vlan_guessed": vlan is not None and vlan.is_guessed,
    }


def _snapshot_facts(row: SnapshotRow, exported_at: datetime | None) -> dict[str, Json]:
    return {
        "name": row.name,
        "description": row.description,
        "taken_at": _moment(row.taken_at),
        "age_days": days_at(exported_at, row.taken_at),
        "size_mib": row.size_mib,
        "is_quiesced": row.is_quiesced,
    }


def _partition_facts(row: PartitionRow) -> dict[str, Json]:
    return {
        "mount": row.mount,
        "disk_key": row.disk_key,
        "capacity_mib": row.capacity_mib,
        "consumed_mib": consumed(row),
        "free_mib": row.free_mib,
        "free_percent": row.free_percent,
    }


def _media_facts(row: MediaRow) -> dict[str, Json]:
    return {
        "kind": row.kind,
        "label": row.label,
        "device_type": row.device_type,
        "is_connected": row.is_connected,
        "starts_connected": row.starts_connected,
    }
