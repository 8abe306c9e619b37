"""What people and other services read."""

import gzip
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.planner.domain.approval import ApprovalRequest, LatestSnapshot
from services.planner.domain.errors import NoApprovalRequest, NoPlan
from services.planner.domain.project import CurrentPlan, ProjectSettings
from services.planner.persistence import rows
from services.planner.persistence.store import find_current_plan
from services.planner.persistence.tables import (
    approval_requests,
    plan_snapshot_pages,
    plan_snapshots,
    plans,
)
from services.planner.usecases.ports import PlannerStore
from shared.contracts.snapshots import RECORDS_PER_PAGE, SnapshotManifest
from shared.db import jobs
from shared.db.jobs import Job
from shared.db.uow import Database
from shared.kernel.ids import ApprovalId, ProjectId, SnapshotId
from shared.kernel.paging import Page, decode_cursor, encode_cursor, foreign_cursor

MAX_OFFSET: Final = 2**31
"""No list is this long; a cursor beyond it was not made here."""


class PlanSnapshots:
    """Frozen plans as other services pull them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def manifest(self, snapshot_id: UUID) -> SnapshotManifest | None:
        """The manifest; None if there is no such snapshot."""
        async with self._database.read() as connection:
            row = (
                await connection.execute(
                    select(plan_snapshots).where(plan_snapshots.c.snapshot_id == snapshot_id)
                )
            ).one_or_none()
        if row is None:
            return None
        return SnapshotManifest(
            id=row.snapshot_id,
            record_schema=row.record_schema,
            record_count=row.record_count,
            page_sha256=row.page_sha256,
            header=row.header,
        )

    async def page(self, snapshot_id: UUID, number: int) -> bytes | None:
        """Page ``number``, from 0; None if there is none."""
        async with self._database.read() as connection:
            return await _page(connection, snapshot_id, number)


@dataclass(frozen=True, slots=True)
class PlanView:
    """A project's plan as people see it. ``header`` leaves out the lists of tenants and days."""

    current: CurrentPlan
    job: Job
    settings: ProjectSettings
    header: dict[str, Any] | None


async def plan_view(
    connection: AsyncConnection, store: PlannerStore, project_id: ProjectId
) -> PlanView:
    """The project's plan.

    Raises:
        NoPlan: no assessment has arrived yet.
    """
    current = await find_current_plan(connection, project_id)
    if current is None:
        raise NoPlan("This project has no plan yet. It is made after a workbook is imported.")
    header = None
    if current.snapshot is not None:
        head = current.snapshot.snapshot_id
        names = ("summary", "bandwidth", "agents")
        header = {name: await header_part(connection, head, name) for name in names}
    return PlanView(
        current=current,
        job=await jobs.get(connection, current.job_id),
        settings=await store.settings(project_id),
        header=header,
    )


async def latest_plan(
    connection: AsyncConnection, store: PlannerStore, project_id: ProjectId
) -> LatestSnapshot | None:
    """The plan that an approval must be about, None if there is none."""
    current = await find_current_plan(connection, project_id)
    settings = await store.settings(project_id)
    return None if current is None else current.latest(settings.plan)


async def header_part(connection: AsyncConnection, snapshot_id: SnapshotId, name: str) -> Any:
    """One part of a snapshot's header, such as ``summary``, ``tenants`` or ``days``."""
    return await connection.scalar(
        select(plan_snapshots.c.header[name]).where(plan_snapshots.c.snapshot_id == snapshot_id)
    )


async def latest_snapshot(connection: AsyncConnection, project_id: ProjectId) -> SnapshotId:
    """The project's latest plan.

    Raises:
        NoPlan: there is none yet.
    """
    found: UUID | None = await connection.scalar(
        select(plans.c.snapshot_id).where(plans.c.project_id == project_id)
    )
    if found is None:
        raise NoPlan("This project has no plan yet. It is made after a workbook is imported.")
    return SnapshotId(found)


