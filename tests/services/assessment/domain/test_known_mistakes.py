"""What earlier planners got wrong, each once. The tables beside this one have more of each."""

from typing import Any

import pytest

from services.assessment.domain.assessment import Assessed, Assessor
from services.assessment.domain.mode import ModeClass
from services.assessment.domain.networks import attachments
from services.assessment.domain.risk_score import RiskBand
from services.assessment.domain.scope import Exclusion
from services.assessment.domain.target_support import TargetSupport
from services.assessment.domain.tenancy import key_id
from services.assessment.domain.tenant_detection import Method
from shared.contracts.vm_parts import NicRecord
from shared.kernel.ids import ProjectId
from tests.services.assessment.builders import GIB, TODAY, a_disk, a_vm, disks, nics
from tests.services.assessment.upstream import PROJECT

OURS = ProjectId(PROJECT)


def assess(**vm: Any) -> Assessed:
    return Assessor(as_of=TODAY).assess(a_vm(**vm))


def networks_of(*attached: tuple[str | None, str | None, int | None], **vm: Any) -> dict[str, str]:
    """The class of each network of a VM by its name; NICs are network, switch and VLAN."""
    records = [
        NicRecord(label="Network adapter", network=name, switch=switch, vlan_id=vlan)
        for name, switch, vlan in attached
    ]
    found = attachments(a_vm(nics=records, **vm), OURS)
    return {one.network.name: one.verdict.network_class.value for one in found}


def test_ex19_an_org_vdc_with_dashes_and_digits_is_one_of_vcd() -> None:
    uuids = ("a1b3000a-80a6-42eb-a04d-393c54e009d2", "b1b3000a-80a6-42eb-a04d-393c54e009d2")
    folder = f"/DC1/vCD-Node1/Acme ({uuids[0]})/Acme-VDC-1326124 ({uuids[1]})/app"

    tenant = assess(folder=folder).tenant

    assert (tenant.name, tenant.org_vdc, tenant.method) == (
        "Acme",
        "Acme-VDC-1326124",
        Method.VCD_FOLDER,
    )


def test_ex21_an_org_vdc_needs_no_digits() -> None:
    tenant = assess(folder="/DC1/vm/Gamma_vDC_Prod").tenant

    assert (tenant.name, tenant.org_vdc) == ("Gamma", "Gamma_vDC_Prod")


def test_ex25_the_root_pool_does_not_make_the_cluster_a_pool() -> None:
    vm = {"folder": "/DC1/vm", "resource_pool": "/DC1/Cl1/Resources", "cluster": "Cl1"}

    tenant = assess(**vm).tenant

    assert (tenant.name, tenant.org_vdc, tenant.method) == ("Cl1", None, Method.CLUSTER)


def test_ex26_a_host_name_is_no_tenant_unless_somebody_wants_it() -> None:
    assert assess(name="acme-web-01").tenant.method is Method.FALLBACK


@pytest.mark.parametrize("folder", ["Templates", "Discovered virtual machine", "vCLS", "TEMPLATES"])
def test_folders_of_the_infrastructure_are_no_tenants(folder: str) -> None:
    assert assess(folder=f"/DC1/vm/{folder}", cluster="Cl1").tenant.method is Method.CLUSTER


def test_tenants_of_one_name_and_two_org_vdcs_are_two() -> None:
    assert key_id(OURS, "Acme", "gold") != key_id(OURS, "Acme", "silver")


@pytest.mark.parametrize(
    ("name", "vlan_class"),
    [
        ("Tenant_vlan_3567", "vlan_backed"),
        ("VLAN100", "vlan_backed"),
        ("prod-vlan-20-web", "vlan_backed"),
        ("myVLAN 12", "vlan_backed"),
        ("vlan", "standard"),
        ("DPG_v200", "standard"),
        ("VLAN4999", "standard"),
    ],
)
def test_ex29_a_vlan_is_1_to_4094(name: str, vlan_class: str) -> None:
    assert networks_of((name, "dvs1", None)) == {name: vlan_class}


@pytest.mark.parametrize(
    ("name", "network_class"),
    [
        ("acme_routed_net_1", "nsx_overlay"),
        ("ls-web", "nsx_overlay"),
        ("dlr-uplink", "nsx_overlay"),
        ("VLAN100", "vlan_backed"),
        ("isolated-lab", "isolated"),
        ("VM Network", "standard"),
        ("tools-net", "standard"),
        ("ols-front", "standard"),
        ("t1-vlan-30", "vlan_backed"),
    ],
)
def test_ex30_a_piece_of_a_word_is_not_nsx(name: str, network_class: str) -> None:
    assert networks_of((name, "dvs1", None)) == {name: network_class}


