"""The database makes the moves of the domain's table and refuses all others."""

import itertools
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest
from sqlalchemy import TextClause, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from services.provisioner.domain.states import RUN_MOVES, TASK_MOVES, RunState, TaskState
from shared.db.uow import Database
from tests.services.provisioner.builders import an_estate
from tests.services.provisioner.workbench import Workbench

WAYS_TO_TASK: dict[TaskState, Sequence[TaskState]] = {
    TaskState.PENDING: (),
    TaskState.RUNNING: (TaskState.RUNNING,),
    TaskState.SUCCEEDED: (TaskState.RUNNING, TaskState.SUCCEEDED),
    TaskState.FAILED: (TaskState.RUNNING, TaskState.FAILED),
    TaskState.SKIPPED: (TaskState.RUNNING, TaskState.SKIPPED),
    TaskState.COMPENSATING: (TaskState.RUNNING, TaskState.SUCCEEDED, TaskState.COMPENSATING),
    TaskState.COMPENSATED: (
        TaskState.RUNNING,
        TaskState.SUCCEEDED,
        TaskState.COMPENSATING,
        TaskState.COMPENSATED,
    ),
    TaskState.COMPENSATION_FAILED: (
        TaskState.RUNNING,
        TaskState.SUCCEEDED,
        TaskState.COMPENSATING,
        TaskState.COMPENSATION_FAILED,
    ),
}
WAYS_TO_RUN: dict[RunState, Sequence[RunState]] = {
    RunState.DRAFT: (),
    RunState.RUNNING: (RunState.RUNNING,),
    RunState.HALTED: (RunState.RUNNING, RunState.HALTED),
    RunState.SUCCEEDED: (RunState.RUNNING, RunState.SUCCEEDED),
    RunState.COMPENSATING: (RunState.RUNNING, RunState.COMPENSATING),
    RunState.COMPENSATED: (RunState.RUNNING, RunState.COMPENSATING, RunState.COMPENSATED),
    RunState.STUCK: (RunState.RUNNING, RunState.COMPENSATING, RunState.STUCK),
}


A_TASK = text(
    "INSERT INTO prep_tasks SELECT :id, run_id, 1000, kind, key || 'x', name, desired, "
    "defaults, depends_on, tenant_ids, blocker, :state FROM prep_tasks WHERE id = :of"
)
A_RUN = text(
    "INSERT INTO prep_runs SELECT :id, project_id, :id, snapshot_id, snapshot_digest, :state, "
    "compiled_at FROM prep_runs WHERE id = :of"
)


async def move(connection: AsyncConnection, table: str, row_id: UUID, state: str) -> None:
    await connection.execute(
        text(f"UPDATE {table} SET state = :state WHERE id = :id"), {"state": state, "id": row_id}
    )


async def is_refused(db: Database, table: str, row_id: UUID, way: Sequence[str]) -> bool:
    """Whether the last state of ``way`` is refused, after all others were made; nothing is kept."""
    async with db.engine.connect() as connection:
        for state in way[:-1]:
            await move(connection, table, row_id, state)
        try:
            await move(connection, table, row_id, way[-1])
        except IntegrityError as error:
            return f"{table} do not go from" in str(error)
        finally:
            await connection.rollback()
    return False


async def test_a_task_makes_the_allowed_moves_and_no_other(bench: Workbench) -> None:
    [task, *_] = await bench.compile(bench.planner.approves(an_estate(3)))

    for before, after in itertools.permutations(TaskState, 2):
        way = [*WAYS_TO_TASK[before], after]
        refused = await is_refused(bench.database, "prep_tasks", task.id, way)
        assert refused is (after not in TASK_MOVES[before]), f"{before} to {after}"


async def test_a_run_makes_the_allowed_moves_and_no_other(bench: Workbench) -> None:
    run_id = await a_draft(bench)

    for before, after in itertools.permutations(RunState, 2):
        way = [*WAYS_TO_RUN[before], after]
        refused = await is_refused(bench.database, "prep_runs", run_id, way)
        assert refused is (after not in RUN_MOVES[before]), f"{before} to {after}"


async def test_tasks_are_born_pending_and_runs_as_drafts(bench: Workbench) -> None:
    run_id = await a_draft(bench)
    [task, *_] = await bench.tasks()

    for state in [*TaskState, "odd"]:
        is_born = await is_inserted(bench.database, A_TASK, {"of": task.id, "state": state})
        assert is_born is (state == TaskState.PENDING), state
    for state in [*RunState, "odd"]:
        is_born = await is_inserted(bench.database, A_RUN, {"of": run_id, "state": state})
        assert is_born is (state == RunState.DRAFT), state


async def test_a_project_has_one_active_run(bench: Workbench) -> None:
    run_id, second = await a_draft(bench), uuid4()

    async with bench.database.engine.connect() as connection:
        await connection.execute(A_RUN, {"id": second, "of": run_id, "state": "draft"})
        await move(connection, "prep_runs", run_id, "running")
        with pytest.raises(IntegrityError, match="prep_runs_active"):
            await move(connection, "prep_runs", second, "running")


async def a_draft(bench: Workbench) -> UUID:
    await bench.compile(bench.planner.approves(an_estate(3)))
    run = (await bench.show()).run
    assert run is not None
    return run.id


async def is_inserted(db: Database, statement: TextClause, values: dict[str, object]) -> bool:
    async with db.engine.connect() as connection:
        try:
            await connection.execute(statement, {"id": uuid4(), **values})
        except IntegrityError:
            return False
        finally:
            await connection.rollback()
    return True
