"""Events change by additions only."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.contracts.golden import (
    RETIRED,
    SCHEMAS,
    breaking_changes,
    current,
    ever_committed,
    former,
    recorded,
    rendered,
)

Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize("name", current())
def test_the_golden_schema_is_that_of_the_model(name: str) -> None:
    assert (SCHEMAS / name).read_text() == rendered(current()[name]), (
        "run python -m tests.contracts.golden"
    )


def test_every_golden_schema_has_a_model() -> None:
    assert recorded().keys() == current().keys()


@pytest.mark.parametrize("name", current())
def test_no_version_that_was_ever_committed_is_broken(name: str) -> None:
    for old in former(name):
        assert breaking_changes(old, current()[name]) == []


def test_no_schema_that_was_ever_committed_is_gone() -> None:
    assert ever_committed() - RETIRED <= recorded().keys()


@pytest.fixture
def schema() -> dict[str, Any]:
    """prep.task.done: it has a nested model, an enumeration and limits."""
    return copy.deepcopy(dict(current()["prep.task.done.v1.json"]))


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s["properties"].update(note={"type": "string", "default": ""}),
        lambda s: s["$defs"]["RunProgress"]["properties"].update(eta={"type": "string"}),
        lambda s: s.update(description="Other words"),
        lambda s: s["properties"]["kind"].update(title="Kind of task"),
        lambda s: s["properties"].update(
            more={
                "type": "object",
                "properties": {"inner": {"type": "string"}},
                "required": ["inner"],
            }
        ),
    ],
    ids=["optional field", "optional nested field", "description", "title", "optional object"],
)
def test_an_addition_is_accepted(schema: dict[str, Any], change: Change) -> None:
    old = copy.deepcopy(schema)
    change(schema)

    assert breaking_changes(old, schema) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s["properties"].pop("task_id"), "task_id: is gone"),
        (lambda s: s["required"].remove("task_id"), "task_id: was"),
        (lambda s: s["properties"]["task_id"].pop("format"), "task_id: was"),
        (lambda s: s["properties"]["kind"]["enum"].append("subnet"), "kind: was"),
        (lambda s: s["$defs"]["PrepOutcome"]["enum"].pop(), "outcome: was"),
        (lambda s: s["$defs"]["RunProgress"]["properties"].pop("done"), "run.done: is gone"),
        (
            lambda s: s["$defs"]["RunProgress"]["properties"]["done"].update(maximum=9),
            "run.done: was",
        ),
        (
            lambda s: (
                s["properties"].update(note={"type": "string"}),
                s["required"].append("note"),
            ),
            "note: is new and required",
        ),
        (lambda s: s.update(additionalProperties=False), ": was"),
        (
            lambda s: s["properties"].update(task_id={"type": ["string", "null"]}),
            "task_id: was",
        ),
        (lambda s: s["properties"]["natural_key"].update(type="integer"), "natural_key: was"),
        (lambda s: s["properties"]["natural_key"].update(pattern="^[a-z]+:"), "natural_key: was"),
        (
            lambda s: s["$defs"]["RunProgress"]["required"].remove("total"),
            "run.total: was",
        ),
        (
            lambda s: (
                s["$defs"]["RunProgress"]["properties"].update(eta={"type": "string"}),
                s["$defs"]["RunProgress"]["required"].append("eta"),
            ),
            "run.eta: is new and required",
        ),
        (lambda s: s["properties"].update(run={"type": "object"}), "run"),
    ],
    ids=[
        "field gone", "no longer required", "format gone", "value added to an enumeration",
        "value gone from an enumeration", "nested field gone", "limit added", "new required field",
        "unknown fields refused", "may be null now", "other type", "pattern added",
        "nested no longer required", "new required nested field", "object without its fields",
    ],
)  # fmt: skip
def test_a_change_that_somebody_must_follow_is_named(
    schema: dict[str, Any], change: Change, reason: str
) -> None:
    old = copy.deepcopy(schema)
    change(schema)

    reasons = breaking_changes(old, schema)

    assert reasons
    assert all(found.startswith(reason) for found in reasons)
