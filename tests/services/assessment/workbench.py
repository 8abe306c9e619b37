"""The assessment's parts on a real database, driven by hand: deliver an event, run a job once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.handlers.on_inventory_imported import OnInventoryImported
from services.assessment.persistence.store import PostgresAssessmentStore
from services.assessment.persistence.tables import assessed_vms, snapshot_pages, tenant_totals
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.preview_rules import PREVIEW_KIND
from services.assessment.usecases.queue_assessment import JOB_KIND
from services.assessment.worker.assess_inventory import AssessInventory
from services.assessment.worker.preview_rules import PreviewRules
from shared.contracts.inventory import InventoryImported
from shared.contracts.records import AssessedVmRecord
from shared.contracts.snapshots import decode_page
from shared.db.job_context import JobContext
from shared.db.tables import TABLES
from tests.services.assessment.upstream import FakeIngest
from tests.support.job_bench import FixedClock, JobBench, envelope_of

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)


def a_store(connection: AsyncConnection) -> AssessmentStore:
    return PostgresAssessmentStore(connection)


@dataclass(frozen=True)
class PreviewBench(JobBench[AssessmentStore]):
    """The same database, for previews."""

    kind = PREVIEW_KIND
    store = staticmethod(a_store)


@dataclass(frozen=True)
class Workbench(JobBench[AssessmentStore]):
    """A database and an ingest."""

    kind = JOB_KIND
    store = staticmethod(a_store)
    ingest: FakeIngest

    async def deliver(self, event: InventoryImported) -> None:
        """Handle the event as the consumer does, without its inbox."""
        envelope = envelope_of(event, source="ingest", version=event.inventory_number, at=NOW)
        handler = OnInventoryImported(self.database.ids)
        async with self.database.transactions(a_store)() as tx:
            await handler(event, envelope, tx)

    async def work(self) -> JobContext[AssessmentStore]:
        """Run the next job to its end, or to the error that it raises."""
        job = await self.claim()
        await AssessInventory(self.ingest, FixedClock(NOW))(job)
        return job

    async def assess(self, event: InventoryImported) -> None:
        """Deliver, then work."""
        await self.deliver(event)
        await self.work()

    async def run_preview(self) -> None:
        """Run the next preview of rules."""
        job = await PreviewBench(self.database).claim()
        await PreviewRules(self.ingest)(job)

    async def work_all(self) -> int:
        """Run assessments until there is none to run; how many there were."""
        count = 0
        while "queued" in await self.job_states():
            await self.work()
            count += 1
        return count

    async def records(self) -> list[AssessedVmRecord]:
        """The VMs of the newest announced snapshot, as the planner reads them, by id."""
        newest = (await self.announced())[-1]["data"]["snapshot"]["id"]
        pages = await self.pages(UUID(newest))
        found = [vm for page in pages for vm in decode_page(page, AssessedVmRecord)]
        return sorted(found, key=lambda vm: vm.vm_id)

    async def audited(self) -> list[dict[str, Any]]:
        """The audit entries, oldest first."""
        entries = TABLES.audit
        return await self._rows(select(entries).order_by(entries.c.at, entries.c.id))

    async def vm_rows(self) -> list[dict[str, Any]]:
        """The stored VMs of all assessments, without the assessment's id."""
        columns = [column for column in assessed_vms.columns if column.name != "assessment_id"]
        return await self._rows(select(*columns).order_by(assessed_vms.c.vm_id))

    async def pages(self, assessment_id: UUID) -> list[bytes]:
        """The stored pages of an assessed snapshot."""
        rows = await self._rows(
            select(snapshot_pages.c.content)
            .where(snapshot_pages.c.assessment_id == assessment_id)
            .order_by(snapshot_pages.c.number)
        )
        return [row["content"] for row in rows]

    async def total_rows(self) -> list[dict[str, Any]]:
        """The stored totals of tenants, without the assessment's id."""
        columns = [column for column in tenant_totals.columns if column.name != "assessment_id"]
        return await self._rows(select(*columns).order_by(tenant_totals.c.tenant_id))

    async def somebody_waits_for_a_lock(self) -> bool:
        """Whether a session of the assessment's role waits for another one."""
        async with self.database.read() as connection:
            waiting = await connection.scalar(
                text("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'")
            )
        return bool(waiting)

    async def _rows(self, statement: Any) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            return [dict(row._mapping) for row in await connection.execute(statement)]
