"""Rules that operators write stand in the order like the built-in ones."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.assessment.domain.pattern_rules import PatternRule, VmField
from services.assessment.domain.patterns import BadPattern, Syntax, read_pattern
from services.assessment.domain.tenant_detection import (
    DEFAULT_ORDER,
    Confidence,
    DetectedTenant,
    DetectionRules,
    Method,
    TenantDetector,
)
from shared.contracts.records import VmRecord
from tests.services.assessment.builders import a_vm


def a_rule(
    field: VmField = VmField.HOST,
    pattern: str = "acme-*",
    tenant: str = "Acme",
    *,
    id_: str = "acme-hosts",
    syntax: Syntax = Syntax.GLOB,
    org_vdc: str | None = None,
) -> PatternRule:
    return PatternRule(id_, field, read_pattern(pattern, syntax), tenant, org_vdc)


def detect(rules: tuple[Method | PatternRule, ...], /, **vm: Any) -> DetectedTenant:
    return TenantDetector(DetectionRules(order=rules)).detect(a_vm(**vm))


TEXTS = [field for field in VmField if field is not VmField.ATTRIBUTE]


@pytest.mark.parametrize("field", TEXTS)
def test_a_rule_may_look_at_every_field(field: VmField) -> None:
    rule = a_rule(field, "*needle*", "Found")

    found = detect((rule,), **{field.value: "hay needle hay"})

    assert (found.name, found.method, found.rule) == ("Found", Method.PATTERN, "acme-hosts")
    assert detect((rule,), **{field.value: "hay"}).method is Method.FALLBACK


def test_the_fields_are_fields_of_the_record() -> None:
    assert {field.value for field in TEXTS} <= set(VmRecord.model_fields)
    assert a_rule(VmField.VAPP).text_in(a_vm(vapp=None)) is None


@pytest.mark.parametrize(
    ("attributes", "tenant"),
    [
        ({"Owner": "Acme GmbH"}, "Acme"),
        ({"Other": "x", "OWNER": "acme"}, "Acme"),
        ({"Owner": "Zen"}, "Unassigned"),
        ({"Ownership": "Acme"}, "Unassigned"),
        ({}, "Unassigned"),
    ],
)
def test_a_rule_may_look_at_a_custom_attribute(attributes: dict[str, str], tenant: str) -> None:
    pattern = read_pattern("acme*", Syntax.GLOB)
    rule = PatternRule("owner", VmField.ATTRIBUTE, pattern, "Acme", attribute="owner")

    assert detect((rule,), attributes=attributes).name == tenant


def test_the_first_answer_wins_wherever_the_rule_stands() -> None:
    where = {"host": "acme-esx-1", "folder": "/DC1/vm/Borealis"}

    assert detect((a_rule(), *DEFAULT_ORDER), **where).name == "Acme"
    assert detect((*DEFAULT_ORDER, a_rule()), **where).name == "Borealis"
    assert detect((*DEFAULT_ORDER, a_rule()), host="acme-esx-1").name == "Acme"


@pytest.mark.parametrize(
    ("tenant", "org_vdc", "expected"),
    [
        (r"\1", None, ("acme", None)),
        (r"\g<who> Ltd", r"\2-vdc", ("acme Ltd", "prod-vdc")),
        (r"\3", None, None),  # a group that matched nothing names no tenant
        (r"\1", r"\3", ("acme", None)),
        (" Fixed ", " ", ("Fixed", None)),
    ],
)
def test_groups_of_a_regex_name_tenant_and_org_vdc(
    tenant: str, org_vdc: str | None, expected: tuple[str, str | None] | None
) -> None:
    rule = a_rule(
        VmField.NAME,
        r"^(?P<who>\w+)-(prod|test)(x?)",
        tenant,
        syntax=Syntax.REGEX,
        org_vdc=org_vdc,
    )

    found = detect((rule,), name="acme-prod-01")

    if expected is None:
        assert found.method is Method.FALLBACK
    else:
        assert (found.name, found.org_vdc) == expected


def test_a_globs_tenant_is_taken_as_it_is() -> None:
    assert detect((a_rule(tenant=r"a\1b"),), host="acme-1").name == r"a\1b"


def test_the_org_vdc_is_the_rules_own_or_the_pool() -> None:
    where = {"host": "acme-1", "resource_pool": "/DC1/Cl1/Resources/Gold"}

    assert detect((a_rule(org_vdc="Own"),), **where).org_vdc == "Own"
    assert detect((a_rule(),), **where).org_vdc == "Gold"


@pytest.mark.parametrize("template", [r"\2", r"\g<nobody>", "\\", r"\g<"])
def test_a_template_names_groups_that_there_are(template: str) -> None:
    with pytest.raises(BadPattern):
        read_pattern("^(a)", Syntax.REGEX).check_template(template)


def test_vcenters_are_kept_apart_where_the_project_says_so() -> None:
    together, apart = DetectionRules(), DetectionRules(separate_by_vcenter=True)
    vm = a_vm(folder="/DC1/vm/Acme", vcenter="vc7")

    assert TenantDetector(together).detect(vm).vcenter is None
    assert TenantDetector(apart).detect(vm).vcenter == "vc7"


def test_the_fallback_has_the_name_that_the_project_gave_it() -> None:
    found = TenantDetector(DetectionRules(fallback="Nobody's")).detect(a_vm())

    assert (found.name, found.rule, found.confidence) == ("Nobody's", "fallback", Confidence.LOW)


@pytest.mark.parametrize(
    ("where", "confidence"),
    [
        ({"folder": "/DC1/vm/Acme_vDC_7"}, Confidence.HIGH),
        ({"folder": "/DC1/vm/Acme"}, Confidence.MEDIUM),
        ({"folder": "/DC1/vm/Acme", "vapp": "ACME"}, Confidence.HIGH),
        ({"folder": "/DC1/vm/Acme", "vapp": "Other"}, Confidence.MEDIUM),
        ({"cluster": "Acme"}, Confidence.LOW),
        ({"host": "acme-1"}, Confidence.HIGH),
        ({}, Confidence.LOW),
    ],
)
def test_an_answer_that_another_method_gives_too_is_surer(
    where: dict[str, Any], confidence: Confidence
) -> None:
    assert detect((*DEFAULT_ORDER, a_rule()), **where).confidence is confidence


RULES = st.lists(
    st.sampled_from(
        [
            *DEFAULT_ORDER,
            Method.VM_NAME_PREFIX,
            a_rule(),
            a_rule(VmField.NAME, "*-web-*", "Web", id_="web"),
            a_rule(VmField.FOLDER, r"/(B\w+)", r"\1", id_="b", syntax=Syntax.REGEX),
        ]
    ),
    unique=True,
)
VMS = st.builds(
    a_vm,
    name=st.sampled_from(["a-web-1", "b", "c-d"]),
    host=st.sampled_from([None, "acme-1", "esx-1"]),
    folder=st.sampled_from([None, "/DC1/vm/Acme", "/DC1/vm/Borealis"]),
    cluster=st.sampled_from([None, "Cl1"]),
)


@given(RULES, VMS)
def test_the_tenant_is_the_first_of_the_answers(
    rules: list[Method | PatternRule], vm: VmRecord
) -> None:
    detector = TenantDetector(DetectionRules(order=tuple(rules)))
    answers = list(detector.answers(vm))

    found = detector.detect(vm)

    if answers:
        first = answers[0]
        assert (found.rule, found.name, found.org_vdc) == (first.rule, first.name, first.org_vdc)
        ids = [rule.id if isinstance(rule, PatternRule) else rule.value for rule in rules]
        assert [answer.rule for answer in answers] == [
            id_ for id_ in ids if id_ in {answer.rule for answer in answers}
        ]
    else:
        assert found.method is Method.FALLBACK