async def list_approval_requests(
    connection: AsyncConnection, project_id: ProjectId, *, cursor: str | None, limit: int
) -> Page[ApprovalRequest]:
    """The project's approval requests, the oldest first (their ids grow with time).

    Raises:
        Invalid: the cursor is not one of this list.
    """
    statement = (
        select(approval_requests)
        .where(approval_requests.c.project_id == project_id)
        .order_by(approval_requests.c.approval_id)
        .limit(limit + 1)
    )
    if cursor is not None:
        (after,) = decode_cursor(cursor, UUID)
        statement = statement.where(approval_requests.c.approval_id > after)
    found = [rows.approval_request(row) for row in await connection.execute(statement)]
    items = found[:limit]
    return Page(items, encode_cursor(items[-1].approval_id) if len(found) > limit else None)


async def find_approval_request(
    connection: AsyncConnection, project_id: ProjectId, approval_id: ApprovalId
) -> ApprovalRequest:
    """One approval request of the project.

    Raises:
        NoApprovalRequest: it has no such request.
    """
    row = (
        await connection.execute(
            select(approval_requests).where(
                approval_requests.c.project_id == project_id,
                approval_requests.c.approval_id == approval_id,
            )
        )
    ).one_or_none()
    if row is None:
        raise NoApprovalRequest("This project has no such approval request.")
    return rows.approval_request(row)


async def planned_vms(
    connection: AsyncConnection, project_id: ProjectId, *, cursor: str | None, limit: int
) -> Page[dict[str, Any]]:
    """Planned VMs in the order of their starts.

    A cursor stays with the snapshot it began on, so that a plan made meanwhile does not mix into
    the list.

    Raises:
        NoPlan: there is no plan yet.
        Invalid: the cursor belongs to another list.
    """
    snapshot_id, begin = await _place(connection, project_id, cursor)
    items: list[dict[str, Any]] = []
    number, offset = divmod(begin, RECORDS_PER_PAGE)
    while len(items) <= limit:  # one more than asked: whether the list goes on
        page = await _page(connection, snapshot_id, number)
        if page is None:
            break
        lines = gzip.decompress(page).splitlines()
        items += [orjson.loads(line) for line in lines[offset : offset + limit + 1 - len(items)]]
        number, offset = number + 1, 0
    more = encode_cursor(str(snapshot_id), begin + limit) if len(items) > limit else None
    return Page(items[:limit], more)


async def planned_tenants(
    connection: AsyncConnection, project_id: ProjectId, *, cursor: str | None, limit: int
) -> Page[dict[str, Any]]:
    """Tenants in the order of their starts; cursors as for :func:`planned_vms`."""
    snapshot_id, begin = await _place(connection, project_id, cursor)
    tenants = await header_part(connection, snapshot_id, "tenants")
    end = begin + limit
    more = encode_cursor(str(snapshot_id), end) if end < len(tenants) else None
    return Page(tenants[begin:end], more)


async def _place(
    connection: AsyncConnection, project_id: ProjectId, cursor: str | None
) -> tuple[SnapshotId, int]:
    """The snapshot to read, and how many of its items to skip."""
    if cursor is None:
        return await latest_snapshot(connection, project_id), 0
    wanted, begin = _read_cursor(cursor)
    found = await connection.scalar(
        select(plan_snapshots.c.snapshot_id).where(
            plan_snapshots.c.snapshot_id == wanted, plan_snapshots.c.project_id == project_id
        )
    )
    if found is None:
        raise foreign_cursor()
    return SnapshotId(found), begin


def _read_cursor(cursor: str) -> tuple[UUID, int]:
    snapshot_id, begin = decode_cursor(cursor, UUID, int)
    if not 0 <= begin < MAX_OFFSET:
        raise foreign_cursor()
    return snapshot_id, begin


async def _page(connection: AsyncConnection, snapshot_id: UUID, number: int) -> bytes | None:
    page: bytes | None = await connection.scalar(
        select(plan_snapshot_pages.c.body).where(
            plan_snapshot_pages.c.snapshot_id == snapshot_id,
            plan_snapshot_pages.c.number == number,
        )
    )
    return page
