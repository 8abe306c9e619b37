"""The ingest's parts on a real database, driven by hand: receive a workbook, run its import."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.adapters.workbook_reader import ChildWorkbookReader
from services.ingest.domain.inventory import Inventory
from services.ingest.domain.limits import MIB, ParserLimits, WorkbookLimits
from services.ingest.domain.stored_tables import STORED_TABLES
from services.ingest.persistence.queries import StoredUploads
from services.ingest.persistence.store import PostgresIngestStore
from services.ingest.persistence.tables import metadata
from services.ingest.usecases.ports import IngestStore, WorkbookReader
from services.ingest.usecases.projects import CreateProject
from services.ingest.usecases.receive_workbook import IMPORT, ReceiveWorkbook, Wish
from services.ingest.usecases.remove_project import REMOVE
from services.ingest.worker.import_inventory import ImportInventory
from services.ingest.worker.remove_inventories import remove_inventories
from shared.auth.principal import Principal
from shared.db import jobs
from shared.db.job_context import JobFunction
from shared.db.job_runner import JobRunner
from shared.db.jobs import Job
from shared.db.tables import TABLES
from shared.db.uow import Transactions
from shared.kernel.ids import JobId, ProjectId
from shared.testing.waiting import eventually
from tests.support.job_bench import LEASE_S, FixedClock, JobBench

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
ANNA = Principal("user", "anna", "Anna")
IMPORTED_TABLES = (*STORED_TABLES, "snapshot_pages")


def a_store(connection: AsyncConnection) -> IngestStore:
    return PostgresIngestStore(connection)


async def pieces(*parts: bytes) -> AsyncIterator[bytes]:
    """A body that arrives in those parts."""
    for part in parts:
        yield part


def cut(content: bytes, sizes: Iterable[int]) -> list[bytes]:
    """``content`` in parts of those sizes, and the rest."""
    parts, at = [], 0
    for size in sizes:
        parts.append(content[at : at + size])
        at += size
    return [*parts, content[at:]]


@dataclass(frozen=True)
class Workbench(JobBench[IngestStore]):
    """A database, and a folder in which workbooks are parsed."""

    kind = IMPORT
    store = staticmethod(a_store)
    scratch: Path

    @property
    def transactions(self) -> Transactions[IngestStore]:
        """Units of work."""
        return self.database.transactions(a_store)

    def receiver(self, *, max_bytes: int = 64 * MIB) -> ReceiveWorkbook:
        """The use case of uploads."""
        return ReceiveWorkbook(
            self.transactions, self.database.ids, FixedClock(NOW), max_bytes=max_bytes
        )

    async def project(self) -> ProjectId:
        """A new project."""
        create = CreateProject(self.database.ids, FixedClock(NOW))
        async with self.transactions() as tx:
            project = await create(tx, name="Acme", description="", by=ANNA)
        return project.id

    async def upload(self, content: bytes, *, to: ProjectId | None = None) -> Inventory:
        """An inventory of the workbook, to be imported."""
        receive = self.receiver()
        received = await receive.store(to or await self.project(), pieces(content), name="a.xlsx")
        async with self.transactions() as tx:
            inventory, _ = await receive.accept(tx, received, by=ANNA, wish=Wish(is_forced=True))
        return inventory

    def importer(self, reader: WorkbookReader | None = None) -> ImportInventory:
        """The job's function. Its parser has little memory, so that running out of it is quick."""
        return ImportInventory(
            reader or ChildWorkbookReader(WorkbookLimits(), ParserLimits(memory_mib=256)),
            StoredUploads(self.database),
            FixedClock(NOW),
            scratch_dir=self.scratch,
        )

    def runner(
        self, *, owner: str = "test", lease_s: float = LEASE_S, reader: WorkbookReader | None = None
    ) -> JobRunner[IngestStore]:
        """A worker."""
        functions: dict[str, JobFunction[IngestStore]] = {
            IMPORT: self.importer(reader),
            REMOVE: remove_inventories,
        }
        return JobRunner(self.database, a_store, functions, owner=owner, lease_s=lease_s)

    async def work(self) -> None:
        """Run the next job to its end, or to the error that it raises."""
        await self.importer()(await self.claim())

    async def run_jobs(self, *, lease_s: float = LEASE_S, within_s: float = 60) -> None:
        """A worker runs until all jobs have ended."""
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.runner(lease_s=lease_s).run(stop))
            await eventually(self.all_jobs_ended, within_s=within_s, what="all jobs end")
            stop.set()

    async def all_jobs_ended(self) -> bool:
        """Whether nothing is queued or running."""
        states = {row["state"] for row in await self.rows(TABLES.jobs)}
        return states <= {state.value for state in jobs.ENDED}

    async def job(self, job_id: JobId) -> Job:
        """The job."""
        async with self.database.read() as connection:
            return await jobs.get(connection, job_id)

    async def inventory(self, inventory_id: object) -> dict[str, Any]:
        """The row of the inventory."""
        (row,) = [row for row in await self.rows("inventories") if row["id"] == inventory_id]
        return row

    async def imported(self, inventory: Inventory) -> dict[str, Any]:
        """All that an import has stored, but for the inventory's id."""
        row = await self.inventory(inventory.id)
        stored: dict[str, Any] = {
            name: [
                {column: value for column, value in one.items() if column != "inventory_id"}
                for one in await self.rows(name)
                if one["inventory_id"] == inventory.id
            ]
            for name in IMPORTED_TABLES
        }
        stored["manifest"] = {k: v for k, v in (row["manifest"] or {}).items() if k != "id"}
        stored["report"] = row["report"]
        stored["counts"] = [row["vm_count"], row["disk_count"], row["nic_count"]]
        return stored

    async def stored_rows(self) -> dict[str, int]:
        """How many rows imports have left, by table that has any."""
        counts = {name: len(await self.rows(name)) for name in IMPORTED_TABLES}
        return {name: count for name, count in counts.items() if count}

    async def uploaded(self) -> dict[Any, bytes]:
        """The bytes that are kept, by upload."""
        kept: dict[Any, bytes] = {row["inventory_id"]: b"" for row in await self.rows("uploads")}
        for row in await self.rows("upload_chunks"):
            kept[row["inventory_id"]] += row["content"]
        return kept

    async def rows(self, table: str | Table) -> list[dict[str, Any]]:
        """All rows of a table, by primary key."""
        known = metadata.tables[table] if isinstance(table, str) else table
        async with self.database.read() as connection:
            found = await connection.execute(select(known).order_by(*known.primary_key))
            return [dict(row._mapping) for row in found]

    async def execute(self, statement: str, **values: object) -> None:
        """What time or another process would do."""
        async with self.database.write() as connection:
            await connection.execute(text(statement), values)

    async def count_as_ready(self, inventory_id: object) -> None:
        """The inventory is ready, and as empty as none that was imported."""
        await self.execute(
            "UPDATE inventories SET imported_at = now(), vm_count = 0, disk_count = 0,"
            " nic_count = 0, report = '{}', manifest = '{}' WHERE id = :id",
            id=inventory_id,
        )
        await self.execute(
            "UPDATE jobs SET state = 'succeeded', finished_at = now() WHERE id ="
            " (SELECT job_id FROM inventories WHERE id = :id)",
            id=inventory_id,
        )

    async def lose_the_lease(self) -> None:
        """The running job's worker counts as dead."""
        await self.execute(
            "UPDATE jobs SET lease_until = now() - interval '1 s' WHERE state = 'running'"
        )

    async def somebody_waits_for_a_lock(self) -> None:
        """Returns once a session in the database waits for another one."""
        async with self.database.read() as connection:

            async def is_waiting() -> bool:
                await connection.execute(text("SELECT pg_stat_clear_snapshot()"))
                waiting = await connection.scalar(
                    text(
                        "SELECT count(*) FROM pg_stat_activity"
                        " WHERE wait_event_type = 'Lock' AND datname = current_database()"
                    )
                )
                return bool(waiting)

            await eventually(is_waiting, what="somebody waits for a lock")
