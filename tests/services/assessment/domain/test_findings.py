"""Findings: what fires, at which edge, and what is said."""

from datetime import date
from typing import Any

import pytest

from services.assessment.domain.assessment import Assessor
from services.assessment.domain.finding_catalogue import KINDS, Severity
from services.assessment.domain.findings import Finding
from services.assessment.domain.guest_os import parse_os
from services.assessment.domain.os_lifecycle import END_OF_SUPPORT, end_of_support
from shared.contracts.records import Severity as RecordSeverity
from shared.contracts.vm_parts import NicRecord
from tests.services.assessment.builders import TODAY, a_disk, a_vm, disks

UNVERIFIED_AND_OLD = ["os_unverified", "os_end_of_support"]
OLD_AND_OUT = ["old_windows", "os_end_of_support"]


def findings(*, as_of: date = TODAY, **changes: Any) -> tuple[Finding, ...]:
    """What a VM shows that is plain but for ``changes``."""
    plain: dict[str, Any] = {"primary_ip": "10.0.0.7", "os_config": "Ubuntu Linux (64-bit)"}
    return Assessor(as_of=as_of).assess(a_vm(**(plain | changes))).findings


def ids(**changes: Any) -> list[str]:
    return [finding.id for finding in findings(**changes)]


def a_nic(**changes: Any) -> NicRecord:
    plain = {"label": "Network adapter 1", "network": "web", "adapter": "Vmxnet3"}
    return NicRecord.model_validate(plain | changes)


def test_a_plain_vm_has_no_findings() -> None:
    assert ids() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"moref": None}, ["no_moref"]),
        ({"moref": "vm-0012"}, []),
        ({"moref": "VirtualMachine-12"}, ["no_moref"]),
        ({"connection_state": "connected"}, []),
        ({"connection_state": "inaccessible"}, ["not_accessible"]),
        ({"connection_state": "orphaned"}, ["not_accessible"]),
        ({"os_config": None}, ["os_unknown"]),
        ({"os_config": "Other (32-bit)"}, ["os_unknown"]),
        ({"os_config": "Acme appliance"}, ["os_unknown"]),
        ({"os_config": "FreeBSD 13 (64-bit)"}, ["os_not_convertible"]),
        ({"os_config": "Oracle Solaris 11 (64-bit)"}, ["os_not_convertible"]),
        ({"os_config": "Cisco appliance on Linux"}, []),
        (
            {"os_config": "Red Hat Enterprise Linux 6 (64-bit)"},
            UNVERIFIED_AND_OLD,
        ),
        ({"os_config": "Red Hat Enterprise Linux 8 (64-bit)"}, []),
        ({"os_config": "VMware Photon OS (64-bit)"}, ["os_unverified"]),
        (
            {"os_config": "Microsoft Windows Server 2003 (32-bit)"},
            ["os_unverified", "old_windows", "os_end_of_support"],
        ),
        (
            {"os_config": "Microsoft Windows Server 2008 R2 (64-bit)"},
            OLD_AND_OUT,
        ),
        (
            {"os_config": "Microsoft Windows Server 2012 R2 (64-bit)"},
            OLD_AND_OUT,
        ),
        ({"os_config": "Microsoft Windows Server 2016 (64-bit)"}, []),
        (
            {"os_config": "CentOS 7 (64-bit)", "os_tools": "Red Hat Enterprise Linux 8 (64-bit)"},
            ["os_mismatch"],
        ),
        ({"os_config": "Debian GNU/Linux 12", "os_tools": "Debian GNU/Linux 12"}, []),
        ({"power_state": "poweredOff", "primary_ip": None}, ["not_running"]),
        ({"power_state": "suspended", "primary_ip": None}, ["not_running"]),
        ({"power_state": "unknown", "primary_ip": None}, []),
        ({"hardware_version": 6}, ["old_hardware_version"]),
        ({"hardware_version": 7}, []),
        ({"hardware_version": None}, []),
        ({"has_cbt": False}, ["cbt_off"]),
        ({"has_cbt": None}, []),
        ({"has_cbt": False, "hardware_version": 4}, ["old_hardware_version"]),
        ({"snapshot_count": 1}, ["snapshots"]),
        ({"snapshot_count": 0}, []),
        ({"firmware": "efi"}, ["uefi"]),
        ({"firmware": "bios"}, []),
        ({"name": "x" * 57}, []),
        ({"name": "x" * 58}, ["unusual_name"]),
        ({"name": "ü" * 29}, ["unusual_name"]),
        ({"name": "web%2fdb"}, ["unusual_name"]),
        ({"name": "--"}, ["unusual_name"]),
        ({"name": "web 01.acme_x-1"}, []),
        ({"dns_name": "localhost.localdomain"}, ["no_host_name"]),
        ({"dns_name": "web01.acme.example"}, []),
        ({"disks": [a_disk(is_raw=True)]}, ["raw_disk"]),
        ({"disks": [a_disk(is_raw=True, shared_bus="physicalSharing")]}, ["raw_disk"]),
        ({"disks": [a_disk(sharing_mode="sharingMultiWriter")]}, ["shared_disk"]),
        ({"disks": [a_disk(shared_bus="noSharing")]}, []),
        ({"disks": [a_disk(disk_mode="independent_persistent")]}, ["independent_disk"]),
        ({"disks": [a_disk(capacity_mib=0)]}, ["invalid_disk_capacity"]),
        ({"disks": [a_disk(capacity_mib=1)]}, []),
        ({"disks": [a_disk(path="vm1/vm1.vmdk")]}, ["disk_without_datastore"]),
        ({"disks": [a_disk(path="[ds1] vm1/vm1.vmdk", datastore="ds1")]}, []),
        ({"disks": disks(20)}, []),
        ({"disks": disks(21)}, ["many_disks"]),
        ({"disks": disks(24)}, ["many_disks"]),
        ({"disks": disks(25)}, ["too_many_disks_for_an_agent"]),
        ({"nics": [a_nic(adapter="SriovEthernetCard")]}, ["unsupported_adapter"]),
        ({"nics": [a_nic(adapter="E1000e")]}, []),
        ({"nics": [a_nic(adapter="Flexible")]}, []),
        ({"nics": [a_nic(adapter=None)]}, []),
        ({"nics": [a_nic(network=None)]}, ["nic_without_network"]),
        ({"nics": [a_nic(is_connected=False)]}, ["disconnected_nic"]),
        ({"nics": [a_nic(ip_addresses=["10.0.0.1", "fe80::1"])]}, []),
        ({"nics": [a_nic(ip_addresses=["10.0.0.1", "10.0.0.2"])]}, ["several_addresses"]),
        ({"nics": [a_nic(ip_addresses=["2001:db8::1"])]}, ["several_addresses"]),
        ({"primary_ip": None}, ["no_address"]),
        ({"primary_ip": None, "nics": [a_nic(ip_addresses=["10.0.0.1"])]}, []),
        ({"primary_ip": None, "nics": []}, []),
    ],
)
def test_a_finding_fires_at_its_edge(changes: dict[str, Any], expected: list[str]) -> None:
    assert ids(**changes) == expected


