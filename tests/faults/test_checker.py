"""The checker itself: it passes a good history, and each kind of harm makes it speak."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.faults.checker import violations
from tests.faults.findings import Findings, Inventory
from tests.faults.history import Attempt, History, Kind, Outcome

IMPORTED = Attempt(Kind.IMPORT, "p1", "k1", Outcome.ACKNOWLEDGED, "i1", 202)
UNKNOWN = Attempt(Kind.IMPORT, "p2", "k2", Outcome.UNKNOWN)
REFUSED = Attempt(Kind.IMPORT, "p3", "k3", Outcome.REFUSED, None, 422)
APPROVED = Attempt(Kind.APPROVE, "p1", "k4", Outcome.ACKNOWLEDGED, "a1", 200)
EXPORTED = Attempt(Kind.EXPORT, "p1", "k5", Outcome.ACKNOWLEDGED, "e1", 202)
ATTEMPTS = [IMPORTED, UNKNOWN, REFUSED, APPROVED, EXPORTED]
ONE = Inventory("i1", "p1", is_ready=True, contents="same")
OTHER = Inventory("i2", "p2", is_ready=True, contents="same")


def good() -> Findings:
    """All that the attempts say, and no effect of the unknown one."""
    return Findings(
        inventories=(ONE,),
        imported_facts=Counter(["i1"]),
        assessments=Counter(["i1"]),
        assessed_facts=Counter(["i1"]),
        plans=Counter(["i1"]),
        approved_facts=Counter(["a1"]),
        approvals_by_project=Counter(["p1"]),
        preparations=Counter(["a1"]),
        exports={"e1": True},
        exports_by_project=Counter(["p1"]),
        unsettled={"unfinished jobs": 0},
    )


def with_inventory(found: Findings, more: Inventory) -> Findings:
    """``found`` with one more inventory and all its effects."""
    one = Counter([more.id])
    return replace(
        found,
        inventories=(*found.inventories, more),
        imported_facts=found.imported_facts + one,
        assessments=found.assessments + one,
        assessed_facts=found.assessed_facts + one,
        plans=found.plans + one,
    )


def test_a_good_history_passes() -> None:
    assert violations(History(ATTEMPTS), good(), contents="same") == []


def test_an_unknown_import_may_have_happened() -> None:
    assert violations(History(ATTEMPTS), with_inventory(good(), OTHER), contents="same") == []


def test_a_repeated_import_with_one_key_is_one() -> None:
    history = History([replace(IMPORTED, outcome=Outcome.UNKNOWN, result_id=None), *ATTEMPTS])
    assert violations(history, good()) == []


BAD_FINDINGS: dict[str, tuple[Callable[[Findings], Findings], str]] = {
    "lost import": (
        lambda f: replace(f, inventories=()),
        "inventory i1 was acknowledged and is lost",
    ),
    "half an import": (
        lambda f: replace(f, inventories=(replace(ONE, is_ready=False),)),
        "inventory i1 is half done",
    ),
    "two imports for one key": (
        lambda f: with_inventory(f, replace(OTHER, project_id="p1")),
        "invented: 2 inventories in p1, asked for 1",
    ),
    "an import that was refused": (
        lambda f: with_inventory(f, replace(OTHER, project_id="p3")),
        "invented: 1 inventories in p3, asked for 0",
    ),
    "other contents than undisturbed": (
        lambda f: replace(f, inventories=(replace(ONE, contents="less"),)),
        "inventory i1 holds less instead of same",
    ),
    "lost approval": (
        lambda f: replace(f, approved_facts=Counter(), preparations=Counter()),
        "approval a1 was acknowledged and is lost",
    ),
    "approval told twice": (
        lambda f: replace(f, approved_facts=Counter(["a1", "a1"])),
        "fact of approval a1: 2 times instead of 1",
    ),
    "invented approval": (
        lambda f: replace(f, approvals_by_project=Counter(["p1", "p2"])),
        "invented: 1 approvals in p2, asked for 0",
    ),
    "half an export": (
        lambda f: replace(f, exports={"e1": False}),
        "export e1 is half done",
    ),
    "lost export": (
        lambda f: replace(f, exports={}, exports_by_project=Counter()),
        "export e1 was acknowledged and is lost",
    ),
    "invented export": (
        lambda f: replace(f, exports_by_project=Counter(["p1", "p1"])),
        "invented: 2 exports in p1, asked for 1",
    ),
    "work that never ends": (
        lambda f: replace(f, unsettled={"unfinished jobs": 2}),
        "left over: 2 unfinished jobs",
    ),
    "failed jobs": (lambda f: replace(f, failed_jobs=1), "failed: 1 jobs"),
    "dead letters": (lambda f: replace(f, dead_letters=3), "dead letters: 3"),
}


@pytest.mark.parametrize("harm", BAD_FINDINGS)
def test_harm_is_found(harm: str) -> None:
    spoil, complaint = BAD_FINDINGS[harm]
    assert complaint in violations(History(ATTEMPTS), spoil(good()), contents="same")


@pytest.mark.parametrize(
    ("counter", "effect"),
    [
        ("imported_facts", "fact of inventory {}"),
        ("assessments", "assessment of inventory {}"),
        ("assessed_facts", "fact of the assessment of inventory {}"),
        ("plans", "plan of inventory {}"),
        ("preparations", "preparation after approval {}"),
    ],
)
def test_an_effect_that_is_missing_double_or_without_a_cause_is_found(
    counter: str, effect: str
) -> None:
    (cause,) = getattr(good(), counter)
    for effects, complaint in (
        ([], f"{effect.format(cause)}: 0 times instead of 1"),
        ([cause, cause], f"{effect.format(cause)}: 2 times instead of 1"),
        ([cause, "ghost"], f"{effect.format('ghost')}: 1 times instead of 0"),
    ):
        found = replace(good(), **{counter: Counter(effects)})
        assert complaint in violations(History(ATTEMPTS), found, contents="same")


@pytest.mark.parametrize(
    ("bad", "complaint"),
    [
        (
            replace(UNKNOWN, status=500),
            "import in p2 was answered with 500",
        ),
        (
            replace(UNKNOWN, status=503),
            "import in p2: 503 without Retry-After",
        ),
        (
            replace(IMPORTED, result_id="i9"),
            "key k1 in p1 was answered with 2 results",
        ),
    ],
)
def test_a_wrong_answer_is_found(bad: Attempt, complaint: str) -> None:
    assert complaint in violations(History([*ATTEMPTS, bad]), good(), contents="same")


def test_503_with_retry_after_is_a_right_answer() -> None:
    late = replace(UNKNOWN, status=503, retry_after="1")
    assert violations(History([*ATTEMPTS, late]), good()) == []


def test_imports_of_one_workbook_must_agree_even_if_nobody_knows_what_is_right() -> None:
    found = with_inventory(good(), replace(OTHER, contents="less"))
    assert "inventory i2 holds less instead of same" in violations(History(ATTEMPTS), found)
