"""Projects, uploads and inventories in PostgreSQL."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, Row, case, delete, exists, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.domain.errors import INVENTORY_NOT_FOUND, PROJECT_NOT_FOUND, UPLOAD_EXPIRED
from services.ingest.domain.inventory import ImportMode, Inventory, Upload
from services.ingest.domain.project import Project, require_active
from services.ingest.domain.stored_tables import STORED_TABLES
from services.ingest.persistence.tables import (
    inventories,
    projects,
    snapshot_pages,
    upload_chunks,
    uploads,
)
from services.ingest.usecases.ports import ParsedWorkbook
from shared.contracts.snapshots import SnapshotManifest
from shared.db import jobs
from shared.db.jobs import ENDED
from shared.db.tables import TABLES
from shared.db.uow import copy_file
from shared.kernel.errors import Conflict, Invalid, NotFound, PreconditionFailed
from shared.kernel.ids import InventoryId, JobId, ProjectId
from shared.kernel.project_life import ProjectLife

ABANDONED_AFTER: Final = timedelta(hours=1)
"""An upload that has got no bytes for this long, and never became an inventory, is swept away."""
KEPT_FOR: Final = timedelta(days=7)
"""The bytes of a failed or cancelled import can be retried for this long."""
SWEPT_AT_ONCE: Final = 4

APPLIED_AT: Final = func.coalesce(
    inventories.c.applied_at, case((~inventories.c.is_held, inventories.c.imported_at))
)
"""When the project began to work with an inventory: at once unless it is held."""
_INVENTORY: Final = (
    inventories.c.id,
    inventories.c.project_id,
    inventories.c.number,
    inventories.c.file_name,
    inventories.c.size_bytes,
    inventories.c.sha256,
    inventories.c.uploaded_at,
    inventories.c.uploaded_by,
    inventories.c.job_id,
    inventories.c.mode,
    inventories.c.is_held,
    inventories.c.imported_at,
    APPLIED_AT.label("applied_at"),
)


def project_from(row: Row[*tuple[Any, ...]]) -> Project:
    """The project in a row of ``projects``."""
    return Project(
        id=ProjectId(row.id),
        name=row.name,
        description=row.description,
        created_at=row.created_at,
        created_by=row.created_by,
        version=row.version,
        life=ProjectLife(row.life),
        cleared_through=row.cleared_through,
    )


def inventory_from(row: Row[*tuple[Any, ...]]) -> Inventory:
    """The inventory in a row of ``inventories``."""
    return Inventory(
        id=InventoryId(row.id),
        project_id=ProjectId(row.project_id),
        number=row.number,
        upload=Upload(row.file_name, row.size_bytes, row.sha256),
        uploaded_at=row.uploaded_at,
        uploaded_by=row.uploaded_by,
        job_id=JobId(row.job_id),
        mode=ImportMode(row.mode),
        is_held=row.is_held,
        imported_at=row.imported_at,
        applied_at=row.applied_at,
    )


def _may_become_ready() -> ColumnElement[bool]:
    """Whether the inventory's job is still to end."""
    job = TABLES.jobs.c
    return exists().where(job.id == inventories.c.job_id, job.state.not_in(ENDED))


def no_project() -> NotFound:
    """The error for a project that does not exist."""
    return NotFound("There is no such project.", code=PROJECT_NOT_FOUND)


