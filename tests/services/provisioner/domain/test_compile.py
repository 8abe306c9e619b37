"""What an approved plan compiles to: which tasks, in which order, wanting what."""

import random
from collections import Counter
from collections.abc import Sequence

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.provisioner.domain.estate import PlannedVm
from services.provisioner.domain.tasks import Kind, Task
from tests.services.provisioner.builders import (
    ACCOUNT,
    GIB,
    a_tenant_id,
    a_vm,
    compiled,
    of_kind,
)

# Names that differ by case and blanks, need escaping, leave no slug, or are too long.
NAMES = ["acme", "Acme", " acme ", "a/b", "a%2Fb", "a-b", "a b", "日本", "Default", "x" * 70, "\n"]
NETWORKS = ["prod", "Prod", "VLAN 10", "prod-vlan10", "prod_vlan_11", "n/et", "n" * 300, " "]

tenants = st.tuples(st.sampled_from(NAMES), st.sampled_from([None, "", *NAMES]))


@st.composite
def estates(draw: st.DrawFn) -> list[PlannedVm]:
    """Some VMs of few tenants, so that names collide and networks are shared."""
    return [
        a_vm(
            *draw(tenants),
            vcpus=draw(st.integers(0, 2)),
            memory_mib=draw(st.sampled_from([0, 1024, 1536, 4096])),
            disk_mib=draw(st.integers(0, 5000)),
            disk_count=draw(st.none() | st.integers(0, 3)),
            nic_count=draw(st.none() | st.integers(0, 3)),
            networks=tuple(draw(st.lists(st.sampled_from(NETWORKS), max_size=4))),
        )
        for _ in range(draw(st.integers(0, 12)))
    ]


@given(estates(), st.randoms(use_true_random=False))
def test_the_order_of_the_vms_changes_no_byte(vms: list[PlannedVm], order: random.Random) -> None:
    shuffled = list(vms)
    order.shuffle(shuffled)

    assert as_bytes(compiled(shuffled)) == as_bytes(compiled(vms))


@given(estates())
def test_keys_are_unique_and_say_their_kind(vms: list[PlannedVm]) -> None:
    tasks = compiled(vms)

    assert len({task.key for task in tasks}) == len(tasks)
    assert all(task.key.startswith(f"{task.kind}:") for task in tasks)


@given(estates())
def test_every_earlier_stage_comes_first_and_needs_are_met_before(vms: list[PlannedVm]) -> None:
    tasks = compiled(vms)
    done: set[str] = set()

    assert [task.stage for task in tasks] == sorted(task.stage for task in tasks)
    for task in tasks:
        assert set(task.depends_on) <= done
        done.add(task.key)


@given(estates())
def test_every_tenant_has_one_task_of_each_of_its_kinds(vms: list[PlannedVm]) -> None:
    tasks = compiled(vms)
    in_scope = {vm.tenant_id for vm in vms}

    for kind in (Kind.DOMAIN, Kind.PROJECT, Kind.QUOTA, Kind.USER, Kind.ROLE):
        served = Counter(tenant for task in of_kind(tasks, kind) for tenant in task.tenant_ids)
        assert served == Counter(in_scope)


@given(estates())
def test_every_network_is_made_once_for_those_who_use_it(vms: list[PlannedVm]) -> None:
    tasks = compiled(vms)
    projects = {
        tenant: task.key for task in of_kind(tasks, Kind.PROJECT) for tenant in task.tenant_ids
    }
    users: dict[str, Counter[str]] = {}
    for vm in vms:
        for network in set(vm.networks):
            users.setdefault(network, Counter())[projects[vm.tenant_id]] += 1

    made = {task.desired["source_name"]: task for task in of_kind(tasks, Kind.NETWORK)}

    assert len(made) == len(of_kind(tasks, Kind.NETWORK))
    assert made.keys() == users.keys()
    for network, task in made.items():
        assert set(task.depends_on) == set(users[network])
        shared = task.desired["shared_with"]
        assert isinstance(shared, list)
        assert len(shared) == len(users[network]) - 1
        owner = owner_key(tasks, task)
        assert users[network][owner] == max(users[network].values())


@given(estates())
def test_what_can_be_done_has_a_name_of_its_own(vms: list[PlannedVm]) -> None:
    tasks = compiled(vms)

    for kind in (Kind.DOMAIN, Kind.NETWORK, Kind.FLAVOR):
        names = [task.name.casefold() for task in of_kind(tasks, kind)]
        assert len(set(names)) == len(names)
    for kind in (Kind.PROJECT, Kind.USER):
        in_domain = [
            (str(task.desired["domain"]).casefold(), task.name.casefold())
            for task in of_kind(tasks, kind)
        ]
        assert len(set(in_domain)) == len(in_domain)


