"""Builders: a VM that is plain in every respect but the one under test."""

from datetime import date
from typing import Any
from uuid import UUID

from shared.contracts.records import VmRecord
from shared.contracts.vm_parts import DiskRecord, NicRecord

GIB = 1024
TODAY = date(2026, 11, 25)


def a_vm(number: int = 1, **changes: Any) -> VmRecord:
    """A small, powered-on Linux VM with one disk and one NIC, and no tenant."""
    plain: dict[str, Any] = {
        "vm_id": UUID(int=number),
        "name": f"vm{number}",
        "vcenter": "vc1",
        "moref": f"vm-{number}",
        "identity_basis": "moref",
        "power_state": "poweredOn",
        "os_config": "Ubuntu Linux (64-bit)",
        "hardware_version": 19,
        "vcpus": 2,
        "memory_mib": 4 * GIB,
        "disk_mib": 80 * GIB,
        "disks": disks(1),
        "nics": nics(1),
    }
    return VmRecord.model_validate(plain | changes)


def a_disk(number: int = 1, **changes: Any) -> DiskRecord:
    """A disk that is in snapshots, not raw, not shared."""
    plain = {"label": f"Hard disk {number}", "disk_mode": "persistent", "is_raw": False}
    return DiskRecord.model_validate(plain | changes)


def disks(count: int) -> list[DiskRecord]:
    """``count`` plain disks."""
    return [a_disk(i + 1) for i in range(count)]


def nics(count: int, network: str = "VM Network") -> list[NicRecord]:
    """``count`` NICs on one network."""
    return [NicRecord(label=f"Network adapter {i + 1}", network=network) for i in range(count)]
