"""From VMs and settings to a plan, its order, its totals and its header."""

import json
import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.planner.domain.ordering import in_order, why_here
from services.planner.domain.plan import Plan, make_plan
from services.planner.domain.settings import PlanSettings
from services.planner.domain.snapshot import BasedOn, plan_header
from services.planner.domain.summary import total, total_by_tenant
from services.planner.domain.vms import Finding, Mode, ModeClass, PowerState, RiskBand, Vm
from shared.kernel.ids import AssessmentId, InventoryId, ProjectId
from tests.services.planner.builders import GIB, MONDAY, SUNDAY, a_tenant, a_vm, an_id

BASED_ON = BasedOn(
    inventory_id=InventoryId(an_id("inventory")),
    inventory_number=1,
    assessment_id=AssessmentId(an_id("assessment")),
    assessment_number=1,
    imported_at=SUNDAY,
    digest="0" * 64,
)


def a_plan(vms: list[Vm], **settings: object) -> Plan:
    return make_plan(vms, PlanSettings(**settings), imported_at=SUNDAY)  # type: ignore[arg-type]


def a_header(plan: Plan, **excluded: int) -> dict[str, object]:
    return dict(plan_header(ProjectId(an_id("project")), BASED_ON, plan, excluded=excluded))


def test_tenants_go_by_priority_then_name_and_their_vms_by_priority_then_size() -> None:
    acme, beta, urgent = a_tenant("acme"), a_tenant("Beta"), a_tenant("zeta", priority=1)
    vms = [
        a_vm("b-big", tenant=beta, disk_mib=900 * GIB),
        a_vm("a-small", tenant=acme, disk_mib=10 * GIB),
        a_vm("a-big", tenant=acme, disk_mib=20 * GIB),
        a_vm("a-first", tenant=acme, disk_mib=1 * GIB, priority=1),
        a_vm("z", tenant=urgent),
    ]
    expected = [an_id(name) for name in ("z", "a-first", "a-big", "a-small", "b-big")]
    assert expected == [vm.vm_id for vm in in_order(vms)]


def test_two_org_vdcs_of_one_name_are_two_tenants() -> None:
    plan = a_plan(
        [
            a_vm("one", tenant=a_tenant("acme", org_vdc="v1")),
            a_vm("two", tenant=a_tenant("acme", org_vdc="v2")),
        ]
    )
    assert [entry.tenant.org_vdc for entry in total_by_tenant(plan)] == ["v1", "v2"]


def test_the_mode_follows_the_class_and_the_project() -> None:
    classes = [ModeClass.WARM_ELIGIBLE, ModeClass.WARM_RISKY, ModeClass.COLD_REQUIRED]
    vms = [a_vm(cls.value, mode_class=cls) for cls in classes]
    modes = {p.vm.mode_class: p.mode for p in a_plan(vms).vms}
    assert [modes[cls] for cls in classes] == [Mode.WARM, Mode.WARM, Mode.COLD]
    careful = {p.vm.mode_class: p.mode for p in a_plan(vms, warm_risky_mode=Mode.COLD).vms}
    assert [careful[cls] for cls in classes] == [Mode.WARM, Mode.COLD, Mode.COLD]


def test_the_summary_counts_powered_off_vms_and_says_so() -> None:
    header = a_header(
        a_plan(
            [
                a_vm("on", vcpus=2, memory_mib=1536, disk_mib=10 * GIB, used_mib=5 * GIB),
                a_vm(
                    "off",
                    tenant=a_tenant("beta"),
                    power_state=PowerState.OFF,
                    mode_class=ModeClass.COLD_REQUIRED,
                    risk_band=RiskBand.RED,
                    vcpus=4,
                    memory_mib=1024,
                    disk_mib=20 * GIB,
                    used_mib=7 * GIB,
                ),
            ]
        ),
        template=3,
    )
    summary = header["summary"]
    assert isinstance(summary, dict)
    expected = {
        "vms": 2,
        "tenants": 2,
        "powered_off": 1,
        "vcpus": 6,
        "memory_gib": 2.5,
        "disk_gib": 30,
        "used_gib": 12,
        "warm": 1,
        "cold": 1,
        "risk_bands": {"green": 1, "yellow": 0, "red": 1},
        "excluded": {"template": 3},
        "unknown": {"vcpus": 0, "memory": 0, "disk": 0, "used": 0},
        "start_date": "2026-03-02",
        "finish_date": "2026-03-02",
        "working_days": 1,
        "bottleneck": "source_nic",
    }
    assert expected == {key: summary[key] for key in expected}
    assert "powered-off VMs are included" in summary["counted"]


