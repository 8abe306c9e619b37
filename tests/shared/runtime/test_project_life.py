"""``project.changed``: a mark for ever, one removal, and nothing that comes too late counts."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.project import ProjectChanged
from shared.db import job_leases, project_marks
from shared.db.job_context import JobContext
from shared.db.tables import TABLES
from shared.db.uow import Database
from shared.kernel.ids import ProjectId
from shared.kernel.project_life import ProjectLife
from shared.runtime.project_life import FORGET, forget_project, on_project_changed
from shared.testing.postgres import FreshDatabase
from tests.support.job_bench import LEASE_S, envelope_of, opened_database

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
PROJECT = UUID("0193a1b2-0000-7000-8000-000000000001")


class Memory:
    """A store that only tells what it was asked to forget."""

    forgotten: list[tuple[ProjectId, int | None]] = []  # noqa: RUF012  one for all transactions

    def __init__(self, connection: AsyncConnection) -> None:
        del connection

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        self.forgotten.append((project_id, through))


@pytest.fixture
async def db(platform_database: FreshDatabase) -> AsyncIterator[Database]:
    Memory.forgotten = []
    dsn = platform_database.dsn("exporter")
    async with opened_database(dsn, "exporter", at=NOW) as db:
        yield db


def a_change(version: int, **changes: Any) -> ProjectChanged:
    usual: dict[str, Any] = {"life": "active", "cleared_through": 0, "changed_at": NOW}
    return ProjectChanged(project_id=PROJECT, project_version=version, **(usual | changes))


async def deliver(db: Database, event: ProjectChanged) -> None:
    envelope = envelope_of(event, source="ingest", version=event.project_version, at=NOW)
    async with db.transactions(Memory)() as tx:
        await on_project_changed(event, envelope, tx)


async def work(db: Database) -> int:
    """Run all removals that wait; how many there were."""
    done = 0
    while True:
        async with db.write() as connection:
            job = await job_leases.claim(connection, kinds=[FORGET], owner="test", lease_s=LEASE_S)
        if job is None:
            return done
        await forget_project(JobContext(job, db=db, store=Memory, lease_s=LEASE_S))
        done += 1


async def is_gone(db: Database, number: int | None = None, project_id: UUID = PROJECT) -> bool:
    async with db.write() as connection:
        return await project_marks.is_gone(connection, project_id, number)


async def test_a_cleared_project_forgets_once_what_came_of_its_imports(db: Database) -> None:
    for _ in range(3):
        await deliver(db, a_change(4, cleared_through=3))

    assert await work(db) == 1
    assert Memory.forgotten == [(PROJECT, 3)]
    assert [await is_gone(db, number) for number in (1, 3, 4, None)] == [True, True, False, False]
    assert not await is_gone(db, 1, uuid4())


async def test_a_deleted_project_is_gone_with_all_imports_to_come(db: Database) -> None:
    await deliver(db, a_change(2, life="deleted", cleared_through=5))

    assert await work(db) == 1
    assert Memory.forgotten == [(PROJECT, None)]
    assert [await is_gone(db, number) for number in (5, 6, None)] == [True, True, True]


async def test_archiving_removes_nothing(db: Database) -> None:
    await deliver(db, a_change(2, life="archived"))

    assert await work(db) == 0
    async with db.read() as connection:
        assert await project_marks.life_of(connection, PROJECT) is ProjectLife.ARCHIVED
        assert await project_marks.life_of(connection, uuid4()) is ProjectLife.ACTIVE


async def test_an_older_version_that_comes_late_changes_nothing(db: Database) -> None:
    await deliver(db, a_change(5, life="active", cleared_through=2))
    await deliver(db, a_change(4, life="archived", cleared_through=1))

    async with db.read() as connection:
        assert await project_marks.life_of(connection, PROJECT) is ProjectLife.ACTIVE
        jobs = await connection.scalars(select(TABLES.jobs.c.payload["through"].as_integer()))
        assert jobs.all() == [2]