def test_the_networks_of_all_nics_count_not_the_first_ones() -> None:
    attached = [("web", "dvs1", 20), ("db", "dvs1", 30), ("none", None, None), (None, None, None)]

    assert list(networks_of(*attached)) == ["web", "db"]


def test_the_networks_of_a_vm_that_is_off_count() -> None:
    assert networks_of(("web", "dvs1", 20), power_state="poweredOff") == {"web": "vlan_backed"}


@pytest.mark.parametrize("name", ["none", "NONE", "Not connected", " none ", "<none>", "n/a", ""])
def test_a_nic_that_is_attached_to_nothing_has_no_network(name: str) -> None:
    assert networks_of((name, None, None)) == {}


def test_one_name_on_two_switches_or_in_two_vcenters_is_not_one_network() -> None:
    found = {
        one.network.id
        for vcenter in ("vc1", "vc2")
        for switch in ("dvs1", "dvs2")
        for one in attachments(
            a_vm(vcenter=vcenter, nics=[NicRecord(label="n", network="web", switch=switch)]), OURS
        )
    }

    assert len(found) == 4


def test_ex31_an_archive_is_not_arch() -> None:
    assert assess(os_config="Archive appliance").os.family == "other"
    assert assess(os_config="Arch Linux").os.family == "linux"


def test_ex09_a_cisco_is_not_sco() -> None:
    assert assess(os_config="Other Linux (64-bit)", os_tools="Cisco ASAv").risk.score == 0


@pytest.mark.parametrize("text", ["Red Hat Enterprise Linux 5 (64-bit)", "CentOS 4/5/6 (64-bit)"])
def test_ex10_and_ex11_an_old_release_is_old_however_it_is_written(text: str) -> None:
    assert assess(os_config=text).risk.score == 15


def test_ex07_a_system_that_cannot_run_is_a_blocker_whatever_its_points() -> None:
    solaris = assess(os_config="Oracle Solaris 11 (64-bit)")

    assert (solaris.risk.band, solaris.mode.mode_class) == (
        RiskBand.YELLOW,
        ModeClass.COLD_REQUIRED,
    )
    assert any(finding.severity == "blocker" for finding in solaris.findings)


def test_raw_shared_and_independent_disks_are_seen() -> None:
    for disk in (
        a_disk(is_raw=True),
        a_disk(sharing_mode="sharingMultiWriter"),
        a_disk(disk_mode="independent_persistent"),
    ):
        found = assess(disks=[disk])
        assert found.findings, disk
        assert found.mode.mode_class is ModeClass.COLD_REQUIRED, disk


def test_ex17_a_vm_without_change_tracking_can_still_move_warm() -> None:
    assert assess(has_cbt=False).mode.mode_class is ModeClass.WARM_ELIGIBLE


def test_the_mode_reads_the_band() -> None:
    red = {"disk_mib": 4999 * GIB, "disks": disks(8), "memory_mib": 64 * GIB, "snapshot_count": 4}

    found = assess(**red, oldest_snapshot_days=31, nics=nics(3))

    assert (found.risk.band, found.mode.mode_class) == (RiskBand.RED, ModeClass.WARM_RISKY)


def test_ex64_a_tenant_that_the_target_does_not_run_has_no_supported_vm() -> None:
    unsupported = ["Oracle Solaris 11 (64-bit)", "IBM AIX", "Microsoft Windows 2000 Server"]

    found = [assess(os_config=text).target_support for text in unsupported]

    assert found.count(TargetSupport.SUPPORTED) == 0
    assert set(found) <= {TargetSupport.UNSUPPORTED, TargetSupport.UNKNOWN}


@pytest.mark.parametrize(
    ("vm", "reason"),
    [
        ({"is_template": True}, Exclusion.TEMPLATE),
        ({"is_srm_placeholder": True}, Exclusion.SRM_PLACEHOLDER),
        ({"name": "vCLS (3)"}, Exclusion.VCLS),
    ],
)
def test_what_is_no_vm_of_anybody_is_marked(vm: dict[str, Any], reason: Exclusion) -> None:
    assert assess(**vm).excluded_because is reason
