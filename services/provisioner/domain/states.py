"""Where tasks and runs stand, and which moves are allowed: the whole table is here.

The database refuses the same moves by a trigger, so that a statement written by hand cannot do
what this module forbids.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from services.provisioner.domain.errors import MOVE_REFUSED
from shared.kernel.errors import Conflict


class TaskState(StrEnum):
    """Where a task stands."""

    PENDING = "pending"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SKIPPED = "skipped"
    COMPENSATING = "compensating"
    COMPENSATED = "compensated"
    COMPENSATION_FAILED = "compensation_failed"


class RunState(StrEnum):
    """Where a run stands. A compiled run that nobody has started is a draft."""

    DRAFT = "draft"
    RUNNING = "running"
    HALTED = "halted"
    SUCCEEDED = "succeeded"
    COMPENSATING = "compensating"
    COMPENSATED = "compensated"
    STUCK = "stuck"


TASK_MOVES: Final[Mapping[TaskState, frozenset[TaskState]]] = MappingProxyType(
    {
        TaskState.PENDING: frozenset({TaskState.RUNNING}),
        TaskState.RUNNING: frozenset({TaskState.SUCCEEDED, TaskState.FAILED, TaskState.SKIPPED}),
        TaskState.FAILED: frozenset({TaskState.RUNNING}),
        TaskState.SUCCEEDED: frozenset({TaskState.COMPENSATING}),
        TaskState.COMPENSATING: frozenset({TaskState.COMPENSATED, TaskState.COMPENSATION_FAILED}),
        TaskState.COMPENSATION_FAILED: frozenset({TaskState.COMPENSATING}),
        TaskState.SKIPPED: frozenset(),
        TaskState.COMPENSATED: frozenset(),
    }
)
"""Failed → running is a retry; what was only found (skipped) is never compensated."""

RUN_MOVES: Final[Mapping[RunState, frozenset[RunState]]] = MappingProxyType(
    {
        RunState.DRAFT: frozenset({RunState.RUNNING}),
        RunState.RUNNING: frozenset({RunState.HALTED, RunState.SUCCEEDED, RunState.COMPENSATING}),
        RunState.HALTED: frozenset({RunState.RUNNING, RunState.COMPENSATING}),
        RunState.SUCCEEDED: frozenset({RunState.COMPENSATING}),
        RunState.COMPENSATING: frozenset({RunState.COMPENSATED, RunState.STUCK}),
        RunState.STUCK: frozenset({RunState.COMPENSATING}),
        RunState.COMPENSATED: frozenset(),
    }
)
"""Running → compensating is a failure in a run that was told to undo itself; a person decides for
a halted or a succeeded one."""

AT_REST: Final = frozenset(
    {
        TaskState.SUCCEEDED,
        TaskState.SKIPPED,
        TaskState.FAILED,
        TaskState.COMPENSATED,
        TaskState.COMPENSATION_FAILED,
    }
)
"""Nobody works on such a task; coming to rest is announced as ``prep.task.done``."""


def check_task_move(before: TaskState, after: TaskState) -> None:
    """Does nothing when a task may go from ``before`` to ``after``.

    Raises:
        Conflict: it may not; code ``move-refused``.
    """
    if after not in TASK_MOVES[before]:
        raise _refused("task", before, TASK_MOVES[before], after)


def check_run_move(before: RunState, after: RunState) -> None:
    """Does nothing when a run may go from ``before`` to ``after``.

    Raises:
        Conflict: it may not; code ``move-refused``.
    """
    if after not in RUN_MOVES[before]:
        raise _refused("run", before, RUN_MOVES[before], after)


def _refused(
    what: str,
    before: TaskState | RunState,
    allowed: frozenset[TaskState] | frozenset[RunState],
    after: TaskState | RunState,
) -> Conflict:
    ways = ", ".join(sorted(allowed)) or "nothing: this is its end"
    return Conflict(
        f"A {what} that is {before} cannot become {after}; from here it can become {ways}. Read "
        "the preparation again.",
        code=MOVE_REFUSED,
    )
