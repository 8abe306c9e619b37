"""The assessment's parts on a real database, driven by hand: deliver an event, run a job once."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.handlers.on_inventory_imported import OnInventoryImported
from services.assessment.persistence.store import PostgresAssessmentStore
from services.assessment.persistence.tables import assessed_vms, snapshot_pages, tenant_totals
from services.assessment.usecases.ports import AssessmentStore
from services.assessment.usecases.queue_assessment import JOB_KIND
from services.assessment.worker.assess_inventory import AssessInventory
from shared.contracts.envelope import Envelope
from shared.contracts.inventory import InventoryImported
from shared.contracts.registry import schema_id
from shared.db import job_leases, jobs
from shared.db.job_context import JobContext
from shared.db.tables import TABLES
from shared.db.uow import Database
from tests.services.assessment.upstream import FakeIngest

NOW = datetime(2026, 3, 1, 10, 0, tzinfo=UTC)
LEASE_S = 60.0


class FixedClock:
    """It is always 10 o'clock."""

    def now(self) -> datetime:
        return NOW


def a_store(connection: AsyncConnection) -> AssessmentStore:
    return PostgresAssessmentStore(connection)


@dataclass(frozen=True)
class Workbench:
    """A database and an ingest."""

    database: Database
    ingest: FakeIngest

    async def deliver(self, event: InventoryImported) -> None:
        """Handle the event as the consumer does, without its inbox."""
        envelope = Envelope(
            id=uuid4(),
            source="/services/ingest",
            type=event.TYPE,
            subject=event.subject,
            time=NOW,
            dataschema=schema_id(InventoryImported),
            aggregateversion=event.inventory_number,
            data=event.model_dump(mode="json"),
        )
        handler = OnInventoryImported(self.database.ids)
        async with self.database.transactions(a_store)() as tx:
            await handler(event, envelope, tx)

    async def claim(self) -> JobContext[AssessmentStore] | None:
        """Take the next job as a worker does; None if there is none."""
        async with self.database.write() as connection:
            job = await job_leases.claim(
                connection, kinds=[JOB_KIND], owner="test", lease_s=LEASE_S
            )
        if job is None:
            return None
        return JobContext(job, db=self.database, store=a_store, lease_s=LEASE_S)

    async def work(self) -> JobContext[AssessmentStore]:
        """Run the next job to its end, or to the error that it raises."""
        job = await self.claim()
        assert job is not None, "there is no job to run"
        await AssessInventory(self.ingest, FixedClock())(job)
        return job

    async def lose_the_worker(self) -> None:
        """What a restart after SIGKILL finds: jobs that nobody works on."""
        async with self.database.write() as connection:
            await jobs.release_all(connection)

    async def assess(self, event: InventoryImported) -> None:
        """Deliver, then work."""
        await self.deliver(event)
        await self.work()

    async def job_states(self) -> list[str]:
        """The states of all jobs, oldest first."""
        async with self.database.read() as connection:
            states = await connection.scalars(
                select(TABLES.jobs.c.state).order_by(TABLES.jobs.c.created_at, TABLES.jobs.c.id)
            )
        return list(states)

    async def announced(self) -> list[dict[str, Any]]:
        """The envelopes in the outbox, oldest first."""
        async with self.database.read() as connection:
            envelopes = await connection.scalars(
                select(TABLES.outbox.c.envelope).order_by(TABLES.outbox.c.seq)
            )
        return list(envelopes)

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
