"""A page of vm.v1 records becomes a page of assessed-vm.v1 records."""

from dataclasses import replace
from uuid import UUID

import pytest

from services.assessment.domain.assessment import Assessor
from services.assessment.usecases.assess_page import (
    assess_page,
    detected_tenants,
    freeze_page,
    tenant_id,
)
from services.assessment.usecases.ports import AssessedPage
from shared.contracts.records import AssessedVmRecord, NicRecord, VmRecord
from shared.contracts.snapshots import decode_page, encode_page
from shared.kernel.errors import Invalid
from shared.kernel.ids import ProjectId
from tests.services.assessment.builders import GIB, TODAY, a_vm, disks
from tests.services.assessment.upstream import PROJECT

OURS = ProjectId(PROJECT)


def assessed_page(vms: list[VmRecord]) -> AssessedPage:
    source = encode_page(vms)
    records = assess_page(source, Assessor(as_of=TODAY), project_id=OURS)
    return freeze_page(0, source, records, {t.id: t for t in detected_tenants(records)})


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
    assert record.tenant_id == tenant_id(OURS, "Acme", "Acme_vDC_7")
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


def test_a_tenant_is_spelt_as_it_was_first_seen() -> None:
    page = encode_page([a_vm(1, folder="/DC1/ACME"), a_vm(2, folder="/DC1/acme")])
    records = assess_page(page, Assessor(as_of=TODAY), project_id=OURS)
    (found,) = detected_tenants(records)

    stored = replace(found, name="Acme")
    frozen = freeze_page(0, page, records, {found.id: stored})

    assert found.name == "ACME"
    assert [vm.tenant_name for vm in decode_page(frozen.content, AssessedVmRecord)] == [
        "Acme",
        "Acme",
    ]


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
    assert (tenant_id(OURS, "Acme Corp", "vdc_1") == tenant_id(OURS, *other)) is is_same


def test_tenants_of_two_projects_differ() -> None:
    theirs = ProjectId(UUID(int=7))

    assert tenant_id(OURS, "Acme", None) != tenant_id(theirs, "Acme", None)


def test_a_page_of_other_records_is_refused() -> None:
    with pytest.raises(Invalid, match="Unreadable snapshot page"):
        assess_page(encode_page([{"name": "x"}]), Assessor(as_of=TODAY), project_id=OURS)