@given(estates())
def test_a_quota_is_never_below_what_the_vms_use(vms: list[PlannedVm]) -> None:
    for task in of_kind(compiled(vms), Kind.QUOTA):
        mine = [vm for vm in vms if vm.tenant_id in task.tenant_ids]
        quota = task.desired
        assert number(quota["cores"]) >= sum(vm.vcpus for vm in mine)
        assert number(quota["ram_mib"]) >= sum(vm.memory_mib for vm in mine)
        assert number(quota["instances"]) >= len(mine)
        assert number(quota["gigabytes"]) * GIB >= sum(vm.disk_mib for vm in mine)
        assert number(quota["volumes"]) >= sum(vm.disk_count or 0 for vm in mine)
        assert number(quota["ports"]) >= sum(vm.nic_count or 0 for vm in mine)


@given(estates())
def test_what_needs_a_blocked_task_is_blocked(vms: list[PlannedVm]) -> None:
    tasks = compiled(vms)
    blocked = {task.key for task in tasks if task.blocker}

    for task in tasks:
        if set(task.depends_on) & blocked:
            assert task.blocker is not None
        if task.blocker is not None:
            assert task.blocker.reason.endswith(".")
            assert task.blocker.remedy.endswith(".")


def test_a_plan_of_nothing_has_no_tasks() -> None:
    assert compiled([]) == []


def test_a_tenant_becomes_a_domain_a_project_and_an_account() -> None:
    tasks = compiled([a_vm("Acme", "acme_vDC_1")])

    assert [task.key for task in tasks] == [
        "domain:acme",
        "project:acme/acme_vdc_1",
        "quota:acme/acme_vdc_1",
        "network:prod",
        "flavor:2x4096",
        f"user:acme/{ACCOUNT}-acme-vdc-1",
        f"role:acme/acme_vdc_1/{ACCOUNT}-acme-vdc-1/admin",
    ]
    assert [task.name for task in tasks[:2]] == ["Acme", "acme_vDC_1"]
    assert [task.stage for task in tasks] == [1, 2, 3, 4, 5, 6, 7]
    assert not any(task.blocker for task in tasks)


def test_without_an_org_vdc_the_project_is_named_like_the_tenant() -> None:
    [project] = of_kind(compiled([a_vm("acme", None)]), Kind.PROJECT)

    assert project.desired == {"name": "acme", "domain": "acme"}


def test_two_org_vdcs_are_two_projects_of_one_domain() -> None:
    tasks = compiled([a_vm("acme", "one"), a_vm("acme", "two")])

    assert [task.key for task in of_kind(tasks, Kind.DOMAIN)] == ["domain:acme"]
    assert [task.key for task in of_kind(tasks, Kind.PROJECT)] == [
        "project:acme/one",
        "project:acme/two",
    ]


def test_a_quota_is_the_need_with_headroom_and_storage_with_the_disk_factor() -> None:
    vms = [a_vm(vcpus=4, memory_mib=10 * GIB, disk_mib=100 * GIB, nic_count=2) for _ in range(10)]

    [quota] = of_kind(compiled(vms), Kind.QUOTA)

    assert {name: quota.desired[name] for name in LIMITS} == {
        "instances": 11,
        "cores": 44,
        "ram_mib": 110 * GIB,
        "volumes": 11,
        "gigabytes": 1500,
        "ports": 22,
        "networks": 2,
    }


def test_each_volume_is_a_whole_number_of_gib() -> None:
    [quota] = of_kind(compiled([a_vm(disk_mib=3 * GIB + 3, disk_count=3)]), Kind.QUOTA)

    need = quota.desired["need"]
    assert isinstance(need, dict)
    assert need["gigabytes"] == 6


def test_a_plan_without_device_counts_counts_disks_and_networks() -> None:
    vm = a_vm(disk_count=None, nic_count=None, networks=("a", "b"))
    [quota] = of_kind(compiled([vm]), Kind.QUOTA)

    need = quota.desired["need"]
    assert isinstance(need, dict)
    assert (need["volumes"], need["ports"]) == (1, 2)


def test_a_flavor_is_made_for_each_exact_shape() -> None:
    shapes = [(2, 4096), (2, 4096), (1, 1536), (1, 1024)]
    tasks = compiled([a_vm(vcpus=vcpus, memory_mib=memory) for vcpus, memory in shapes])

    assert [(task.name, task.desired["vms"]) for task in of_kind(tasks, Kind.FLAVOR)] == [
        ("m1.custom-1cpu-1gb", 1),
        ("m1.custom-1cpu-1536mb", 1),
        ("m1.custom-2cpu-4gb", 2),
    ]


def test_a_network_of_one_domain_with_a_vlan_is_called_after_both() -> None:
    [network] = of_kind(compiled([a_vm("acme", networks=("dvPG-VLAN0042",))]), Kind.NETWORK)

    assert network.name == "acme_tenant_extnet_vlan_42"
    assert network.desired["kind"] == "physical_managed"
    assert (network.desired["vlan_id"], network.desired["is_vlan_guessed"]) == (42, True)


