"""What the workbenches of services share: their database and jobs, driven by hand."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Generic, TypeVar
from uuid import uuid4

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.envelope import Envelope, EventData
from shared.contracts.registry import schema_id
from shared.db import job_leases, jobs
from shared.db.engine import make_engine
from shared.db.job_context import JobContext
from shared.db.tables import TABLES
from shared.db.uow import Database
from shared.runtime.ids import Uuid7Ids

Store = TypeVar("Store")

LEASE_S = 60.0


@dataclass(frozen=True)
class FixedClock:
    """It is always the same time."""

    at: datetime

    def now(self) -> datetime:
        return self.at


@asynccontextmanager
async def opened_database(dsn: str, service: str, *, at: datetime) -> AsyncIterator[Database]:
    """A service's database as its composition root makes it, where the time is always ``at``."""
    engine = make_engine(dsn, schema=service)
    database = Database(engine, service=service, ids=Uuid7Ids(), clock=FixedClock(at))
    try:
        yield database
    finally:
        await database.close()


def envelope_of(event: EventData, *, source: str, version: int, at: datetime) -> Envelope:
    """The envelope in which the service ``source`` states ``event``."""
    return Envelope(
        id=uuid4(),
        source=f"/services/{source}",
        type=event.TYPE,
        subject=event.subject,
        time=at,
        dataschema=schema_id(type(event)),
        aggregateversion=version,
        data=event.model_dump(mode="json"),
    )


@dataclass(frozen=True)
class JobBench(Generic[Store]):
    """A database with jobs of one kind."""

    database: Database
    kind: ClassVar[str]

    @staticmethod
    def store(connection: AsyncConnection) -> Store:
        """The service's store."""
        raise NotImplementedError

    async def claim(self) -> JobContext[Store]:
        """Take the next job as a worker does."""
        async with self.database.write() as connection:
            job = await job_leases.claim(
                connection, kinds=[self.kind], owner="test", lease_s=LEASE_S
            )
        assert job is not None, "there is no job to run"
        return JobContext(job, db=self.database, store=self.store, lease_s=LEASE_S)

    async def lose_the_worker(self) -> None:
        """What a restart after SIGKILL finds: jobs that nobody works on."""
        async with self.database.write() as connection:
            await jobs.release_all(connection)

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
