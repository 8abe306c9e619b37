"""Reads of the API and of the planner, which change nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.errors import NOT_ASSESSED
from services.assessment.domain.runs import AssessmentRun
from services.assessment.domain.totals import Totals
from services.assessment.persistence.runs import find_newest
from services.assessment.persistence.tables import (
    NAME_SORT_CHARS,
    assessments,
    snapshot_pages,
    tenant_totals,
    tenants,
)
from shared.contracts.snapshots import SnapshotManifest
from shared.db import jobs
from shared.db.jobs import Job
from shared.db.uow import Database
from shared.kernel.errors import NotFound
from shared.kernel.ids import AssessmentId, ProjectId
from shared.kernel.paging import Page, decode_cursor, encode_cursor


@dataclass(frozen=True, slots=True)
class AssessmentView:
    """An assessment with its job, and what it gave once it is complete."""

    run: AssessmentRun
    job: Job
    manifest: SnapshotManifest | None
    totals: Totals | None
    listed_number: int | None
    """The number of the newest complete one."""


async def newest_assessment(
    connection: AsyncConnection, project_id: ProjectId
) -> AssessmentView | None:
    """The project's newest assessment, complete or not."""
    run = await find_newest(connection, project_id)
    if run is None:
        return None
    outcome = (
        await connection.execute(
            select(assessments.c.manifest, assessments.c.totals).where(assessments.c.id == run.id)
        )
    ).one()
    listed = await find_newest(connection, project_id, is_complete=True)
    return AssessmentView(
        run=run,
        job=await jobs.get(connection, run.job_id),
        manifest=SnapshotManifest.model_validate(outcome.manifest) if outcome.manifest else None,
        totals=Totals(**outcome.totals) if outcome.totals else None,
        listed_number=listed.number if listed else None,
    )


async def newest_complete(connection: AsyncConnection, project_id: ProjectId) -> AssessmentId:
    """The project's newest complete assessment. Raises NotFound ``not-assessed``."""
    run = await find_newest(connection, project_id, is_complete=True)
    if run is None:
        raise not_assessed()
    return run.id


def not_assessed() -> NotFound:
    """The error for a project without a complete assessment."""
    return NotFound(
        "No inventory of this project has been assessed yet. Import a workbook, or wait until its "
        "assessment is complete.",
        code=NOT_ASSESSED,
    )


async def count_tenants(connection: AsyncConnection, assessment_id: AssessmentId) -> int:
    """How many tenants the list has."""
    return (
        await connection.scalar(
            select(func.count()).where(tenant_totals.c.assessment_id == assessment_id)
        )
    ) or 0


async def list_tenants(
    connection: AsyncConnection, assessment_id: AssessmentId, *, cursor: str | None, limit: int
) -> Page[Mapping[str, Any]]:
    """Tenants that have VMs in scope, with their totals, by name, then id.

    Raises:
        Invalid: the cursor is not one of this list.
    """
    sort_name = func.left(tenants.c.name, NAME_SORT_CHARS)
    statement = (
        select(tenants.c.id, tenants.c.name, tenants.c.org_vdc, *list(tenant_totals.columns)[2:])
        .join(tenants, tenants.c.id == tenant_totals.c.tenant_id)
        .where(tenant_totals.c.assessment_id == assessment_id)
        .order_by(sort_name, tenants.c.id)
        .limit(limit + 1)
    )
    if cursor is not None:
        statement = statement.where(tuple_(sort_name, tenants.c.id) > _after(cursor))
    rows = [dict(row._mapping) for row in await connection.execute(statement)]
    return _page(rows, limit, id_="id")


def _after(cursor: str) -> tuple[str, UUID]:
    return decode_cursor(cursor, str, UUID)


def _page(rows: list[dict[str, Any]], limit: int, *, id_: str) -> Page[Mapping[str, Any]]:
    if len(rows) <= limit:
        return Page(rows, None)
    last = rows[limit - 1]
    return Page(rows[:limit], encode_cursor(last["name"][:NAME_SORT_CHARS], str(last[id_])))


class AssessedSnapshots:
    """The assessed snapshots, for the planner to pull. Only complete ones exist."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def manifest(self, snapshot_id: UUID) -> SnapshotManifest | None:
        """The manifest; None if there is no such snapshot."""
        async with self._database.read() as connection:
            manifest = await connection.scalar(
                select(assessments.c.manifest).where(assessments.c.id == snapshot_id)
            )
        return SnapshotManifest.model_validate(manifest) if manifest else None

    async def page(self, snapshot_id: UUID, number: int) -> bytes | None:
        """Page ``number``, from 0; None if there is none."""
        async with self._database.read() as connection:
            content: bytes | None = await connection.scalar(
                select(snapshot_pages.c.content)
                .join(assessments, assessments.c.id == snapshot_pages.c.assessment_id)
                .where(
                    snapshot_pages.c.assessment_id == snapshot_id,
                    snapshot_pages.c.number == number,
                    assessments.c.completed_at.is_not(None),
                )
            )
        return content