class PostgresIngestStore:
    """The ingest's tables inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def add_project(self, project: Project) -> None:
        """Add a project."""
        await self._connection.execute(insert(projects).values(asdict(project)))

    async def project(self, project_id: ProjectId) -> Project:
        """The project. Raises NotFound ``project-not-found``."""
        row = (
            await self._connection.execute(
                select(projects).where(
                    projects.c.id == project_id, projects.c.life != ProjectLife.DELETED
                )
            )
        ).one_or_none()
        if row is None:
            raise no_project()
        return project_from(row)

    async def replace_project(self, project: Project, *, expected_version: int) -> None:
        """Store ``project``. Raises PreconditionFailed when it changed since."""
        result = await self._connection.execute(
            update(projects)
            .where(projects.c.id == project.id, projects.c.version == expected_version)
            .values(asdict(project))
        )
        if result.rowcount == 0:
            raise PreconditionFailed(
                "Somebody changed this project first. Read it again and repeat the change."
            )

    async def remove_inventories(self, project_id: ProjectId, *, at: datetime) -> None:
        """Take all inventories of the project out of sight, and stop their imports."""
        mine = (inventories.c.project_id == project_id) & inventories.c.removed_at.is_(None)
        job_ids = await self._connection.scalars(
            select(inventories.c.job_id).where(mine).order_by(inventories.c.job_id)
        )
        for job_id in job_ids.all():
            with suppress(Conflict):  # it has ended
                await jobs.cancel(self._connection, JobId(job_id))
        await self._connection.execute(update(inventories).where(mine).values(removed_at=at))

    async def removed_inventories(self, project_id: ProjectId) -> Sequence[InventoryId]:
        """Those that are out of sight and still there."""
        ids = await self._connection.scalars(
            select(inventories.c.id)
            .where(inventories.c.project_id == project_id, inventories.c.removed_at.is_not(None))
            .order_by(inventories.c.number)
        )
        return [InventoryId(id_) for id_ in ids]

    async def begin_upload(self, inventory_id: InventoryId, project_id: ProjectId) -> None:
        """Make room for the bytes of an upload. Raises as :meth:`next_number` does."""
        await self._require_project(project_id)
        await self._connection.execute(
            insert(uploads).values(
                inventory_id=inventory_id, project_id=project_id, touched_at=func.now()
            )
        )

    async def add_chunks(self, inventory_id: InventoryId, chunks: Mapping[int, bytes]) -> None:
        """Add pieces by position. Raises Invalid when the upload was swept away meanwhile."""
        touched = await self._connection.execute(
            update(uploads)
            .where(uploads.c.inventory_id == inventory_id)
            .values(touched_at=func.now())
        )
        if touched.rowcount == 0:
            raise Invalid("The upload took too long and was given up.", code=UPLOAD_EXPIRED)
        await self._connection.execute(
            insert(upload_chunks),
            [
                {"inventory_id": inventory_id, "position": position, "content": content}
                for position, content in chunks.items()
            ],
        )

    async def forget_upload(self, inventory_id: InventoryId) -> None:
        """Remove the bytes of an upload."""
        await self._connection.execute(
            delete(uploads).where(uploads.c.inventory_id == inventory_id)
        )

    async def forget_abandoned_uploads(self) -> None:
        """Remove some of the bytes that nobody sent to their end, or needs any more.

        Few at a time: somebody waits for it, and the next one goes on.
        """
        has_inventory = exists().where(inventories.c.id == uploads.c.inventory_id)
        is_wanted = has_inventory.where(_may_become_ready())
        age = func.now() - uploads.c.touched_at
        abandoned = (
            select(uploads.c.inventory_id)
            .where(~has_inventory & (age > ABANDONED_AFTER) | ~is_wanted & (age > KEPT_FOR))
            .order_by(uploads.c.touched_at)
            .limit(SWEPT_AT_ONCE)
            .with_for_update(skip_locked=True)
        )
        # In two statements: within one, the planner may carry out the limited one again and again.
        ids = (await self._connection.scalars(abandoned)).all()
        await self._connection.execute(delete(uploads).where(uploads.c.inventory_id.in_(ids)))

    async def former_inventory(self, project_id: ProjectId, *, sha256: str) -> Inventory | None:
        """The project's newest inventory of the same workbook that is ready, or else is still
        being imported."""
        is_ready = inventories.c.imported_at.is_not(None)
        row = (
            await self._connection.execute(
                select(*_INVENTORY)
                .where(
                    inventories.c.project_id == project_id,
                    inventories.c.sha256 == sha256,
                    inventories.c.removed_at.is_(None),
                    is_ready | _may_become_ready(),
                )
                .order_by(is_ready.desc(), inventories.c.number.desc())
                .limit(1)
            )
        ).one_or_none()
        return inventory_from(row) if row else None

    async def next_number(self, project_id: ProjectId) -> int:
        """The number of the project's next inventory; others wait for this transaction.

        Raises:
            NotFound: there is no such project.
            Conflict: it is archived; code ``project-archived``.
        """
        await self._require_project(project_id, lock=True)
        return await self.highest_number(project_id) + 1

    async def highest_number(self, project_id: ProjectId) -> int:
        """The highest number that an inventory of the project ever had; 0 if there was none."""
        highest = await self._connection.scalar(
            select(
                func.greatest(
                    select(func.max(inventories.c.number))
                    .where(inventories.c.project_id == project_id)
                    .scalar_subquery(),
                    projects.c.cleared_through,
                )
            ).where(projects.c.id == project_id)
        )
        return highest or 0

    async def add_inventory(self, inventory: Inventory) -> None:
        """Add an inventory whose rows are not there yet."""
        await self._connection.execute(
            insert(inventories).values(
                id=inventory.id,
                project_id=inventory.project_id,
                number=inventory.number,
                file_name=inventory.upload.file_name,
                size_bytes=inventory.upload.size_bytes,
                sha256=inventory.upload.sha256,
                uploaded_at=inventory.uploaded_at,
                uploaded_by=inventory.uploaded_by,
                job_id=inventory.job_id,
                mode=inventory.mode,
                is_held=inventory.is_held,
            )
        )

    async def inventory(self, inventory_id: InventoryId) -> Inventory:
        """The inventory. Raises NotFound ``inventory-not-found``."""
        row = (
            await self._connection.execute(
                select(*_INVENTORY).where(
                    inventories.c.id == inventory_id, inventories.c.removed_at.is_(None)
                )
            )
        ).one_or_none()
        if row is None:
            raise NotFound("There is no such inventory.", code=INVENTORY_NOT_FOUND)
        return inventory_from(row)

    async def store_rows(self, inventory_id: InventoryId, parsed: ParsedWorkbook) -> None:
        """Store the rows of all tables and the snapshot pages from the parser's files."""
        for table, columns in STORED_TABLES.items():
            await copy_file(self._connection, table, columns, parsed.rows(table))
        for number in range(parsed.manifest.page_count):
            await self._connection.execute(
                insert(snapshot_pages).values(
                    inventory_id=inventory_id,
                    number=number,
                    content=parsed.page(number).read_bytes(),
                )
            )

    async def complete(
        self, inventory_id: InventoryId, *, parsed: ParsedWorkbook, imported_at: datetime
    ) -> None:
        """The inventory is ready: its report and its snapshot's manifest."""
        await self._connection.execute(
            update(inventories)
            .where(inventories.c.id == inventory_id)
            .values(
                imported_at=imported_at,
                vm_count=parsed.counts.vms,
                disk_count=parsed.counts.disks,
                nic_count=parsed.counts.nics,
                report=dict(parsed.report),
                manifest=parsed.manifest.model_dump(mode="json"),
            )
        )

    async def manifest(self, inventory_id: InventoryId) -> SnapshotManifest | None:
        """The manifest of its snapshot; None before its rows are stored."""
        stored = await self._connection.scalar(
            select(inventories.c.manifest).where(inventories.c.id == inventory_id)
        )
        return None if stored is None else SnapshotManifest.model_validate(stored)

    async def applied(self, project_id: ProjectId) -> Inventory | None:
        """The inventory that the project works with: the newest one that was applied. Who applies
        another one waits for this transaction."""
        await self._require_project(project_id, lock=True)
        return await find_applied(self._connection, project_id)

    async def apply(self, inventory: Inventory) -> None:
        """Remember that the inventory is applied, and how."""
        await self._connection.execute(
            update(inventories)
            .where(inventories.c.id == inventory.id)
            .values(mode=inventory.mode, applied_at=inventory.applied_at)
        )

    async def has_ended(self, inventory: Inventory) -> bool:
        """Whether its import has ended, well or badly."""
        job = await jobs.get(self._connection, inventory.job_id)
        return job.state in ENDED

    async def forget_inventory(self, inventory_id: InventoryId) -> None:
        """Remove an inventory with everything that it holds."""
        await self._connection.execute(
            delete(uploads).where(uploads.c.inventory_id == inventory_id)
        )
        await self._connection.execute(delete(inventories).where(inventories.c.id == inventory_id))

    async def _require_project(self, project_id: ProjectId, *, lock: bool = False) -> None:
        found = select(projects).where(projects.c.id == project_id)
        if lock:
            found = found.with_for_update(key_share=True)
        row = (await self._connection.execute(found)).one_or_none()
        if row is None or row.life == ProjectLife.DELETED:
            raise no_project()
        require_active(project_from(row))


async def find_applied(
    connection: AsyncConnection, project_id: ProjectId, *, before: int | None = None
) -> Inventory | None:
    """The project's newest applied inventory; only those with numbers under ``before`` if given."""
    statement = (
        select(*_INVENTORY)
        .where(
            inventories.c.project_id == project_id,
            inventories.c.removed_at.is_(None),
            APPLIED_AT.is_not(None),
        )
        .order_by(inventories.c.number.desc())
        .limit(1)
    )
    if before is not None:
        statement = statement.where(inventories.c.number < before)
    row = (await connection.execute(statement)).one_or_none()
    return inventory_from(row) if row else None
