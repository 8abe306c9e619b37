"""What other rules would do, counted; and when a tenant is proposed to be split."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assessment.domain.assessment import Assessor
from services.assessment.domain.preview import Alternative, Comparison
from services.assessment.domain.rule_check import compiled, every_detection_rule
from services.assessment.domain.rule_set import default_rule_set
from services.assessment.domain.tenant_detection import Method
from shared.contracts.records import VmRecord
from tests.services.assessment.builders import TODAY, a_vm


def compared(vms: Sequence[VmRecord]) -> Comparison:
    """The defaults with themselves."""
    rules = default_rule_set()
    before, after = (Assessor(compiled(rules, version=0), as_of=TODAY) for _ in range(2))
    comparison = Comparison(before, after, every_rule=every_detection_rule(rules))
    for vm in vms:
        comparison.add(vm, vm.vm_id, is_assigned=False)
    return comparison


def in_folders(*folders: str) -> list[VmRecord]:
    return [a_vm(number, folder=f"/DC1/vm/{f}") for number, f in enumerate(folders, start=1)]


def others(count: int) -> list[VmRecord]:
    """VMs of one tenant each."""
    return [a_vm(100 + n, folder=f"/DC1/vm/Other{n}") for n in range(count)]


@pytest.mark.parametrize(("count", "is_proposed"), [(16, False), (15, True)])
def test_more_than_a_fifth_of_the_vms_is_too_large_a_share(count: int, is_proposed: bool) -> None:
    vms = in_folders("Big/A", "Big/A", "Big/B", "Big/B") + others(count)

    proposals = compared(vms).proposals()

    assert [proposal.tenant[0] for proposal in proposals] == (["Big"] if is_proposed else [])


@pytest.mark.parametrize(
    ("folders", "is_proposed"),
    [
        (["Big/A"] * 8 + ["Big/B"] * 2, True),  # no part keeps more than 80 %
        (["Big/A"] * 9 + ["Big/B"], False),
        (["Big/A"] * 4 + ["Big/B"] * 4 + ["Big"] * 2, True),
        (["Big"] * 9 + ["Big/B"], False),  # too few have an answer
        ([f"Big/{n}" for n in range(10)], False),  # it would fall to pieces
    ],
)
def test_a_proposal_splits_the_tenant_and_does_not_shred_it(
    folders: list[str], is_proposed: bool
) -> None:
    found = [p.alternative for p in compared(in_folders(*folders)).proposals()]

    assert found == ([Alternative(Method.FOLDER_PATH, 3)] if is_proposed else [])


def test_the_most_even_way_to_split_comes_first() -> None:
    vms = [
        a_vm(n, folder=f"/DC1/vm/Big/{'A' if n <= 7 else 'B'}", vapp=f"app{n % 2}")
        for n in range(1, 11)
    ]

    first, second = compared(vms).proposals()

    assert (first.alternative, first.parts) == (
        Alternative(Method.VAPP_NAME),
        [("app0", 5), ("app1", 5)],
    )
    assert (second.alternative, second.parts) == (
        Alternative(Method.FOLDER_PATH, 3),
        [("A", 7), ("B", 3)],
    )


def test_excluded_vms_count_nowhere_and_assigned_ones_in_no_tenant() -> None:
    rules = default_rule_set()
    assessor = Assessor(compiled(rules, version=0), as_of=TODAY)
    comparison = Comparison(assessor, assessor, every_rule=every_detection_rule(rules))
    template, assigned, plain = in_folders("A", "A", "A")
    comparison.add(
        template.model_copy(update={"is_template": True}), template.vm_id, is_assigned=False
    )
    comparison.add(assigned, assigned.vm_id, is_assigned=True)
    comparison.add(plain, plain.vm_id, is_assigned=False)

    assert (comparison.vms, comparison.assigned_vms) == (2, 1)
    assert comparison.tenants[1] == {("A", None, None): 1}
    assert comparison.rules["folder_path"].matches == 2


def test_a_rule_that_is_off_shows_what_it_could_answer() -> None:
    found = compared([a_vm(1, name="acme-web-1", folder="/DC1/vm/Zen")]).rules

    assert (found["vm_name_prefix"].matches, found["vm_name_prefix"].decides) == (1, 0)
    assert found["vm_name_prefix"].samples[0].tenant == "acme"


@given(
    st.lists(
        st.builds(
            a_vm,
            number=st.integers(1, 10_000),
            folder=st.sampled_from([None, "/DC1/vm/A", "/DC1/vm/A/B", "/DC1/vm/C_vDC_1"]),
            cluster=st.sampled_from([None, "Cl1"]),
        ),
        max_size=30,
    )
)
def test_the_same_rules_change_nothing(vms: list[VmRecord]) -> None:
    comparison = compared(vms)

    assert comparison.moved_vms == 0
    assert comparison.tenants[0] == comparison.tenants[1]
    assert all(before == after for before, after in comparison.figures.values())
    assert sum(count.decides for count in comparison.rules.values()) == len(vms)