@pytest.mark.parametrize(
    ("name", "is_suspect"),
    [
        ("acme-dc01", True),
        ("DC1", True),
        ("hq-pdc", True),
        ("web1.ad.acme.example", False),
        ("dc-01.acme.example", True),
        ("ad-2", True),
        ("vdc-web", False),
        ("adserver", False),
        ("acme-docs", False),
    ],
)
def test_only_names_of_windows_servers_suggest_a_domain_controller(
    name: str, is_suspect: bool
) -> None:
    windows = "Microsoft Windows Server 2019 (64-bit)"

    assert ("maybe_domain_controller" in ids(name=name, os_config=windows)) is is_suspect
    assert "maybe_domain_controller" not in ids(name=name)


@pytest.mark.parametrize(
    "notes",
    [
        "root password: s3cr3t-x",
        "DB_PASSWORD=s3cr3t-x",
        "rootpw: s3cr3t-x",
        "PW=s3cr3t-x",
        "db passwd = s3cr3t-x",
        "Passwort:s3cr3t-x",
    ],
)
def test_a_password_in_the_notes_is_reported_and_never_repeated(notes: str) -> None:
    (finding,) = findings(annotation=notes)

    assert finding.id == "clear_text_password"
    assert "s3cr3t-x" not in finding.seen


@pytest.mark.parametrize(
    "notes",
    ["bypass: yes", "ask IT for the password", "password:", "pwdb=1", "Password: see vault"],
)
def test_notes_without_a_password_are_none(notes: str) -> None:
    assert ids(annotation=notes) == []


def test_the_gravest_come_first_and_each_disk_counts() -> None:
    found = findings(
        firmware="efi",
        has_cbt=False,
        snapshot_count=2,
        disks=[a_disk(1, is_raw=True), a_disk(2, is_raw=True)],
    )

    assert [finding.id for finding in found] == [
        "raw_disk",
        "raw_disk",
        "snapshots",
        "cbt_off",
        "uefi",
    ]
    assert [finding.seen for finding in found[:2]] == ["Hard disk 1.", "Hard disk 2."]
    severities = list(Severity)
    assert found == tuple(sorted(found, key=lambda finding: severities.index(finding.severity)))


def test_support_has_ended_on_the_day_after_its_last() -> None:
    centos = "CentOS 7 (64-bit)"

    assert "os_end_of_support" not in ids(os_config=centos, as_of=date(2024, 6, 30))
    assert "os_end_of_support" in ids(os_config=centos, as_of=date(2024, 7, 1))


@pytest.mark.parametrize(
    ("text", "last_day"),
    [
        ("Microsoft Windows Server 2012 R2 (64-bit)", date(2023, 10, 10)),
        ("Ubuntu 20.04.6 LTS", date(2025, 5, 31)),
        ("Red Hat Enterprise Linux 7.9", date(2024, 6, 30)),
        ("CentOS 4/5 or later (64-bit)", None),
        ("CentOS 4", date(2017, 3, 31)),
        ("Ubuntu 19.10", date(2025, 5, 31)),
        ("Ubuntu 26.04 LTS", None),
        ("Rocky Linux 9", None),
        ("Linux", None),
    ],
)
def test_the_last_day_of_support_follows_product_and_release(
    text: str, last_day: date | None
) -> None:
    assert end_of_support(parse_os(text)) == last_day


def test_newer_releases_are_supported_longer() -> None:
    by_product: dict[str, list[tuple[tuple[int, ...], date]]] = {}
    for (product, release), last_day in END_OF_SUPPORT.items():
        by_product.setdefault(product, []).append((release, last_day))
    for product, rows in by_product.items():
        if product != "centos":  # 8 was ended before 7
            days = [last_day for _, last_day in sorted(rows)]
            assert days == sorted(days), product


def test_every_kind_says_what_why_and_how() -> None:
    for id_, kind in KINDS.items():
        assert id_ == kind.id
        assert all(text and text == text.strip() for text in (kind.title, kind.why, kind.fix))
        assert kind.why.endswith(".")
        assert kind.fix.endswith(".")
    severities = [list(Severity).index(kind.severity) for kind in KINDS.values()]
    assert severities == sorted(severities)
    assert [word.value for word in RecordSeverity] == [word.value for word in Severity]
