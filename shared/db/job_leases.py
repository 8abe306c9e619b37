"""How a worker holds a job: claim, renew, report, and the four ways to let go.

A claim raises the job's ``fence``; every later statement of that worker says ``WHERE fence =
mine AND state = 'running'``. A worker that was slow, paused or presumed dead therefore writes
nothing once somebody else has the job. Time is the database's alone.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import asyncpg
from sqlalchemy import ColumnElement, and_, case, func, literal, not_, null, or_, select, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.jobs import JobState
from shared.db.tables import TABLES
from shared.kernel.ids import JobId

OUTAGE_PATIENCE: Final = timedelta(hours=1)
"""For so long after its first start, attempts that met an outage are not counted."""
LONGEST_DELAY_S: Final = 60.0

_jobs = TABLES.jobs
_LET_GO: Final[dict[str, Any]] = {"lease_owner": None, "lease_until": None}
_ABANDONED: Final = {
    "kind": "Internal",
    "code": "job-abandoned",
    "detail": "The worker died or was cut off in every attempt.",
    "errors": [],
}


class LeaseLost(Exception):
    """Somebody else has the job now, or it has ended: write nothing more."""


class JobCancelled(Exception):
    """A person has cancelled the job: stop, without writing."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write as the worker of a job, until the fence is raised by another claim."""

    job_id: JobId
    fence: int


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """A job as its worker sees it. ``attempt`` counts from 1; ``is_taken_over`` when another
    worker had it and fell silent."""

    lease: Lease
    kind: str
    subject: str
    payload: dict[str, Any]
    attempt: int
    correlation_id: str | None
    causation_id: str | None
    traceparent: str | None = None
    is_taken_over: bool = False


