"""What a correct import must say of one VM, field by field."""

from ipaddress import ip_address
from typing import Any

from tests.support.rvtools_estate.landscape import Landscape
from tests.support.rvtools_estate.model import EXPORTED_AT, Disk, Nic, Vm


def vm_facts(vm: Vm, at: Landscape) -> dict[str, Any]:
    """The fields of its snapshot record that follow from the model, disks and NICs among them."""
    return {
        "name": vm.name,
        "vcenter": at.vcenter_uuid,
        "moref": vm.moref,
        "vm_uuid": vm.vm_uuid,
        "identity_basis": "moref",
        "power_state": vm.power.value,
        "is_template": vm.is_template,
        "is_srm_placeholder": vm.is_srm_placeholder,
        "connection_state": vm.connection_state,
        "datacenter": vm.datacenter,
        "cluster": vm.cluster,
        "host": vm.host,
        "folder": vm.folder,
        "resource_pool": vm.resource_pool,
        "vapp": vm.vapp,
        "annotation": vm.annotation.strip() if vm.annotation else None,
        "os_config": vm.os_config,
        "os_tools": vm.os_tools,
        "dns_name": vm.dns_name,
        "primary_ip": vm.ipv4,
        "hardware_version": vm.hardware_version,
        "firmware": vm.firmware,
        "has_cbt": vm.has_cbt,
        "vcpus": vm.vcpus,
        "memory_mib": vm.memory_mib,
        "disk_mib": vm.disk_mib,
        "provisioned_mib": vm.provisioned_mib,
        "allocated_mib": (vm.allocated_mib or None) if vm.disks else vm.allocated_mib,
        "snapshot_count": len(vm.snapshots),
        "oldest_snapshot_days": _oldest_days(vm),
        "disks": [_disk(number, disk) for number, disk in enumerate(vm.disks, start=1)],
        "nics": [_nic(number, nic, vm) for number, nic in enumerate(vm.nics, start=1)],
    }


def _oldest_days(vm: Vm) -> int | None:
    taken = [snapshot.taken_at for snapshot in vm.snapshots]
    return (EXPORTED_AT - min(taken)).days if taken else None


def _disk(number: int, disk: Disk) -> dict[str, Any]:
    return {
        "label": f"Hard disk {number}",
        "capacity_mib": disk.capacity_mib,
        "datastore": disk.datastore,
        "is_datastore_guessed": False,
        "path": disk.path,
        "controller": disk.controller,
        "disk_mode": disk.mode,
        "sharing_mode": disk.sharing,
        "shared_bus": disk.shared_bus,
        "is_thin": disk.is_thin,
        "is_raw": disk.raw_mode is not None,
    }


def _nic(number: int, nic: Nic, vm: Vm) -> dict[str, Any]:
    addresses = [address for address in (nic.ipv4, nic.ipv6) if address]
    return {
        "label": f"Network adapter {number}",
        "network": None if nic.network.lower() in {"none", "not connected"} else nic.network,
        "switch": nic.switch if nic.is_connected else None,
        "adapter": nic.adapter,
        "mac": nic.mac,
        "ip_addresses": [str(ip_address(address)) for address in addresses],
        "is_connected": vm.is_on and nic.is_connected,
    }
