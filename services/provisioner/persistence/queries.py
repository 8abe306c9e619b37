"""Reads of the API, which change nothing."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.provisioner.domain.errors import NOT_COMPILED, NOTHING_APPROVED
from services.provisioner.domain.preparation import Preparation
from services.provisioner.domain.runs import KindCount, ListedTask, Run
from services.provisioner.domain.states import RunState, TaskState
from services.provisioner.domain.tasks import Blocker, Kind, Task
from services.provisioner.persistence.store import find_preparation
from services.provisioner.persistence.tables import prep_runs, prep_tasks
from services.provisioner.usecases.record_approval import compile_key
from shared.db import jobs
from shared.db.jobs import Job
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import ApprovalId, PrepRunId, PrepTaskId, ProjectId, SnapshotId, TenantId
from shared.kernel.paging import Page, decode_cursor, encode_cursor, foreign_cursor


@dataclass(frozen=True, slots=True)
class PreparationView:
    """What was approved, the job that compiles it, and the run it gave; None while it has not."""

    preparation: Preparation
    job: Job | None
    run: Run | None
    counts: Sequence[KindCount]


@dataclass(frozen=True, slots=True)
class TaskFilter:
    """What to list. None does not limit."""

    kind: Kind | None = None
    state: TaskState | None = None
    is_blocked: bool | None = None


async def show_preparation(connection: AsyncConnection, project_id: ProjectId) -> PreparationView:
    """The project's preparation.

    Raises:
        NotFound: no plan of it has been approved; code ``nothing-approved``.
    """
    preparation = await _approved(connection, project_id)
    run = await _find_run(connection, preparation.approval_id)
    return PreparationView(
        preparation=preparation,
        job=await jobs.find(connection, key=compile_key(preparation.approval_id)),
        run=run,
        counts=await _counts(connection, run.id) if run else [],
    )


async def list_tasks(
    connection: AsyncConnection,
    project_id: ProjectId,
    *,
    only: TaskFilter,
    cursor: str | None,
    limit: int,
) -> Page[ListedTask]:
    """The tasks of the project's preparation in the order of execution.

    A cursor stays with the run it began on: once a newer approval has replaced that, it is refused.

    Raises:
        NotFound: nothing has been approved; code ``nothing-approved``.
        Conflict: the tasks are not compiled yet; code ``preparation-not-compiled``.
        Invalid: the cursor belongs to another list.
    """
    preparation = await _approved(connection, project_id)
    run = await _find_run(connection, preparation.approval_id)
    if run is None:
        raise Conflict(
            "The tasks of the approved plan are not listed yet. Watch the preparation's operation; "
            "if it failed, it says why and can be retried.",
            code=NOT_COMPILED,
        )
    task = prep_tasks.c
    statement = (
        select(prep_tasks)
        .where(task.run_id == run.id, task.position > _after(run.id, cursor))
        .order_by(task.position)
        .limit(limit + 1)
    )
    if only.kind is not None:
        statement = statement.where(task.kind == only.kind)
    if only.state is not None:
        statement = statement.where(task.state == only.state)
    if only.is_blocked is not None:
        statement = statement.where(task.blocker.is_not(None) == only.is_blocked)
    found = [_listed(row) for row in await connection.execute(statement)]
    if len(found) <= limit:
        return Page(found, None)
    return Page(found[:limit], encode_cursor(run.id, found[limit - 1].position))


async def _approved(connection: AsyncConnection, project_id: ProjectId) -> Preparation:
    preparation = await find_preparation(connection, project_id)
    if preparation is None:
        raise NotFound(
            "No plan of this project has been approved yet. Request an approval of the plan "
            "snapshot first.",
            code=NOTHING_APPROVED,
        )
    return preparation


def _after(run_id: PrepRunId, cursor: str | None) -> int:
    if cursor is None:
        return 0
    of_run, position = decode_cursor(cursor, UUID, int)
    if of_run != run_id:
        raise foreign_cursor()
    return position


async def _find_run(connection: AsyncConnection, approval_id: ApprovalId) -> Run | None:
    row = (
        await connection.execute(select(prep_runs).where(prep_runs.c.approval_id == approval_id))
    ).one_or_none()
    if row is None:
        return None
    return Run(
        id=PrepRunId(row.id),
        project_id=ProjectId(row.project_id),
        approval_id=ApprovalId(row.approval_id),
        snapshot_id=SnapshotId(row.snapshot_id),
        snapshot_digest=row.snapshot_digest,
        compiled_at=row.compiled_at,
        state=RunState(row.state),
    )


async def _counts(connection: AsyncConnection, run_id: PrepRunId) -> list[KindCount]:
    """For every kind, in the order of the stages; also those without tasks."""
    task = prep_tasks.c
    rows = await connection.execute(
        select(task.kind, task.state, func.count(), func.count(task.blocker))
        .where(task.run_id == run_id)
        .group_by(task.kind, task.state)
    )
    states: dict[Kind, Counter[TaskState]] = {kind: Counter() for kind in Kind}
    blocked: Counter[Kind] = Counter()
    for kind, state, total, of_them_blocked in rows:
        states[Kind(kind)][TaskState(state)] += total
        blocked[Kind(kind)] += of_them_blocked
    return [
        KindCount(
            kind=kind,
            total=states[kind].total(),
            blocked=blocked[kind],
            states={state: states[kind][state] for state in TaskState},
        )
        for kind in Kind
    ]


def _listed(row: Row[Any]) -> ListedTask:
    return ListedTask(
        id=PrepTaskId(row.id),
        position=row.position,
        task=Task(
            kind=Kind(row.kind),
            key=row.key,
            name=row.name,
            desired=row.desired,
            defaults=tuple(row.defaults),
            depends_on=tuple(row.depends_on),
            tenant_ids=tuple(TenantId(tenant_id) for tenant_id in row.tenant_ids),
            blocker=Blocker(**row.blocker) if row.blocker else None,
        ),
        state=TaskState(row.state),
    )
