"""Random schedules of workers, people and lost leases (reliability.md §7, machine C)."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from shared.db import job_leases, jobs
from shared.db.engine import make_engine
from shared.db.job_leases import ClaimedJob, JobCancelled, LeaseLost
from shared.db.jobs import ENDED, JobState, NewJob
from shared.db.uow import Database
from shared.kernel.errors import Conflict
from shared.kernel.ids import JobId
from shared.runtime.ids import Uuid7Ids
from tests.shared.db.workshop import SERVICE, NoonClock

MAX_ATTEMPTS = 3
ERROR = {"kind": "Internal", "code": "internal", "detail": "Scratched.", "errors": []}


class JobMachine(RuleBasedStateMachine):
    """Workers that never learn of each other, and a model of who may write."""

    db: Database
    do: Callable[[Coroutine[Any, Any, Any]], Any]
    """Runs a coroutine to its end."""

    queued = Bundle("queued")
    workers = Bundle("workers")

    def __init__(self) -> None:
        super().__init__()
        self.holder: dict[JobId, ClaimedJob] = {}
        """Who claimed each running job last."""
        self.do(self._sql("DELETE FROM jobs"))

    async def _sql(self, statement: str, **values: object) -> None:
        async with self.db.write() as connection:
            await connection.execute(text(statement), values)

    async def _in_transaction(self, function: Any, *args: Any, **options: Any) -> Any:
        async with self.db.write() as connection:
            return await function(connection, *args, **options)

    async def _state(self, job_id: JobId) -> JobState:
        async with self.db.read() as connection:
            return (await jobs.get(connection, job_id)).state

    def is_holder(self, worker: ClaimedJob) -> bool:
        return self.holder.get(worker.lease.job_id) is worker

    @initialize(target=queued)
    def queue_some(self) -> Any:
        return multiple(self.queue(), self.queue())

    @rule(target=queued)
    def queue(self) -> JobId:
        new = NewJob(JobId(self.db.ids.new()), "polish", "widgets/cog", {}, *(None,) * 4)
        return JobId(self.do(self._in_transaction(jobs.add, new)))

    @rule(target=workers)
    def claim(self) -> Any:
        job = self.do(
            self._in_transaction(job_leases.claim, kinds=["polish"], owner="me", lease_s=60)
        )
        if job is None:
            return multiple()
        before = self.holder.get(job.lease.job_id)
        assert before is None or before.lease.fence < job.lease.fence
        self.holder[job.lease.job_id] = job
        return job

    @rule(target=workers)
    def take_over(self) -> Any:
        """The case that matters most: nobody knows whether the workers are dead or slow."""
        self.leases_run_out()
        return self.claim()

    @rule(worker=workers)
    def report(self, worker: ClaimedJob) -> None:
        try:
            self.do(self._in_transaction(job_leases.report, worker.lease, {"done": 1}, lease_s=60))
        except LeaseLost:
            assert not self.is_holder(worker)
        except JobCancelled:
            assert self.is_holder(worker)
        else:
            assert self.is_holder(worker)

    @rule(worker=consumes(workers))
    def finish(self, worker: ClaimedJob) -> None:
        try:
            self.do(self._in_transaction(job_leases.finish, worker.lease, None))
        except LeaseLost:
            assert not self.is_holder(worker)
            return
        except JobCancelled:
            assert self.do(self._in_transaction(job_leases.end_cancelled, worker.lease))
        assert self.is_holder(worker)
        del self.holder[worker.lease.job_id]

    @rule(worker=consumes(workers), is_outage=st.booleans())
    def fail_an_attempt(self, worker: ClaimedJob, is_outage: bool) -> None:
        state = self.do(
            self._in_transaction(
                job_leases.retry_or_fail,
                worker.lease,
                ERROR,
                max_attempts=MAX_ATTEMPTS,
                is_outage=is_outage,
            )
        )
        self.expect_let_go(worker, done=state is not None)

    @rule(worker=consumes(workers))
    def shut_down(self, worker: ClaimedJob) -> None:
        done = self.do(self._in_transaction(job_leases.release, worker.lease))
        self.expect_let_go(worker, done=done)

    def expect_let_go(self, worker: ClaimedJob, *, done: bool) -> None:
        assert done == self.is_holder(worker)
        if done:
            del self.holder[worker.lease.job_id]

    @rule()
    def leases_run_out(self) -> None:
        self.do(
            self._sql(
                "UPDATE jobs SET lease_until = now() - interval '1 s' WHERE state = 'running'"
            )
        )

    @rule()
    def abandoned_jobs_are_ended(self) -> None:
        self.do(
            self._in_transaction(
                job_leases.end_abandoned, kinds=["polish"], max_attempts=MAX_ATTEMPTS
            )
        )
        for job_id in list(self.holder):
            if self.do(self._state(job_id)) in ENDED:
                del self.holder[job_id]

    @rule()
    def time_passes(self) -> None:
        self.do(self._sql("UPDATE jobs SET not_before = now() WHERE state = 'queued'"))

    @rule(job_id=queued)
    def person_cancels(self, job_id: JobId) -> None:
        try:
            self.do(self._in_transaction(jobs.cancel, job_id))
        except Conflict:
            assert self.do(self._state(job_id)) in ENDED

    @rule(job_id=queued)
    def person_retries(self, job_id: JobId) -> None:
        try:
            self.do(self._in_transaction(jobs.retry, job_id))
        except Conflict:
            state = self.do(self._state(job_id))
            assert state not in {JobState.FAILED, JobState.CANCELLED}

    @invariant()
    def every_job_is_held_or_claimable_or_has_ended(self) -> None:
        async def running() -> set[JobId]:
            async with self.db.read() as connection:
                rows = await connection.execute(text("SELECT id FROM jobs WHERE state = 'running'"))
                return {JobId(row.id) for row in rows}

        assert self.do(running()) == set(self.holder)

    def teardown(self) -> None:
        """With a fair schedule everything comes to an end."""
        for _ in range(MAX_ATTEMPTS + 1):
            self.leases_run_out()
            self.abandoned_jobs_are_ended()
            self.time_passes()
            while (job := self.claim()) and isinstance(job, ClaimedJob):
                self.finish(job)

        async def unfinished() -> int:
            async with self.db.read() as connection:
                counted = await jobs.counts(connection)
            return sum(count.count for count in counted if count.state not in ENDED)

        assert self.do(unfinished()) == 0


@pytest.fixture
def machine(dsn: str) -> Iterator[type[JobMachine]]:
    """The machine on a database: Hypothesis runs it outside any event loop."""
    engine = make_engine(dsn, schema=SERVICE)
    db = Database(engine, service=SERVICE, ids=Uuid7Ids(), clock=NoonClock())
    with asyncio.Runner() as runner:
        yield type("JobMachineHere", (JobMachine,), {"db": db, "do": staticmethod(runner.run)})
        runner.run(db.close())


def test_at_most_one_worker_writes_and_every_job_ends_or_is_claimable(
    machine: type[JobMachine],
) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=40,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