@pytest.mark.parametrize(
    ("network", "vlan"),
    [
        ("VLAN 10", 10),
        ("dvPG-vlan_0042-prod", 42),
        ("ProdVLAN4094", 4094),
        ("VLAN 4095", None),
        ("VLAN 0", None),
        ("VLAN12345", None),
        ("vxlan-5001", None),
        ("vlan 1 and vlan 2", None),
        ("prod-10", None),
    ],
)
def test_a_vlan_is_taken_from_a_name_that_tells_of_one(network: str, vlan: int | None) -> None:
    [task] = of_kind(compiled([a_vm(networks=(network,))]), Kind.NETWORK)

    assert task.desired["vlan_id"] == vlan


def test_a_shared_network_belongs_to_whom_most_vms_on_it_belong() -> None:
    vms = [a_vm("acme"), a_vm("borealis"), a_vm("borealis"), a_vm("cinder")]

    [network] = of_kind(compiled(vms), Kind.NETWORK)

    assert network.name == "prod"
    assert network.desired["project"] == {"domain": "borealis", "name": "borealis"}
    assert network.desired["shared_with"] == [
        {"domain": "acme", "name": "acme"},
        {"domain": "cinder", "name": "cinder"},
    ]


def test_networks_that_would_have_one_name_get_two() -> None:
    tasks = compiled([a_vm(networks=("prod", "PROD"))])

    names = [task.name for task in of_kind(tasks, Kind.NETWORK)]
    assert len({name.casefold() for name in names}) == 2
    assert not any(task.blocker for task in tasks)


def test_projects_with_one_slug_have_two_accounts() -> None:
    tasks = compiled([a_vm("acme", "a b"), a_vm("acme", "a-b")])

    names = [task.name for task in of_kind(tasks, Kind.USER)]
    assert len(set(names)) == 2
    assert all(name.startswith(f"{ACCOUNT}-a-b-") for name in names)


def test_defaults_are_named() -> None:
    tasks = compiled([a_vm()])

    assert all(task.defaults for task in tasks)
    assert all(set(task.defaults) <= set(task.desired) for task in tasks)


def test_no_password_is_in_any_task() -> None:
    [user] = of_kind(compiled([a_vm()]), Kind.USER)

    assert "password" not in user.desired
    assert (user.desired["password_expires"], user.desired["type"]) == (False, "service_account")


@pytest.mark.parametrize(
    ("vms", "kind", "code", "says"),
    [
        ([a_vm("x" * 65)], Kind.DOMAIN, "name-not-allowed", "65 characters; 64 are allowed"),
        ([a_vm("a\tb")], Kind.DOMAIN, "name-not-allowed", "control character"),
        ([a_vm("Default")], Kind.DOMAIN, "name-reserved", "'Default' exists in every cloud"),
        ([a_vm("acme", "one"), a_vm("ACME", "two")], Kind.DOMAIN, "name-collision", "'ACME'"),
        ([a_vm("acme"), a_vm("acme", "acme")], Kind.PROJECT, "name-collision", "2 tenants"),
        ([a_vm("acme", "x" * 65)], Kind.PROJECT, "name-not-allowed", "65 characters"),
        ([a_vm(networks=("n" * 256,))], Kind.NETWORK, "name-not-allowed", "256 characters"),
        ([a_vm(networks=("a vlan 7", "b vlan 7"))], Kind.NETWORK, "vlan-collision", "VLAN 7"),
        ([a_vm(vcpus=0)], Kind.FLAVOR, "size-unknown", "vCPU count of 1 VMs"),
    ],
)
def test_what_cannot_be_done_is_listed_and_says_why(
    vms: list[PlannedVm], kind: Kind, code: str, says: str
) -> None:
    task = of_kind(compiled(vms), kind)[0]

    assert task.blocker is not None
    assert task.blocker.code == code
    assert says in task.blocker.reason


def test_a_blocked_domain_blocks_what_is_in_it_and_nothing_else() -> None:
    tasks = compiled([a_vm("Default", networks=("own",)), a_vm("acme")])

    blocked = {task.key for task in tasks if task.blocker}
    assert {key.partition(":")[0] for key in blocked} == set(Kind) - {Kind.FLAVOR}
    assert all(a_tenant_id("acme") not in task.tenant_ids for task in tasks if task.blocker)


LIMITS = ("instances", "cores", "ram_mib", "volumes", "gigabytes", "ports", "networks")


def as_bytes(tasks: Sequence[Task]) -> bytes:
    return orjson.dumps(tasks)


def number(value: object) -> int:
    assert isinstance(value, int)
    return value


def owner_key(tasks: Sequence[Task], network: Task) -> str:
    """The project that the network's desired state names."""
    [owner] = [
        task.key
        for task in of_kind(tasks, Kind.PROJECT)
        if {"domain": task.desired["domain"], "name": task.desired["name"]}
        == network.desired["project"]
    ]
    return owner
