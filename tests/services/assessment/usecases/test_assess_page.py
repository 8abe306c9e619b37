"""A page of vm.v1 records becomes a page of assessed-vm.v1 records."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assessment.domain.assessment import Assessor, Rules
from services.assessment.domain.tenancy import Tenant, key_id
from services.assessment.domain.tenant_detection import DEFAULT_ORDER, DetectionRules, Method
from services.assessment.domain.waivers import Waiver
from services.assessment.usecases.assess_page import (
    PageDecisions,
    assess_page,
    detected_keys,
    freeze_page,
)
from services.assessment.usecases.ports import AssessedPage
from shared.contracts.records import AssessedVmRecord, VmRecord
from shared.contracts.snapshots import decode_page, encode_page
from shared.contracts.vm_parts import NicRecord
from shared.kernel.errors import Invalid
from shared.kernel.ids import ProjectId, TenantId, VmId
from tests.services.assessment.builders import GIB, TODAY, a_disk, a_vm, disks
from tests.services.assessment.upstream import PROJECT

OURS = ProjectId(PROJECT)
ZEN = TenantId(UUID(int=99))


def assessed_page(vms: list[VmRecord]) -> AssessedPage:
    source = encode_page(vms)
    records = assess_page(source, Assessor(as_of=TODAY), project_id=OURS)
    tenants = {key.id: Tenant(key.id, key.name, key.org_vdc) for key in detected_keys(records)}
    return freeze_page(0, source, records, PageDecisions(tenants))


def test_a_record_carries_the_facts_and_the_assessment() -> None:
    nics = [NicRecord(label=str(i), network=name) for i, name in enumerate(["b", "a", None, "b"])]
    vm = a_vm(
        name=" web-01 ",
        folder="/DC1/vm/Acme_vDC_7/web",
        os_config="CentOS 6 (64-bit)",
        power_state="poweredOff",
        used_mib=5 * GIB,
        used_basis="allocated",
        disks=disks(2),
        nics=nics,
    )

    (record,) = decode_page(assessed_page([vm]).content, AssessedVmRecord)

    assert (record.vm_id, record.name, record.is_excluded) == (vm.vm_id, " web-01 ", False)
    assert (record.tenant_name, record.org_vdc) == ("Acme", "Acme_vDC_7")
    assert record.tenant_id == key_id(OURS, "Acme", "Acme_vDC_7")
    assert (record.os_product, record.os_version) == ("centos", "6")
    assert (record.disk_count, record.nic_count, record.networks) == (2, 4, ["b", "a"])
    assert (record.used_mib, record.used_basis) == (5 * GIB, "allocated")
    assert (record.risk_score, record.risk_band) == (25, "yellow")  # deprecated OS and many NICs
    assert [reason.rule for reason in record.risk_reasons] == ["deprecated_os", "many_nics"]
    assert (record.mode_class, record.mode_reasons[0].rule) == ("cold_required", "powered_off")


def test_the_records_of_a_page_are_what_its_bytes_say() -> None:
    page = assessed_page([a_vm(1), a_vm(2, is_template=True), a_vm(3, os_config=None, nics=[])])

    decoded = list(decode_page(page.content, AssessedVmRecord))

    assert [AssessedVmRecord.model_validate(record) for record in page.records] == decoded
    assert set(page.records[0]) == set(AssessedVmRecord.model_fields)


def test_equal_vms_give_equal_bytes() -> None:
    vms = [a_vm(i, folder=f"/DC1/vm/T{i % 3}") for i in range(1, 20)]

    assert assessed_page(vms).content == assessed_page(vms).content


def test_a_tenant_is_called_what_it_is_called_now() -> None:
    page = encode_page([a_vm(1, folder="/DC1/ACME"), a_vm(2, folder="/DC1/acme")])
    records = assess_page(page, Assessor(as_of=TODAY), project_id=OURS)
    (found,) = detected_keys(records)

    decisions = PageDecisions({found.id: Tenant(ZEN, "Zen", "zen-vdc", version=2)})
    frozen = list(decode_page(freeze_page(0, b"", records, decisions).content, AssessedVmRecord))

    assert found.name == "ACME"
    assert [(vm.tenant_id, vm.tenant_name, vm.org_vdc) for vm in frozen] == [
        (ZEN, "Zen", "zen-vdc")
    ] * 2
    assert {vm.detection_rule for vm in frozen} == {"folder_path"}


def test_a_vm_that_was_assigned_by_hand_is_where_it_was_put() -> None:
    vms = [a_vm(1, folder="/DC1/Acme"), a_vm(2, folder="/DC1/Acme")]
    records = assess_page(encode_page(vms), Assessor(as_of=TODAY), project_id=OURS)
    (found,) = detected_keys(records)
    decisions = PageDecisions(
        tenants={found.id: Tenant(found.id, "Acme", None)},
        assigned={VmId(vms[1].vm_id): Tenant(ZEN, "Zen", None)},
    )

    first, second = decode_page(freeze_page(0, b"", records, decisions).content, AssessedVmRecord)

    assert (first.tenant_name, first.detection_method) == ("Acme", "folder_path")
    assert (second.tenant_id, second.tenant_name) == (ZEN, "Zen")
    assert (second.detection_method, second.tenant_confidence) == ("manual", "high")


ESTATE = [
    a_vm(number, folder=f"/DC1/vm/T{number % 3}", cluster=f"Cl{number % 2}", vapp="App")
    for number in range(1, 9)
]


@given(
    order=st.permutations(DEFAULT_ORDER),
    assigned=st.sets(st.sampled_from([VmId(vm.vm_id) for vm in ESTATE])),
    waived=st.sets(st.sampled_from([VmId(vm.vm_id) for vm in ESTATE])),
)
def test_no_rules_move_an_assigned_vm_or_bring_a_waived_finding_back(
    order: list[Method], assigned: set[VmId], waived: set[VmId]
) -> None:
    rules = Rules(detection=DetectionRules(order=tuple(order)))
    records = assess_page(encode_page(ESTATE), Assessor(rules, as_of=TODAY), project_id=OURS)
    waiver = Waiver("known", "Anna", datetime(2026, 3, 1, tzinfo=UTC))
    decisions = PageDecisions(
        tenants={key.id: Tenant(key.id, key.name, None) for key in detected_keys(records)},
        assigned={vm_id: Tenant(ZEN, "Zen", None) for vm_id in assigned},
        waivers={vm_id: {"no_address": waiver} for vm_id in waived},
    )

    frozen = list(decode_page(freeze_page(0, b"", records, decisions).content, AssessedVmRecord))

    assert {vm.vm_id for vm in frozen if vm.tenant_id == ZEN} == assigned
    assert {vm.detection_rule for vm in frozen} <= {*order, "manual"}
    for vm in frozen:
        found = [one.is_waived for one in vm.findings if one.id == "no_address"]
        assert found == [vm.vm_id in waived]


def test_waived_findings_are_marked_and_come_last() -> None:
    vm = a_vm(disks=[a_disk(1, is_raw=True), a_disk(2, is_raw=True)], power_state="poweredOff")
    records = assess_page(encode_page([vm]), Assessor(as_of=TODAY), project_id=OURS)
    (found,) = detected_keys(records)
    waiver = Waiver("LUNs are moved by the storage team", "Anna", datetime(2026, 3, 1, tzinfo=UTC))
    decisions = PageDecisions(
        tenants={found.id: Tenant(found.id, found.name, None)},
        waivers={VmId(vm.vm_id): {"raw_disk": waiver, "uefi": waiver}},
    )

    (record,) = decode_page(freeze_page(0, b"", records, decisions).content, AssessedVmRecord)

    assert [(one.id, one.is_waived) for one in record.findings] == [
        ("not_running", False),
        ("raw_disk", True),
        ("raw_disk", True),
    ]
    assert [one.waiver is None for one in record.findings] == [True, False, False]
    assert record.findings[1].waiver is not None
    assert record.findings[1].waiver.by == "Anna"


def test_a_record_carries_every_address_once_the_primary_one_first() -> None:
    nics = [
        NicRecord(label="1", ip_addresses=["10.0.0.1", "fe80::1"]),
        NicRecord(label="2", ip_addresses=["10.0.0.2"]),
    ]
    vms = [a_vm(1, primary_ip="10.0.0.2", nics=nics, dns_name="a.b", snapshot_count=2), a_vm(2)]

    one, other = decode_page(assessed_page(vms).content, AssessedVmRecord)

    assert one.ip_addresses == ["10.0.0.2", "10.0.0.1", "fe80::1"]
    assert (one.dns_name, one.snapshot_count) == ("a.b", 2)
    assert (other.ip_addresses, other.dns_name, other.snapshot_count) == ([], None, None)


def test_an_excluded_vm_says_why() -> None:
    (record,) = decode_page(assessed_page([a_vm(name="vCLS (1)")]).content, AssessedVmRecord)

    assert (record.is_excluded, record.excluded_because) == (True, "vcls")


@pytest.mark.parametrize(
    ("other", "is_same"),
    [
        (("acme corp", "VDC_1"), True),
        ((" Acme  Corp ", "vdc_1"), True),
        (("Acme Corp", "vdc_2"), False),
        (("Acme Corp", None), False),
        (("Acme", "Corp vdc_1"), False),
    ],
)
def test_case_and_blanks_make_no_other_tenant(other: tuple[str, str | None], is_same: bool) -> None:
    assert (key_id(OURS, "Acme Corp", "vdc_1") == key_id(OURS, *other)) is is_same


def test_tenants_of_two_projects_differ() -> None:
    theirs = ProjectId(UUID(int=7))

    assert key_id(OURS, "Acme", None) != key_id(theirs, "Acme", None)


def test_a_page_of_other_records_is_refused() -> None:
    with pytest.raises(Invalid, match="Unreadable snapshot page"):
        assess_page(encode_page([{"name": "x"}]), Assessor(as_of=TODAY), project_id=OURS)
