"""One VM in, its assessment out; nothing but the VM and the rules matters."""

from hypothesis import given
from hypothesis import strategies as st

from services.assessment.domain.assessment import Assessor
from services.assessment.domain.guest_os import OsFamily
from services.assessment.domain.mode import ModeClass
from services.assessment.domain.network_class import NetworkClass
from services.assessment.domain.risk_score import RiskBand
from services.assessment.domain.scope import Exclusion
from services.assessment.domain.tenant_detection import Method
from shared.contracts import records, vm_parts
from shared.contracts.records import VmRecord
from tests.services.assessment.builders import GIB, TODAY, a_vm

VMS = st.lists(
    st.builds(
        a_vm,
        number=st.integers(1, 10_000),
        os_config=st.sampled_from([None, "CentOS 6 (64-bit)", "FreeBSD 13", "Ubuntu Linux"]),
        os_tools=st.sampled_from([None, "Other 3.x Linux", "Microsoft Windows Server 2003"]),
        folder=st.sampled_from([None, "/DC1/vm/A", "/DC1/vm/B_vDC_1", "/DC1/vm/Customers/A"]),
        cluster=st.sampled_from([None, "Cl1", "none"]),
        power_state=st.sampled_from(["poweredOn", "poweredOff", "suspended", "unknown"]),
        disk_mib=st.none() | st.integers(0, 6000 * GIB),
        is_template=st.booleans(),
    ),
    unique_by=lambda vm: vm.vm_id,
    max_size=12,
)


@given(VMS.flatmap(lambda vms: st.tuples(st.just(vms), st.permutations(vms))))
def test_the_order_of_the_vms_changes_nothing(
    orders: tuple[list[VmRecord], list[VmRecord]],
) -> None:
    first, second = Assessor(as_of=TODAY), Assessor(as_of=TODAY)
    vms, shuffled = orders

    assert {vm.vm_id: first.assess(vm) for vm in vms} == {
        vm.vm_id: second.assess(vm) for vm in shuffled
    }


def test_a_vm_is_assessed_in_every_respect() -> None:
    found = Assessor(as_of=TODAY).assess(
        a_vm(
            os_config="CentOS 6 (64-bit)",
            folder="/DC1/vm/Acme",
            cluster="Cl1",
            power_state="poweredOff",
            disk_mib=2000 * GIB,
        )
    )

    assert found.excluded_because is None
    assert (found.tenant.name, found.tenant.method) == ("Acme", Method.FOLDER_PATH)
    assert (found.os.product, found.os.version) == ("centos", "6")
    assert (found.risk.score, found.risk.band) == (25, RiskBand.YELLOW)
    assert ModeClass.COLD_REQUIRED is found.mode.mode_class


def test_an_excluded_vm_is_assessed_and_marked() -> None:
    found = Assessor(as_of=TODAY).assess(a_vm(is_template=True, folder="/DC1/vm/Acme"))

    assert (found.excluded_because, found.tenant.name) == (Exclusion.TEMPLATE, "Acme")


def test_the_words_of_the_domain_are_those_of_the_contract() -> None:
    for ours, theirs in (
        (OsFamily, records.OsFamily),
        (RiskBand, records.RiskBand),
        (ModeClass, records.ModeClass),
        (NetworkClass, vm_parts.NetworkClass),
    ):
        assert [word.value for word in ours] == [word.value for word in theirs]
