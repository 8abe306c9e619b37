"""Records of a plan snapshot, as the planner freezes them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.contracts.records import PlannedVmRecord

MIB_PER_GIB = 1024
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def a_planned_record(sequence: int, **values: Any) -> PlannedVmRecord:
    """The record at ``sequence``; its name and its tenant are the caller's to say."""
    usual: dict[str, Any] = {
        "sequence": sequence,
        "vm_id": UUID(int=sequence),
        "power_state": "poweredOn",
        "os_family": "linux",
        "vcpus": 2,
        "memory_mib": 4 * MIB_PER_GIB,
        "disk_mib": 100 * MIB_PER_GIB,
        "used_mib": 50 * MIB_PER_GIB,
        "networks": ["prod", "backup"],
        "risk_score": 10,
        "risk_band": "green",
        "mode_class": "warm_eligible",
        "mode": "warm",
        "copy_h": 0.22,
        "cutover_h": 0.3,
        "downtime_h": 0.3,
        "bound_by": "stream_cap",
        "start": START,
        "copy_end": START.replace(hour=10),
        "end": START.replace(hour=11),
        "day": 1,
        "why_here": "Started as the day opened",
    }
    return PlannedVmRecord.model_validate(usual | values)
