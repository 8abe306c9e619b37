"""Decision 12 and the table of domain 2.3: a row per rule and per edge of a threshold."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assessment.domain.guest_os import guest_os
from services.assessment.domain.risk_score import (
    DEFAULT_RULES,
    Risk,
    RiskBand,
    band_of,
    reasons_of_os,
    score_risk,
)
from tests.services.assessment.builders import GIB, a_vm, disks, nics


def risk_of(**changes: Any) -> Risk:
    vm = a_vm(**changes)
    return score_risk(vm, reasons_of_os(guest_os(vm.os_config, vm.os_tools)))


@pytest.mark.parametrize(
    ("vm", "fired"),
    [
        ({}, {}),
        ({"os_config": "Microsoft Windows NT"}, {"unsupported_os": 30}),
        ({"os_config": "Microsoft Windows 2000 Server"}, {"unsupported_os": 30}),
        ({"os_config": "SCO OpenServer 5"}, {"unsupported_os": 30, "cold_only_os": 20}),
        ({"os_config": "Oracle Solaris 11 (64-bit)"}, {"unsupported_os": 30, "cold_only_os": 20}),
        ({"os_config": "IBM AIX"}, {"unsupported_os": 30, "cold_only_os": 20}),
        ({"os_config": "HP-UX"}, {"unsupported_os": 30, "cold_only_os": 20}),
        ({"os_config": "FreeBSD (64-bit)"}, {"unsupported_os": 30, "cold_only_os": 20}),
        ({"os_config": "Other Linux (64-bit)", "os_tools": "Cisco ASAv appliance"}, {}),
        ({"os_config": "Microsoft Windows Server 2003 (32-bit)"}, {"deprecated_os": 15}),
        ({"os_config": "Microsoft Windows Server 2008 R2 (64-bit)"}, {"deprecated_os": 15}),
        ({"os_config": "Microsoft Windows Server 2012 (64-bit)"}, {}),
        ({"os_config": "Microsoft Windows XP Professional (32-bit)"}, {"deprecated_os": 15}),
        ({"os_config": "Microsoft Windows Vista (64-bit)"}, {"deprecated_os": 15}),
        ({"os_config": "CentOS 4/5/6 (64-bit)"}, {"deprecated_os": 15}),
        ({"os_config": "CentOS 4/5 or later (64-bit)"}, {}),
        ({"os_config": "Red Hat Enterprise Linux 5 (64-bit)"}, {"deprecated_os": 15}),
        ({"os_config": "Ubuntu 14.04 LTS"}, {"deprecated_os": 15}),
        ({"os_config": "Debian GNU/Linux 8 (64-bit)"}, {"deprecated_os": 15}),
        ({"disk_mib": 2000 * GIB - 1}, {}),
        ({"disk_mib": 2000 * GIB}, {"large_disk": 10}),
        ({"disk_mib": 5000 * GIB - 1}, {"large_disk": 10}),
        ({"disk_mib": 5000 * GIB}, {"very_large_disk": 25}),
        ({"disk_mib": None}, {}),
        ({"disks": disks(5)}, {}),
        ({"disks": disks(6)}, {"heavy_io": 15}),
        ({"disks": disks(7)}, {"heavy_io": 15}),
        ({"disks": disks(8)}, {"many_disks": 10, "heavy_io": 15}),
        ({"disks": []}, {}),
        ({"snapshot_count": 2}, {}),
        ({"snapshot_count": 3}, {"several_snapshots": 8}),
        ({"snapshot_count": 4}, {"several_snapshots": 8}),
        ({"snapshot_count": 5}, {"many_snapshots": 20}),
        ({"oldest_snapshot_days": 30}, {}),
        ({"oldest_snapshot_days": 31}, {"old_snapshot": 5}),
        ({"nics": nics(2)}, {}),
        ({"nics": nics(3)}, {"many_nics": 10}),
        ({"memory_mib": 64 * GIB - 1}, {}),
        ({"memory_mib": 64 * GIB}, {"heavy_io": 15}),
        ({"memory_mib": None}, {}),
        ({"name": "PRD-SQL-01"}, {"heavy_io": 15}),
        ({"name": "db-01"}, {"heavy_io": 15}),
        ({"name": "web-01"}, {}),
        ({"name": "oracle", "memory_mib": 128 * GIB, "disks": disks(6)}, {"heavy_io": 15}),
    ],
)
def test_each_rule_fires_at_its_threshold(vm: dict[str, Any], fired: dict[str, int]) -> None:
    risk = risk_of(**vm)

    assert fired == {reason.rule: reason.points for reason in risk.reasons}
    assert sum(fired.values()) == risk.score


@pytest.mark.parametrize("name", DEFAULT_RULES.heavy_io.names)
def test_a_telling_name_is_a_sign_of_heavy_io(name: str) -> None:
    assert risk_of(name=f"prod {name.upper()} 1").score == 15


@pytest.mark.parametrize(
    ("example", "vm", "score", "band"),
    [
        ("EX01", {"name": "web-01", "disk_mib": 80 * GIB}, 0, RiskBand.GREEN),
        (
            "EX02",
            {"os_config": "Microsoft Windows Server 2019 (64-bit)", "disk_mib": 2400 * GIB},
            10,
            RiskBand.GREEN,
        ),
        ("EX03", {"disk_mib": 5000 * GIB, "disks": disks(4)}, 25, RiskBand.YELLOW),
        (
            "EX04",
            {
                "os_config": "Microsoft Windows Server 2008 R2 (64-bit)",
                "snapshot_count": 4,
                "oldest_snapshot_days": 45,
                "nics": nics(3),
            },
            38,
            RiskBand.YELLOW,
        ),
        ("EX05", {"snapshot_count": 1, "oldest_snapshot_days": 30}, 0, RiskBand.GREEN),
        ("EX06", {"snapshot_count": 5, "oldest_snapshot_days": 1}, 20, RiskBand.GREEN),
        ("EX07", {"os_config": "Oracle Solaris 11 (64-bit)"}, 50, RiskBand.YELLOW),
        (
            "EX08",
            {
                "name": "oracle-db",
                "os_config": "IBM AIX",
                "disk_mib": 9000 * GIB,
                "disks": disks(9),
                "snapshot_count": 7,
                "oldest_snapshot_days": 400,
                "nics": nics(4),
                "memory_mib": 262144,
            },
            100,
            RiskBand.RED,
        ),
        (
            "EX09",
            {"os_config": "Other Linux (64-bit)", "os_tools": "Cisco ASAv appliance"},
            0,
            RiskBand.GREEN,
        ),
        ("EX10", {"os_config": "Red Hat Enterprise Linux 5 (64-bit)"}, 15, RiskBand.GREEN),
        ("EX11", {"os_config": "CentOS 4/5/6 (64-bit)"}, 15, RiskBand.GREEN),
    ],
)
def test_the_worked_examples_come_out(
    example: str, vm: dict[str, Any], score: int, band: RiskBand
) -> None:
    risk = risk_of(**vm)

    assert (score, band) == (risk.score, risk.band), example


@pytest.mark.parametrize(
    ("score", "band"),
    [
        (0, RiskBand.GREEN),
        (20, RiskBand.GREEN),
        (21, RiskBand.YELLOW),
        (50, RiskBand.YELLOW),
        (51, RiskBand.RED),
        (100, RiskBand.RED),
    ],
)
def test_the_upper_bound_belongs_to_the_lower_band(score: int, band: RiskBand) -> None:
    assert band is band_of(score)


def test_a_reason_says_what_was_seen() -> None:
    (reason,) = risk_of(disk_mib=2400 * GIB).reasons

    assert reason.text == "Large disks: 2400 GiB (from 2000 on)"


@given(
    os_config=st.sampled_from(["IBM AIX", "CentOS 6 (64-bit)", "Ubuntu Linux (64-bit)", None]),
    name=st.sampled_from(["db-1", "web"]),
    disk_mib=st.none() | st.integers(0, 10_000 * GIB),
    memory_mib=st.none() | st.integers(0, 512 * GIB),
    disk_count=st.integers(0, 12),
    nic_count=st.integers(0, 10),
    snapshot_count=st.none() | st.integers(0, 9),
    oldest_snapshot_days=st.none() | st.integers(0, 999),
)
def test_a_score_is_the_sum_of_its_reasons_between_0_and_100(
    disk_count: int, nic_count: int, **vm: Any
) -> None:
    risk = risk_of(disks=disks(disk_count), nics=nics(nic_count), **vm)

    assert 0 <= risk.score <= 100
    assert min(100, sum(reason.points for reason in risk.reasons)) == risk.score
    assert band_of(risk.score) is risk.band


@given(st.integers(0, 9000 * GIB), st.integers(0, 4000 * GIB))
def test_more_disk_is_never_less_risk(disk_mib: int, more_mib: int) -> None:
    assert risk_of(disk_mib=disk_mib).score <= risk_of(disk_mib=disk_mib + more_mib).score
