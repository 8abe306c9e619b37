"""What a job function is given: its data, fenced transactions, and a way to report progress."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, Generic

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import job_leases
from shared.db.job_leases import ClaimedJob
from shared.db.uow import Database, S, Transaction
from shared.kernel.ids import JobId
from shared.observability.failpoints import (
    JOB_AFTER_FINISH_COMMIT,
    JOB_BEFORE_FINISH_COMMIT,
    failpoint,
)

STATEMENT_TIMEOUT_S: Final = 60
"""For a statement in a job's transaction; requests have 5 s."""


class JobContext(Generic[S]):
    """One attempt at one job.

    A job function is repeatable: it reads what earlier attempts have stored and goes on from
    there. It holds one transaction at a time, keeps it short, and does long work between them.
    """

    def __init__(
        self,
        job: ClaimedJob,
        *,
        db: Database,
        store: Callable[[AsyncConnection], S],
        lease_s: float,
    ) -> None:
        self.kind = job.kind
        self.subject = job.subject
        """What the job is about, e.g. ``projects/<id>``."""
        self.payload = job.payload
        self.attempt = job.attempt
        """Counted from 1."""
        self.is_finished = False
        """Whether :meth:`finish` has been committed."""
        self._lease = job.lease
        self._lease_s = lease_s
        self._db = db
        self._transactions = db.transactions(store)
        self._is_finishing = False

    @property
    def job_id(self) -> JobId:
        """The job's id, the same in every attempt."""
        return self._lease.job_id

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction[S]]:
        """A unit of work that commits only while this worker holds the job.

        Raises:
            LeaseLost: another worker has the job, or it has ended; nothing is written.
            JobCancelled: a person has cancelled it; nothing is written.
            Unavailable: as for every transaction.
        """
        self._is_finishing = False
        async with self._transactions() as tx:
            await job_leases.hold(tx.connection, self._lease, lease_s=self._lease_s)
            limit_ms = str(STATEMENT_TIMEOUT_S * 1000)
            await tx.connection.execute(
                select(func.set_config("statement_timeout", limit_ms, True))
            )
            yield tx
            if self._is_finishing:
                failpoint(JOB_BEFORE_FINISH_COMMIT)
            else:  # a long transaction must not end with a lease that has run out
                await job_leases.hold(tx.connection, self._lease, lease_s=self._lease_s)
        if self._is_finishing:
            self.is_finished = True
            failpoint(JOB_AFTER_FINISH_COMMIT)

    async def report(self, progress: dict[str, Any]) -> None:
        """Replaces the progress that people see, at once. Raises as :meth:`transaction` does."""
        async with self._db.write() as connection:
            await job_leases.report(connection, self._lease, progress, lease_s=self._lease_s)

    async def finish(self, tx: Transaction[S], result: dict[str, Any] | None = None) -> None:
        """Ends the job in ``tx``, its last transaction, so that "succeeded" commits with the
        rows and facts of that transaction. Raises as :meth:`transaction` does.
        """
        await job_leases.finish(tx.connection, self._lease, result)
        self._is_finishing = True


JobFunction = Callable[[JobContext[S]], Awaitable[dict[str, Any] | None]]
"""The work of one kind of job. What it returns becomes the result, unless it has finished."""
