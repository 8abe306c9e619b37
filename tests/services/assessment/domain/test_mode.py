"""Decision 14: what the workbook allows of a VM's copy."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assessment.domain.assessment import Assessor
from services.assessment.domain.mode import Mode, ModeClass
from tests.services.assessment.builders import GIB, TODAY, a_disk, a_vm, disks

COLD, RISKY, WARM = ModeClass.COLD_REQUIRED, ModeClass.WARM_RISKY, ModeClass.WARM_ELIGIBLE


def mode_of(**changes: Any) -> Mode:
    return Assessor(as_of=TODAY).assess(a_vm(**changes)).mode


@pytest.mark.parametrize(
    ("vm", "mode", "rules"),
    [
        ({}, WARM, []),
        ({"power_state": "poweredOff"}, COLD, ["powered_off"]),
        ({"power_state": "suspended"}, COLD, ["suspended"]),
        ({"power_state": "unknown"}, WARM, ["power_state_unknown"]),
        ({"os_config": "FreeBSD 13"}, COLD, ["cold_only_os"]),
        ({"os_config": "Oracle Solaris 11 (64-bit)"}, COLD, ["cold_only_os"]),
        ({"os_config": "SCO OpenServer 5"}, COLD, ["cold_only_os"]),
        ({"os_config": "IBM AIX"}, COLD, ["cold_only_os"]),
        ({"os_config": "HP-UX"}, COLD, ["cold_only_os"]),
        ({"hardware_version": 6}, COLD, ["old_hardware_version"]),
        ({"hardware_version": 7}, WARM, []),
        ({"hardware_version": None}, WARM, []),
        ({"disks": [a_disk(is_raw=True)]}, COLD, ["raw_disk"]),
        ({"disks": [a_disk(is_raw=None)]}, WARM, []),
        ({"disks": [a_disk(disk_mode="independent_persistent")]}, COLD, ["independent_disk"]),
        ({"disks": [a_disk(disk_mode="independent_nonpersistent")]}, COLD, ["independent_disk"]),
        ({"disks": [a_disk(disk_mode=None)]}, WARM, []),
        ({"disks": [a_disk(sharing_mode="sharingMultiWriter")]}, COLD, ["shared_disk"]),
        ({"disks": [a_disk(sharing_mode="sharingNone")]}, WARM, []),
        ({"disks": [a_disk(shared_bus="physicalSharing")]}, COLD, ["shared_disk"]),
        ({"disks": [a_disk(shared_bus="virtualSharing")]}, COLD, ["shared_disk"]),
        ({"disks": [a_disk(shared_bus="2")]}, COLD, ["shared_disk"]),
        ({"disks": [a_disk(shared_bus="noSharing")]}, WARM, []),
        ({"disks": [a_disk(shared_bus="0")]}, WARM, []),
        ({"os_config": "Microsoft Windows Server 2003 (64-bit)"}, RISKY, ["risky_os"]),
        ({"os_config": "Microsoft Windows 2000 Server"}, RISKY, ["risky_os"]),
        ({"os_config": "Microsoft Windows NT"}, RISKY, ["risky_os"]),
        ({"os_config": "Microsoft Windows Server 2008 (64-bit)"}, WARM, []),
        ({"disk_mib": 5000 * GIB}, RISKY, ["very_large_disk"]),
        ({"disk_mib": 5000 * GIB - 1}, WARM, []),
        ({"snapshot_count": 5}, RISKY, ["many_snapshots"]),
        ({"snapshot_count": 4}, WARM, []),
        ({"has_cbt": False}, WARM, ["cbt_off"]),
        ({"has_cbt": None}, WARM, []),
        ({"disk_mib": 5000 * GIB, "has_cbt": False}, RISKY, ["very_large_disk", "cbt_off"]),
        # Cold wins over risky, and names only what makes it cold.
        ({"power_state": "poweredOff", "disk_mib": 5000 * GIB}, COLD, ["powered_off"]),
        (
            {
                "power_state": "poweredOff",
                "os_config": "FreeBSD 13",
                "hardware_version": 4,
                "disks": [a_disk(1, is_raw=True), a_disk(2, disk_mode="independent_persistent")],
            },
            COLD,
            ["powered_off", "cold_only_os", "old_hardware_version", "raw_disk", "independent_disk"],
        ),
    ],
)
def test_the_class_follows_from_the_workbook(
    vm: dict[str, Any], mode: ModeClass, rules: list[str]
) -> None:
    found = mode_of(**vm)

    assert (mode, rules) == (found.mode_class, [reason.rule for reason in found.reasons])


def test_a_red_vm_is_risky_and_a_yellow_one_is_not() -> None:
    yellow = {"snapshot_count": 4, "disks": disks(8), "oldest_snapshot_days": 45}  # 8+10+15+5

    assert WARM is mode_of(**yellow).mode_class
    red = mode_of(**yellow, disk_mib=2000 * GIB, os_config="CentOS 6 (64-bit)")
    assert (red.mode_class, [reason.rule for reason in red.reasons]) == (RISKY, ["red_band"])


@pytest.mark.parametrize(
    ("example", "vm", "mode"),
    [
        ("EX12", {"os_config": "Microsoft Windows Server 2019 (64-bit)", "has_cbt": True}, WARM),
        ("EX13", {"power_state": "poweredOff"}, COLD),
        ("EX14", {"power_state": "suspended"}, COLD),
        ("EX15", {"os_config": "FreeBSD 13"}, COLD),
        ("EX16", {"os_config": "Microsoft Windows Server 2003 Standard (64-bit)"}, RISKY),
        ("EX17", {"has_cbt": False}, WARM),
    ],
)
def test_the_worked_examples_come_out(example: str, vm: dict[str, Any], mode: ModeClass) -> None:
    assert mode is mode_of(**vm).mode_class, example


@given(
    st.sampled_from(["poweredOff", "suspended"]),
    st.integers(0, 9000 * GIB),
    st.none() | st.booleans(),
)
def test_a_vm_that_does_not_run_is_always_cold(
    power_state: str, disk_mib: int, has_cbt: bool | None
) -> None:
    vm = {"power_state": power_state, "disk_mib": disk_mib, "has_cbt": has_cbt}

    assert COLD is mode_of(**vm).mode_class
