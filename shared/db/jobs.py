"""Durable jobs as everybody but the worker sees them: queue, read, cancel, retry, count.

``queued → running → succeeded | failed | cancelled``; a lost or released lease and a retried
attempt lead back to ``queued`` or stay ``running`` and claimable. A person may cancel a job that
has not ended and retry one that failed or was cancelled. How a worker holds a job is in
:mod:`shared.db.job_leases`, the loop in :mod:`shared.db.job_runner`.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, case, func, null, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.tables import TABLES
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import JobId

_jobs = TABLES.jobs


class JobState(StrEnum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


ENDED: Final = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED})


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job to queue; see :meth:`shared.db.uow.Transaction.enqueue`."""

    id: JobId
    kind: str
    subject: str
    payload: dict[str, Any]
    key: str | None
    created_by: str | None
    correlation_id: str | None
    causation_id: str | None
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job as a person may see it.

    ``error`` is ``{"kind", "code", "detail", "errors"}``: why it failed, or while it is queued
    or running, why its last attempt did.
    """

    id: JobId
    kind: str
    subject: str
    state: JobState
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    attempts: int
    cancel_requested: bool
    created_by: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class JobCount:
    """How many jobs of one kind are in one state."""

    kind: str
    state: JobState
    count: int


_SEEN: Final = [_jobs.c[name] for name in Job.__dataclass_fields__]


async def add(connection: AsyncConnection, job: NewJob) -> JobId:
    """Queues ``job``, or finds the one that has its key; workers are notified at commit."""
    row_id = await connection.scalar(
        insert(_jobs)
        .values(asdict(job))
        .on_conflict_do_nothing(index_elements=[_jobs.c.key])
        .returning(_jobs.c.id)
    )
    if row_id is None:
        row_id = await connection.scalar(select(_jobs.c.id).where(_jobs.c.key == job.key))
    return JobId(_required(row_id))


async def get(connection: AsyncConnection, job_id: JobId) -> Job:
    """The job.

    Raises:
        NotFound: there is none; code ``job-not-found``.
    """
    row = (await connection.execute(select(*_SEEN).where(_jobs.c.id == job_id))).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id}.", code="job-not-found")
    return _job(row)


async def lock(connection: AsyncConnection, job_id: JobId) -> None:
    """Keeps the job as it is until this transaction ends: no worker claims it, none writes as its
    holder."""
    await connection.execute(select(_jobs.c.id).where(_jobs.c.id == job_id).with_for_update())


async def find(connection: AsyncConnection, *, key: str) -> Job | None:
    """The job that was queued with ``key``, if any."""
    row = (await connection.execute(select(*_SEEN).where(_jobs.c.key == key))).one_or_none()
    return None if row is None else _job(row)


async def cancel(connection: AsyncConnection, job_id: JobId) -> Job:
    """Cancels a queued job at once; asks the worker of a running one to stop.

    Raises:
        NotFound: there is no such job.
        Conflict: it has ended; code ``job-ended``.
    """
    is_queued = _jobs.c.state == JobState.QUEUED
    row = (
        await connection.execute(
            update(_jobs)
            .where(_jobs.c.id == job_id, _jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]))
            .values(
                cancel_requested=True,
                state=case((is_queued, JobState.CANCELLED), else_=_jobs.c.state),
                finished_at=case((is_queued, func.now()), else_=null()),
            )
            .returning(*_SEEN)
        )
    ).one_or_none()
    if row is None:
        job = await get(connection, job_id)
        raise Conflict(f"The job has already ended: it has {job.state}.", code="job-ended")
    return _job(row)


async def retry(connection: AsyncConnection, job_id: JobId) -> Job:
    """Queues a failed or cancelled job again, with all its attempts.

    Raises:
        NotFound: there is no such job.
        Conflict: it has succeeded or has not ended; code ``job-not-retryable``.
    """
    row = (
        await connection.execute(
            update(_jobs)
            .where(_jobs.c.id == job_id, _jobs.c.state.in_([JobState.FAILED, JobState.CANCELLED]))
            .values(
                state=JobState.QUEUED,
                attempts=0,
                error=null(),
                progress=null(),
                cancel_requested=False,
                not_before=func.now(),
                started_at=None,
                finished_at=None,
            )
            .returning(*_SEEN)
        )
    ).one_or_none()
    if row is None:
        job = await get(connection, job_id)
        raise Conflict(
            f"Only a failed or cancelled job can be retried; this one is {job.state}.",
            code="job-not-retryable",
        )
    return _job(row)


async def release_all(connection: AsyncConnection) -> int:
    """Lets every lease run out now, so that its job may be claimed; returns how many there were.

    A job whose attempts are used up is not claimed again, as after any dead worker. Only for a
    process that knows that no worker is alive (the embedded mode, which holds its data folder
    exclusively): everybody else waits for the leases to run out.
    """
    result = await connection.execute(
        update(_jobs).where(_jobs.c.state == JobState.RUNNING).values(lease_until=func.now())
    )
    return result.rowcount


async def counts(connection: AsyncConnection) -> Sequence[JobCount]:
    """How many jobs there are, by kind and state, in that order."""
    rows = await connection.execute(
        select(_jobs.c.kind, _jobs.c.state, func.count())
        .group_by(_jobs.c.kind, _jobs.c.state)
        .order_by(_jobs.c.kind, _jobs.c.state)
    )
    return [JobCount(kind=kind, state=JobState(state), count=n) for kind, state, n in rows]


async def oldest_claimable_s(connection: AsyncConnection) -> float:
    """For how long the job that waits longest could have been claimed, in seconds; 0 if none."""
    since = func.least(_jobs.c.not_before, func.clock_timestamp())
    age = func.extract("epoch", func.clock_timestamp() - func.min(since))
    seconds = await connection.scalar(select(age).where(_jobs.c.state == JobState.QUEUED))
    return float(seconds or 0)


async def expired_leases(connection: AsyncConnection) -> int:
    """How many jobs have lost their worker and wait to be claimed again."""
    expired = select(func.count()).where(
        _jobs.c.state == JobState.RUNNING, _jobs.c.lease_until < func.clock_timestamp()
    )
    return await connection.scalar(expired) or 0


def _job(row: Row[Any]) -> Job:
    values = dict(row._mapping)
    values["state"] = JobState(values["state"])
    return Job(**values)


def _required(row_id: UUID | None) -> UUID:
    """The id of a row that must be there: rows with a key are never deleted."""
    if row_id is None:
        raise RuntimeError("A job with this key conflicted and then was not found.")
    return row_id
