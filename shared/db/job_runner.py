"""The loop that runs durable jobs.

It claims a job, runs its function beside a heartbeat, and records how it ended: returned →
succeeded; an error that repeating cannot mend (``Invalid``, ``NotFound``, …) → failed; any other
→ queued again with a delay, until the attempts are used up; cancelled by a person → cancelled.
On stop it claims no more, lets running jobs finish for a while, and then releases their leases,
so that another worker continues at once. A killed worker's jobs become claimable when their
leases run out. New jobs are noticed by NOTIFY and, should that be lost, by asking every second.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final, Generic

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import job_leases
from shared.db.ddl import jobs_channel
from shared.db.engine import close_raw, unavailable_when_lost
from shared.db.job_context import JobContext, JobFunction
from shared.db.job_leases import ClaimedJob, JobCancelled, Lease, LeaseLost
from shared.db.jobs import JobState
from shared.db.uow import Database, S
from shared.kernel.errors import (
    AppError,
    Conflict,
    Forbidden,
    Internal,
    Invalid,
    NotFound,
    TooLarge,
    Unavailable,
    Unsupported,
)
from shared.observability import correlation, tracing
from shared.observability.failpoints import JOB_CLAIMED, failpoint
from shared.observability.metrics import Metrics

POLL_S: Final = 1.0
RECONNECT_S: Final = 1.0
PERMANENT: Final = (Conflict, Forbidden, Invalid, NotFound, TooLarge, Unsupported)
"""The same job would end the same way."""

_log = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True)
class _Held:
    """A job in work, and why it was interrupted, if it was."""

    work: asyncio.Task[None]
    is_lost: bool = False
    is_cancelled: bool = False
    is_released: bool = False

    def was_interrupted(self) -> bool:
        return self.is_lost or self.is_cancelled or self.is_released


class JobRunner(Generic[S]):
    """Runs the jobs of one service whose kinds are in ``functions``, ``concurrency`` at once.

    ``owner`` names this process, for people. ``lease_s`` is how long a dead worker's job waits;
    the heartbeat comes three times as often. ``drain_s`` is how long a stop waits for running
    jobs. ``metrics`` counts jobs that were taken over and jobs that failed.
    """

    def __init__(  # noqa: PLR0913 - a composition root's call, all but three by name
        self,
        db: Database,
        store: Callable[[AsyncConnection], S],
        functions: Mapping[str, JobFunction[S]],
        *,
        owner: str,
        lease_s: float = 60,
        max_attempts: int = 5,
        concurrency: int = 1,
        drain_s: float = 10,
        metrics: Metrics | None = None,
    ) -> None:
        self._db = db
        self._store = store
        self._functions = functions
        self._owner = owner
        self._lease_s = lease_s
        self._max_attempts = max_attempts
        self._concurrency = concurrency
        self._drain_s = drain_s
        self._metrics = metrics or Metrics(db.service)
        self._metrics.expect_jobs(functions)
        self._held: dict[Lease, _Held] = {}
        self._wake = asyncio.Event()

    async def run(self, stop: asyncio.Event) -> None:
        """Runs jobs until ``stop``; outages of the database are waited out."""
        async with asyncio.TaskGroup() as tasks:
            stopping = tasks.create_task(stop.wait())
            stopping.add_done_callback(lambda _: self._wake.set())
            heartbeat = tasks.create_task(self._keep_leases())
            jobs: set[asyncio.Task[None]] = set()
            while not stop.is_set():
                self._wake.clear()
                job = await self._claim() if len(jobs) < self._concurrency else None
                if job is None:
                    await self._wait_for_work()
                    continue
                task = tasks.create_task(self._run_job(job))
                jobs.add(task)
                task.add_done_callback(jobs.discard)
                task.add_done_callback(lambda _: self._wake.set())
            await self._drain(jobs)
            heartbeat.cancel()

    async def _wait_for_work(self) -> None:
        try:
            async with asyncio.timeout(POLL_S):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _drain(self, jobs: set[asyncio.Task[None]]) -> None:
        if not jobs:
            return
        running = set(jobs)
        _, late = await asyncio.wait(running, timeout=self._drain_s)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _claim(self) -> ClaimedJob | None:
        kinds = self._functions.keys()
        try:
            async with self._db.write() as connection:
                abandoned = await job_leases.end_abandoned(
                    connection, kinds=kinds, max_attempts=self._max_attempts
                )
                job = await job_leases.claim(
                    connection, kinds=kinds, owner=self._owner, lease_s=self._lease_s
                )
        except Unavailable as error:
            _log.warning("jobs_not_claimed", reason=error.detail)
            return None
        self._count_silent_workers(abandoned, job)
        return job

    def _count_silent_workers(
        self, abandoned: Sequence[tuple[str, JobState]], job: ClaimedJob | None
    ) -> None:
        is_taken_over = job is not None and job.is_taken_over
        self._metrics.job_lease_expired.inc(len(abandoned) + is_taken_over)
        for kind, state in abandoned:
            if state is JobState.FAILED:
                self._metrics.job_failures.labels(kind=kind, reason="abandoned").inc()

    async def _run_job(self, job: ClaimedJob) -> None:
        """One attempt, from claim to verdict. Cancelling it releases the job."""
        failpoint(JOB_CLAIMED)
        context = JobContext(job, db=self._db, store=self._store, lease_s=self._lease_s)
        correlation_id = job.correlation_id or correlation.new()
        with (
            correlation.bind(correlation_id, causation_id=job.causation_id),
            tracing.span(
                f"job {job.kind}",
                kind="consumer",
                parent=job.traceparent,
                job_id=str(job.lease.job_id),
                attempt=job.attempt,
            ),
        ):
            held = _Held(asyncio.create_task(self._work(job.kind, context)))
            self._held[job.lease] = held
            try:
                await asyncio.wait({held.work})
            except asyncio.CancelledError:
                held.is_released = True
                held.work.cancel()
                await asyncio.wait({held.work})
                raise
            finally:
                del self._held[job.lease]
                await self._record(job, held, is_finished=context.is_finished)

    async def _work(self, kind: str, context: JobContext[S]) -> None:
        result = await self._functions[kind](context)
        if not context.is_finished:
            async with context.transaction() as tx:
                await context.finish(tx, result)

    async def _record(self, job: ClaimedJob, held: _Held, *, is_finished: bool) -> None:
        """Writes down how the attempt ended, if it has not done so itself."""
        error = _error_of(held)
        if error is not None and not isinstance(error, LeaseLost | JobCancelled):
            tracing.mark_failed(error)
        if is_finished or held.is_lost or isinstance(error, LeaseLost):
            if error is not None and not isinstance(error, LeaseLost | JobCancelled):
                _log.warning("job_failed_after_its_end", **_about(job), exc_info=error)
            return
        failed_because: str | None = None
        try:
            async with self._db.write() as connection:
                if held.is_cancelled or isinstance(error, JobCancelled):
                    await job_leases.end_cancelled(connection, job.lease)
                elif error is None:
                    await job_leases.release(connection, job.lease)
                elif isinstance(error, PERMANENT):
                    _log.info("job_failed", **_about(job), code=error.code)
                    if await job_leases.fail(connection, job.lease, error_document(error)):
                        failed_because = "refused"
                elif await self._record_failed_attempt(connection, job, error) is JobState.FAILED:
                    failed_because = "exhausted"
        except Unavailable as outage:  # the lease runs out, and somebody claims the job
            _log.warning("job_end_not_recorded", **_about(job), reason=outage.detail)
            return
        if failed_because is not None:
            self._metrics.job_failures.labels(kind=job.kind, reason=failed_because).inc()

    async def _record_failed_attempt(
        self, connection: AsyncConnection, job: ClaimedJob, error: BaseException
    ) -> JobState | None:
        state = await job_leases.retry_or_fail(
            connection,
            job.lease,
            error_document(error),
            max_attempts=self._max_attempts,
            is_outage=isinstance(error, Unavailable),
        )
        _log.warning("job_attempt_failed", **_about(job), now=state, exc_info=error)
        return state

    async def _keep_leases(self) -> None:
        """Renews the leases of running jobs and listens for new ones, on one connection."""
        while True:
            try:
                with unavailable_when_lost():
                    await self._keep_leases_while_connected()
            except Unavailable as outage:
                _log.warning("job_heartbeat_interrupted", reason=outage.detail)
                await asyncio.sleep(RECONNECT_S)

    async def _keep_leases_while_connected(self) -> None:
        connection = await self._db.connect()
        try:
            await connection.add_listener(
                jobs_channel(self._db.service), lambda *_: self._wake.set()
            )
            self._wake.set()  # what was queued before the LISTEN
            while True:
                await self._renew(connection)
                await asyncio.sleep(self._lease_s / 3)
        finally:
            await close_raw(connection)

    async def _renew(self, connection: asyncpg.Connection) -> None:
        asked = dict(self._held)
        if not asked:
            return
        standing = await job_leases.renew(connection, list(asked), lease_s=self._lease_s)
        for lease, held in asked.items():
            if held.was_interrupted():
                continue  # a second time would interrupt its cleaning up
            held.is_lost = lease not in standing
            held.is_cancelled = standing.get(lease, False)
            if held.was_interrupted():
                held.work.cancel()


def error_document(error: BaseException) -> dict[str, Any]:
    """What a job keeps of an error: ``kind`` (its class in the kernel), ``code``, ``detail`` and
    ``errors``. Of an error that is our mistake, nothing is shown.
    """
    if not isinstance(error, AppError) or isinstance(error, Internal):
        detail = "The job failed by a mistake of ours; the log has the details."
        return {"kind": "Internal", "code": "internal", "detail": detail, "errors": []}
    places = [
        {name: value for name, value in asdict(one).items() if value is not None}
        for one in error.errors
    ]
    return {
        "kind": _kind(error),
        "code": error.code,
        "detail": error.detail,
        "errors": places,
    }


def _error_of(held: _Held) -> BaseException | None:
    """What the work ended with; None if it returned or was interrupted by us."""
    if not held.work.cancelled():
        return held.work.exception()
    return None if held.was_interrupted() else asyncio.CancelledError("The job cancelled itself.")


def _kind(error: AppError) -> str:
    """The kernel's word for it, also when a service has refined the class."""
    return next(
        cls.__name__ for cls in type(error).__mro__ if cls.__module__ == AppError.__module__
    )


def _about(job: ClaimedJob) -> dict[str, Any]:
    return {"job_id": str(job.lease.job_id), "job": job.kind, "attempt": job.attempt}
