"""Preparations, runs and tasks in PostgreSQL."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any, Final

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.provisioner.domain.preparation import Preparation
from services.provisioner.domain.runs import ListedTask, Run
from services.provisioner.domain.states import RunState
from services.provisioner.persistence.tables import prep_runs, prep_tasks, preparations
from shared.db.uow import copy_records
from shared.kernel.ids import PrepRunId, ProjectId

_TASK_COLUMNS: Final = [column.name for column in prep_tasks.columns]


class PostgresPreparationStore:
    """The provisioner's tables inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def latest(self, project_id: ProjectId) -> Preparation | None:
        """The project's preparation; approvals of one project wait for one another."""
        lock = f"provisioner.preparation/{project_id}"
        await self._connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(lock, 0)))
        )
        return await find_preparation(self._connection, project_id)

    async def put(self, preparation: Preparation) -> None:
        """Make this the project's preparation."""
        values = asdict(preparation)
        await self._connection.execute(
            insert(preparations)
            .values(values)
            .on_conflict_do_update(index_elements=[preparations.c.project_id], set_=values)
        )

    async def drop_drafts(self, project_id: ProjectId) -> None:
        """Forget the project's runs that nobody has started; their tasks go with them."""
        await self._connection.execute(
            delete(prep_runs).where(
                prep_runs.c.project_id == project_id, prep_runs.c.state == RunState.DRAFT
            )
        )

    async def add_run(self, run: Run, tasks: Sequence[ListedTask]) -> None:
        """Add a run with all its tasks."""
        await self._connection.execute(insert(prep_runs).values(asdict(run)))
        await copy_records(self._connection, "prep_tasks", _TASK_COLUMNS, _rows(run.id, tasks))

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove the preparation if its inventory is among those that are gone, and the run that
        nobody has started. A run that was started stays: it tells what was done to the cloud."""
        current = await self.latest(project_id)
        if current is None:
            return
        if through is not None and (current.inventory_number or 0) > through:
            return
        await self._connection.execute(
            delete(preparations).where(preparations.c.project_id == project_id)
        )
        await self.drop_drafts(project_id)


def _rows(run_id: PrepRunId, tasks: Sequence[ListedTask]) -> Iterator[tuple[Any, ...]]:
    """Rows in the order of the table's columns."""
    for listed in tasks:
        task = listed.task
        yield (
            listed.id,
            run_id,
            listed.position,
            task.kind.value,
            task.key,
            task.name,
            orjson.dumps(task.desired).decode(),
            list(task.defaults),
            list(task.depends_on),
            list(task.tenant_ids),
            orjson.dumps(task.blocker).decode() if task.blocker else None,
            listed.state.value,
        )


async def find_preparation(
    connection: AsyncConnection, project_id: ProjectId
) -> Preparation | None:
    """The project's preparation."""
    row = (
        await connection.execute(
            select(preparations).where(preparations.c.project_id == project_id)
        )
    ).one_or_none()
    return Preparation(**row._mapping) if row else None