def test_missing_figures_count_as_nothing_and_are_reported() -> None:
    vm = a_vm("odd", vcpus=None, memory_mib=None, disk_mib=None, used_mib=None)
    plan = a_plan([vm, a_vm("fine")])
    totals = total(plan.vms)
    assert (
        totals.vcpus,
        totals.memory_mib,
        totals.disk_mib,
        totals.used_mib,
    ) == (2, 4 * GIB, 100 * GIB, 50 * GIB)
    assert totals.findings == {
        Finding.VCPUS_UNKNOWN: 1,
        Finding.MEMORY_UNKNOWN: 1,
        Finding.DISK_UNKNOWN: 1,
        Finding.USED_UNKNOWN: 1,
    }


def test_a_vm_that_never_catches_up_is_marked() -> None:
    plan = a_plan(
        [a_vm(used_mib=1000 * GIB, disk_mib=1000 * GIB)],
        daily_change_pct=300,
        target_storage_write_mb_s=10,
        target_vms_per_day=1,
    )
    assert plan.vms[0].findings() == [Finding.WARM_NOT_CONVERGENT]
    assert plan.vms[0].mode is Mode.WARM


def test_the_deadline_counts_working_days() -> None:
    vms = [a_vm(f"vm-{n}") for n in range(30)]
    late = a_plan(vms, target_vms_per_day=1, duration_days=30).deadline
    assert late is not None
    assert (late.last_date, late.working_days) == (MONDAY + timedelta(days=29), 22)
    assert (late.needed_working_days, late.late_by_working_days) == (30, 8)
    met = a_plan(vms, duration_days=30).deadline
    assert met is not None
    assert met.late_by_working_days == 0
    assert a_plan(vms, duration_days=None).deadline is None


def test_a_plan_without_vms_is_empty_and_has_no_dates() -> None:
    header = a_header(a_plan([]))
    summary = header["summary"]
    assert isinstance(summary, dict)
    assert (summary["vms"], summary["finish_date"], summary["deadline"]) == (0, None, None)
    assert header["tenants"] == header["days"] == []


def test_dates_are_those_of_the_projects_time_zone() -> None:
    plan = a_plan([a_vm()], time_zone="Asia/Tokyo", start_hour=0)
    assert date(2026, 3, 2) == plan.start_date == plan.finish_date
    assert date(2026, 3, 1) == plan.vms[0].placement.start.date()  # 15:00 UTC the day before


def test_why_here_names_the_tenant_the_place_and_what_it_waited_for() -> None:
    vms = [a_vm(f"vm-{n}", disk_mib=n * GIB) for n in (3, 2, 1)]
    plan = a_plan(vms, agent_count=1, slots_per_agent=1, target_vms_per_day=2)
    texts = [why_here(p.vm.tenant, p.rank, p.placement) for p in plan.vms]
    assert texts[0] == "Tenant acme: 1 of 3, largest first. Started as the day opened."
    assert "Started as soon as a slot was free" in texts[1]
    assert "3 of 3" in texts[2]
    assert "daily target" in texts[2]


def test_every_number_of_the_header_is_rounded_and_plain_json() -> None:
    header = a_header(a_plan([a_vm(used_mib=333, disk_mib=777)]))
    assert header == json.loads(json.dumps(header))


TENANTS = [a_tenant("acme", org_vdc="v1"), a_tenant("acme", org_vdc="v2"), a_tenant("Beta")]
ESTATES = st.lists(
    st.builds(
        a_vm,
        st.uuids().map(str),
        tenant=st.sampled_from(TENANTS),
        mode_class=st.sampled_from(ModeClass),
        power_state=st.sampled_from(PowerState),
        vcpus=st.none() | st.integers(1, 64),
        disk_mib=st.none() | st.integers(0, 3_000 * GIB),
        used_mib=st.none() | st.integers(0, 3_000 * GIB),
    ),
    max_size=20,
)


@given(ESTATES, st.randoms(use_true_random=False))
def test_the_order_in_which_vms_come_does_not_matter(vms: list[Vm], rng: random.Random) -> None:
    shuffled = list(vms)
    rng.shuffle(shuffled)
    one, other = a_plan(vms), a_plan(shuffled)
    assert [(p.vm.vm_id, p.placement) for p in one.vms] == [
        (p.vm.vm_id, p.placement) for p in other.vms
    ]
    assert json.dumps(a_header(one)) == json.dumps(a_header(other))


@given(ESTATES)
def test_every_vm_is_planned_once_and_tenants_add_up_to_the_project(vms: list[Vm]) -> None:
    plan = a_plan(vms)
    assert sorted(vm.vm_id for vm in vms) == sorted(p.vm.vm_id for p in plan.vms)
    assert list(range(1, len(vms) + 1)) == [p.sequence for p in plan.vms]
    whole = total(plan.vms)
    tenants = [entry.totals for entry in total_by_tenant(plan)]
    for name in ("vms", "powered_off", "vcpus", "memory_mib", "disk_mib", "used_mib"):
        assert getattr(whole, name) == sum(getattr(totals, name) for totals in tenants)
    assert whole.copy_mib == pytest.approx(sum(totals.copy_mib for totals in tenants))
