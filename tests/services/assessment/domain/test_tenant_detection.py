"""Decision 11: ordered rules, the first answer wins, else "Unassigned"."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assessment.domain.tenant_detection import (
    CONFIDENCE,
    DEFAULT_ORDER,
    Confidence,
    DetectedTenant,
    DetectionRules,
    Method,
    TenantDetector,
)
from tests.services.assessment.builders import a_vm

U1, U2 = "(a1b3000a-80a6-42eb-a04d-393c54e009d2)", "(b1b3000a-80a6-42eb-a04d-393c54e009d2)"


def detect(rules: DetectionRules | None = None, /, **vm: Any) -> DetectedTenant:
    return TenantDetector(rules or DetectionRules()).detect(a_vm(**vm))


@pytest.mark.parametrize(
    ("where", "name", "org_vdc"),
    [
        # A marked segment; digits usual, not required; a tagged segment right above is the org.
        (
            {"folder": f"/DC1/vCD-Node1/Acme {U1}/Acme-VDC-1326124 {U2}/app"},
            "Acme",
            "Acme-VDC-1326124",
        ),
        ({"folder": "/DC1/vm/Gamma_vDC_Prod"}, "Gamma", "Gamma_vDC_Prod"),
        ({"folder": "/DC1/vm/My-Org_vdc_7/web"}, "My-Org", "My-Org_vdc_7"),
        ({"folder": f"/DC1/vm/Acme Inc {U1}/acme-vdc-1 {U2}"}, "Acme Inc", "acme-vdc-1"),
        ({"folder": f"/DC1/vm/Acme {U1}/x/acme-vdc-1 {U2}"}, "acme", "acme-vdc-1"),
        ({"folder": "/DC1/vm/Plain/acme-vdc-1"}, "acme", "acme-vdc-1"),
        # The pool answers when no folder is marked.
        (
            {"folder": "/DC1/vm/misc", "resource_pool": f"/DC1/Pvdc1/Resources/Beta_vDC_42 {U1}"},
            "Beta",
            "Beta_vDC_42",
        ),
        # No marker: the tagged segments, in order.
        ({"folder": f"/DC1/vm/Delta {U1}/Prod VDC {U2}"}, "Delta", "Prod VDC"),
        ({"folder": f"/DC1/vm/Delta {U1}"}, "Delta", None),
        ({"folder": f"/DC1/vm/Customers {U2}/Delta {U1}"}, "Delta", None),
    ],
)
def test_vcd_gives_the_org_and_its_vdc(where: dict[str, Any], name: str, org_vdc: str) -> None:
    found = detect(**where)

    assert (name, org_vdc, Method.VCD_FOLDER) == (found.name, found.org_vdc, found.method)


@pytest.mark.parametrize(
    "segment", ["vdc_1", "_vdc_1", "Acme_vdc", "Acme_vdc_", "Acmevdc1", "Acme vdc 1", "Acme_vdcs_1"]
)
def test_a_segment_without_org_marker_and_rest_is_no_vdc(segment: str) -> None:
    assert Method.FOLDER_PATH is detect(folder=f"/DC1/vm/{segment}").method


@pytest.mark.parametrize(
    ("folder", "datacenter", "name"),
    [
        ("/DC1/vm/TenantA/Production", None, "TenantA"),
        ("/DC1/TenantA/Production", "DC1", "TenantA"),
        ("/Europe/DC1/vm/TenantA", "DC1", "TenantA"),
        ("TenantA/Production", "DC1", "TenantA"),
        ("vm/TenantA", None, "TenantA"),
        ("/DC1/vm/Customers/TenantA/PRD", "DC1", "TenantA"),
        ("/DC1/CLIENTS/TenantA", "DC1", "TenantA"),
        ("/DC1/vm/Legacy/Shared/TenantA", "DC1", "TenantA"),
        ("/Shared/TenantA", "Shared", "TenantA"),
        (" /DC1/vm/ TenantA /", "DC1", "TenantA"),
    ],
)
def test_the_folder_below_the_datacenter_is_the_tenant(
    folder: str, datacenter: str | None, name: str
) -> None:
    found = detect(folder=folder.strip(), datacenter=datacenter)

    assert (name, Method.FOLDER_PATH) == (found.name, found.method)


def test_another_depth_takes_another_folder() -> None:
    rules = DetectionRules(folder_depth=3)

    assert detect(rules, folder="/DC1/Customers/TenantA/Production").name == "Production"
    assert detect(DetectionRules(folder_depth=1), datacenter="DC1", folder="/DC1/A").name == "DC1"


@pytest.mark.parametrize(
    "folder",
    [
        "/DC1",
        "/DC1/vm",
        "/DC1/Discovered virtual machine",
        "/DC1/vm/Templates",
        "/DC1/vCLS",
        "",
        None,
    ],
)
def test_a_container_alone_is_no_tenant(folder: str | None) -> None:
    assert Method.CLUSTER is detect(folder=folder, datacenter="DC1", cluster="Cl1").method


def test_the_container_list_is_editable() -> None:
    rules = DetectionRules(containers=frozenset({"kunden"}))

    assert detect(rules, folder="/DC1/vm/Kunden/TenantA").name == "TenantA"
    assert detect(rules, folder="/DC1/vm/Customers/TenantA").name == "Customers"


@pytest.mark.parametrize(
    ("pool", "name"),
    [
        ("/DC/host/cluster/pool", "pool"),
        ("/DC1/Cl1/Resources/RP-A", "RP-A"),
        (f"/DC1/Cl1/Resources/Gold/RP-A {U1}", "RP-A"),
        ("/DC1/Cl1/Resources/Customers/RP-A/Shared", "RP-A"),
        ("/DC1/Cl1/Resources/Cl1", "Cl1"),
    ],
)
def test_the_last_pool_is_the_tenant(pool: str, name: str) -> None:
    found = detect(resource_pool=pool, datacenter="DC1", cluster="Cl1")

    assert (name, name, Method.RESOURCE_POOL) == (found.name, found.org_vdc, found.method)


@pytest.mark.parametrize("pool", ["/DC1/Cl1/Resources", "/DC1/Cl1", "/DC1/Cl1/Resources/Shared"])
def test_the_root_pool_is_no_tenant(pool: str) -> None:
    found = detect(resource_pool=pool, datacenter="DC1", cluster="Cl1")

    assert (found.name, found.org_vdc, found.method) == ("Cl1", None, Method.CLUSTER)


def test_a_folder_tenant_has_its_pool_as_org_vdc() -> None:
    where: dict[str, Any] = {
        "folder": "/DC1/vm/TenantA/Production",
        "resource_pool": "/DC1/host/Cl1/Resources/RP-A",
    }

    assert detect(**where).org_vdc == "RP-A"
    assert detect(DetectionRules(org_vdc_from_resource_pool=False), **where).org_vdc is None


def test_the_vapp_comes_after_folder_and_pool() -> None:
    assert Method.VAPP_NAME is detect(vapp="shop", cluster="Cl1").method
    assert Method.RESOURCE_POOL is detect(vapp="shop", resource_pool="/D/C/Resources/P").method


@pytest.mark.parametrize("cluster", ["", " ", "none", "None", "N/A", None])
def test_no_cluster_is_no_tenant(cluster: str | None) -> None:
    found = detect(name="standalone", cluster=cluster)

    expected = DetectedTenant("Unassigned", None, None, Method.FALLBACK, "fallback", Confidence.LOW)
    assert expected == found


def test_annotation_and_name_prefix_are_off_by_default() -> None:
    found = detect(name="acme-web-01", annotation="Tenant: Acme Corp")

    assert Method.FALLBACK is found.method


@pytest.mark.parametrize(
    ("annotation", "name"),
    [
        ("Tenant: Acme Corp; Env: Prod", "Acme Corp"),
        ("owner = x\ntenant=Acme\nmore", "Acme"),
        ("Env: Prod; TENANT : Acme", "Acme"),
        ("SubTenant: Acme", None),
        ("Tenant:", None),
        ("Tenant: ; Env: Prod", None),
        ("the tenant is Acme", None),
        (None, None),
    ],
)
def test_the_annotation_names_the_tenant_when_switched_on(
    annotation: str | None, name: str | None
) -> None:
    rules = DetectionRules(order=(Method.ANNOTATION_FIELD,))

    assert (name or "Unassigned") == detect(rules, annotation=annotation).name


@pytest.mark.parametrize(
    ("vm_name", "name"),
    [("acme-web-01", "acme"), ("acme-web", "acme"), ("acme", None), ("-acme", None)],
)
def test_the_name_prefix_needs_more_parts_than_it_takes(vm_name: str, name: str | None) -> None:
    rules = DetectionRules(order=(Method.VM_NAME_PREFIX,))

    assert (name or "Unassigned") == detect(rules, name=vm_name).name


@pytest.mark.parametrize(
    ("vm", "group"),
    [
        ({"name": "acme-web-01", "vapp": "shop"}, "shop"),
        ({"name": "acme-web-01"}, "acme-web"),
        ({"name": "acme-web"}, None),
        ({"name": "v1"}, None),
    ],
)
def test_the_app_group_is_the_vapp_or_the_first_two_parts(
    vm: dict[str, Any], group: str | None
) -> None:
    assert group == detect(**vm).app_group


def test_every_method_has_a_confidence() -> None:
    assert set(Method) == set(CONFIDENCE)


def test_the_order_is_data() -> None:
    rules = DetectionRules(order=(Method.CLUSTER, *DEFAULT_ORDER))

    assert detect(rules, folder="/DC1/vm/TenantA", cluster="Cl1").name == "Cl1"


SEGMENTS = ["DC1", "vm", "Acme", "Acme_vDC_1", f"Org {U1}", "Customers", "Cl1", " ", "-"]
FOLDERS = st.lists(st.sampled_from(SEGMENTS), max_size=5).map("/".join)
POOLS = st.lists(st.sampled_from([*SEGMENTS, "Resources"]), max_size=5).map("/".join)


@given(FOLDERS, POOLS, st.none() | st.just("DC1"), st.none() | st.just("Cl1"))
def test_every_vm_gets_one_tenant_with_a_name(
    folder: str, pool: str, datacenter: str | None, cluster: str | None
) -> None:
    vm = a_vm(folder=folder, resource_pool=pool, datacenter=datacenter, cluster=cluster)
    found = TenantDetector(DetectionRules()).detect(vm)

    assert found.name.strip()
    assert "Resources" not in (found.name, found.org_vdc)
    assert found == TenantDetector(DetectionRules()).detect(vm)


@given(st.permutations([f"/DC1/vm/{name}" for name in "ABCDEFG"] + ["/DC1", "/DC1/vm/Customers/A"]))
def test_what_was_seen_before_changes_nothing(folders: list[str]) -> None:
    shared = TenantDetector(DetectionRules())

    for folder in folders:
        assert detect(folder=folder) == shared.detect(a_vm(folder=folder))