async def claim(
    connection: AsyncConnection, *, kinds: Collection[str], owner: str, lease_s: float
) -> ClaimedJob | None:
    """The next job of these kinds, now held by ``owner`` for ``lease_s``; None if there is none.

    A job is claimable when it is queued and due, or when its worker's lease has run out. Rows
    that another transaction has locked are passed over, so workers never wait for each other.
    """
    due = and_(_jobs.c.state == JobState.QUEUED, _jobs.c.not_before <= func.now())
    next_job = (
        select(_jobs.c.id, _jobs.c.state)
        .where(or_(due, _lease_ran_out()), _jobs.c.kind.in_(kinds))
        .order_by(_jobs.c.not_before, _jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
        .cte("next_job")
    )
    row = (
        await connection.execute(
            update(_jobs)
            .where(_jobs.c.id == next_job.c.id)
            .values(
                state=JobState.RUNNING,
                fence=_jobs.c.fence + 1,
                attempts=_jobs.c.attempts + 1,
                lease_owner=owner,
                lease_until=_from_now(lease_s),
                started_at=func.coalesce(_jobs.c.started_at, func.now()),
            )
            .returning(
                _jobs.c.id,
                _jobs.c.fence,
                _jobs.c.kind,
                _jobs.c.subject,
                _jobs.c.payload,
                _jobs.c.attempts,
                _jobs.c.correlation_id,
                _jobs.c.causation_id,
                _jobs.c.traceparent,
                next_job.c.state == JobState.RUNNING,
            )
        )
    ).one_or_none()
    if row is None:
        return None
    job_id, fence, *rest = row
    return ClaimedJob(Lease(JobId(job_id), fence), *rest)


async def end_abandoned(
    connection: AsyncConnection, *, kinds: Collection[str], max_attempts: int
) -> Sequence[tuple[str, JobState]]:
    """Ends the jobs that lost their worker and may not be claimed again.

    Those are the cancelled ones and the ones whose attempts are used up.

    Returns:
        Kind and new state of each.
    """
    hopeless = (
        select(_jobs.c.id)
        .where(
            _lease_ran_out(),
            _jobs.c.kind.in_(kinds),
            or_(_jobs.c.cancel_requested, _jobs.c.attempts >= max_attempts),
        )
        .with_for_update(skip_locked=True)
    )
    rows = await connection.execute(
        update(_jobs)
        .where(_jobs.c.id.in_(hopeless))
        .values(
            state=case((_jobs.c.cancel_requested, JobState.CANCELLED), else_=JobState.FAILED),
            error=case((_jobs.c.cancel_requested, _jobs.c.error), else_=literal(_ABANDONED, JSONB)),
            finished_at=func.now(),
            **_LET_GO,
        )
        .returning(_jobs.c.kind, _jobs.c.state)
    )
    return [(kind, JobState(state)) for kind, state in rows]


async def hold(connection: AsyncConnection, lease: Lease, *, lease_s: float) -> None:
    """Locks the job's row until the transaction ends and renews the lease.

    Raises:
        LeaseLost: the job is not this worker's any more.
        JobCancelled: a person wants it to stop.
    """
    await _write(connection, lease, lease_until=_from_now(lease_s))


async def report(
    connection: AsyncConnection, lease: Lease, progress: dict[str, Any], *, lease_s: float
) -> None:
    """Replaces the job's progress and renews the lease. Raises as :func:`hold` does."""
    await _write(connection, lease, progress=progress, lease_until=_from_now(lease_s))


async def finish(connection: AsyncConnection, lease: Lease, result: dict[str, Any] | None) -> None:
    """The job has succeeded. Raises as :func:`hold` does."""
    await _write(
        connection,
        lease,
        state=JobState.SUCCEEDED,
        result=null() if result is None else result,
        error=null(),
        finished_at=func.now(),
        **_LET_GO,
    )


async def fail(connection: AsyncConnection, lease: Lease, error: dict[str, Any]) -> bool:
    """The job has failed for good; False if it was not this worker's any more."""
    return await _let_go(
        connection, lease, state=JobState.FAILED, error=error, finished_at=func.now()
    )


async def end_cancelled(connection: AsyncConnection, lease: Lease) -> bool:
    """The job has stopped as a person asked; False if it was not this worker's any more."""
    return await _let_go(connection, lease, state=JobState.CANCELLED, finished_at=func.now())


async def retry_or_fail(
    connection: AsyncConnection,
    lease: Lease,
    error: dict[str, Any],
    *,
    max_attempts: int,
    is_outage: bool,
) -> JobState | None:
    """Queues the job for its next attempt, or fails it when the attempts are used up.

    The delay doubles from about 4 s to 60 s, with jitter. An attempt that met an outage is not
    counted for the first hour: waiting for a dependency is no fault of the job.

    Returns:
        The job's new state; None if it was not this worker's any more.
    """
    is_forgiven = and_(literal(is_outage), _jobs.c.started_at > func.now() - OUTAGE_PATIENCE)
    is_exhausted = and_(not_(is_forgiven), _jobs.c.attempts >= max_attempts)
    delay_s = func.least(LONGEST_DELAY_S, func.power(2.0, _jobs.c.attempts + 1))
    jittered_s = delay_s * (0.5 + func.random() / 2)
    state = await connection.scalar(
        update(_jobs)
        .where(_is_mine(lease))
        .values(
            state=case((is_exhausted, JobState.FAILED), else_=JobState.QUEUED),
            error=error,
            attempts=_jobs.c.attempts - case((is_forgiven, 1), else_=0),
            not_before=func.now() + func.make_interval(0, 0, 0, 0, 0, 0, jittered_s),
            finished_at=case((is_exhausted, func.now()), else_=null()),
            **_LET_GO,
        )
        .returning(_jobs.c.state)
    )
    return None if state is None else JobState(state)


async def release(connection: AsyncConnection, lease: Lease) -> bool:
    """Lets another worker continue at once, without counting the attempt.

    False if it was not this worker's any more.
    """
    return await _let_go(
        connection,
        lease,
        state=JobState.QUEUED,
        attempts=_jobs.c.attempts - 1,
        not_before=func.now(),
    )


async def renew(
    connection: asyncpg.Connection, leases: Sequence[Lease], *, lease_s: float
) -> Mapping[Lease, bool]:
    """Renews the leases that still stand, and for each: whether its job is to be cancelled.

    A lease that is missing from the answer is lost. Rows locked by the worker's own transaction
    are passed over: nobody can claim them meanwhile.
    """
    ids = [lease.job_id for lease in leases]
    fences = [lease.fence for lease in leases]
    await connection.execute(_RENEW, ids, fences, timedelta(seconds=lease_s))
    rows = await connection.fetch(_STANDING, ids, fences)
    return {Lease(row["id"], row["fence"]): row["cancel_requested"] for row in rows}


_RENEW: Final = """
    UPDATE jobs SET lease_until = clock_timestamp() + $3::interval
    WHERE id IN (
        SELECT jobs.id
        FROM jobs JOIN unnest($1::uuid[], $2::bigint[]) AS held (id, fence) USING (id, fence)
        WHERE state = 'running'
        FOR NO KEY UPDATE OF jobs SKIP LOCKED
    )
"""
_STANDING: Final = """
    SELECT id, fence, cancel_requested
    FROM jobs JOIN unnest($1::uuid[], $2::bigint[]) AS held (id, fence) USING (id, fence)
    WHERE state = 'running'
"""


async def _write(connection: AsyncConnection, lease: Lease, **values: Any) -> None:
    """Changes the job as its worker, and says so when it must stop."""
    cancel_requested = await connection.scalar(
        update(_jobs).where(_is_mine(lease)).values(values).returning(_jobs.c.cancel_requested)
    )
    if cancel_requested is None:
        raise LeaseLost(f"Job {lease.job_id} is not held under fence {lease.fence} any more.")
    if cancel_requested:
        raise JobCancelled(f"Job {lease.job_id} is cancelled.")


async def _let_go(connection: AsyncConnection, lease: Lease, **values: Any) -> bool:
    """Ends this worker's hold, unless it is lost already."""
    result = await connection.execute(update(_jobs).where(_is_mine(lease)).values(values | _LET_GO))
    return result.rowcount == 1


def _is_mine(lease: Lease) -> ColumnElement[bool]:
    return and_(
        _jobs.c.id == lease.job_id,
        _jobs.c.fence == lease.fence,
        _jobs.c.state == JobState.RUNNING,
    )


def _lease_ran_out() -> ColumnElement[bool]:
    return and_(_jobs.c.state == JobState.RUNNING, _jobs.c.lease_until < func.now())


def _from_now(seconds: float) -> ColumnElement[datetime]:
    return func.clock_timestamp() + timedelta(seconds=seconds)
