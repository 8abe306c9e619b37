"""Every pair of states: allowed, or refused with a reason. The expected moves are written out."""

import itertools
from typing import get_args

import pytest

from services.provisioner.domain.states import (
    AT_REST,
    RUN_MOVES,
    TASK_MOVES,
    RunState,
    TaskState,
    check_run_move,
    check_task_move,
)
from services.provisioner.domain.tasks import Kind
from shared.contracts.prep import PrepKind, PrepOutcome, RunProgress
from shared.kernel.errors import Conflict

ALLOWED_TASK_MOVES = {
    ("pending", "running"),
    ("running", "succeeded"),
    ("running", "failed"),
    ("running", "skipped"),
    ("failed", "running"),
    ("succeeded", "compensating"),
    ("compensating", "compensated"),
    ("compensating", "compensation_failed"),
    ("compensation_failed", "compensating"),
}
ALLOWED_RUN_MOVES = {
    ("draft", "running"),
    ("running", "halted"),
    ("running", "succeeded"),
    ("running", "compensating"),
    ("halted", "running"),
    ("halted", "compensating"),
    ("succeeded", "compensating"),
    ("compensating", "compensated"),
    ("compensating", "stuck"),
    ("stuck", "compensating"),
}


@pytest.mark.parametrize(("before", "after"), [*itertools.product(TaskState, repeat=2)])
def test_a_task_makes_the_allowed_moves_and_no_other(before: TaskState, after: TaskState) -> None:
    if (before, after) in ALLOWED_TASK_MOVES:
        check_task_move(before, after)
    else:
        with pytest.raises(Conflict, match=f"is {before} cannot become {after}") as refused:
            check_task_move(before, after)
        assert refused.value.code == "move-refused"


@pytest.mark.parametrize(("before", "after"), [*itertools.product(RunState, repeat=2)])
def test_a_run_makes_the_allowed_moves_and_no_other(before: RunState, after: RunState) -> None:
    if (before, after) in ALLOWED_RUN_MOVES:
        check_run_move(before, after)
    else:
        with pytest.raises(Conflict, match=f"is {before} cannot become {after}") as refused:
            check_run_move(before, after)
        assert refused.value.code == "move-refused"


def test_the_tables_name_every_state() -> None:
    assert set(TASK_MOVES) == set(TaskState)
    assert set(RUN_MOVES) == set(RunState)


def test_every_state_can_be_reached_from_the_first() -> None:
    assert reachable(TaskState.PENDING, ALLOWED_TASK_MOVES) == set(TaskState)
    assert reachable(RunState.DRAFT, ALLOWED_RUN_MOVES) == set(RunState)


def test_the_fact_of_a_finished_task_speaks_of_the_same_kinds_states_and_runs() -> None:
    statuses = get_args(RunProgress.model_fields["status"].annotation)

    assert get_args(PrepKind) == tuple(kind.value for kind in Kind)
    assert {outcome.value for outcome in PrepOutcome} == {state.value for state in AT_REST}
    assert set(statuses) == {state.value for state in RunState} - {"draft"}


def reachable(first: str, moves: set[tuple[str, str]]) -> set[str]:
    seen = {first}
    while more := {after for before, after in moves if before in seen} - seen:
        seen |= more
    return seen
