"""Jobs as people and other code see them."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from shared.db import job_leases, jobs
from shared.db.jobs import Job, JobCount, JobState
from shared.db.uow import Database, Transactions
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import JobId
from shared.observability import correlation
from tests.shared.db.workshop import Widgets, row_count


async def enqueue(transactions: Transactions[Widgets], **wanted: Any) -> JobId:
    async with transactions() as tx:
        return await tx.enqueue("polish", **{"subject": "widgets/cog", "payload": {}} | wanted)


async def look(db: Database, job_id: JobId) -> Job:
    async with db.read() as connection:
        return await jobs.get(connection, job_id)


async def claim(db: Database) -> job_leases.ClaimedJob:
    async with db.write() as connection:
        job = await job_leases.claim(connection, kinds=["polish"], owner="me", lease_s=60)
    assert job is not None
    return job


async def fail(db: Database) -> None:
    lease = (await claim(db)).lease
    async with db.write() as connection:
        await job_leases.fail(connection, lease, {"code": "scratched"})


async def cancel(db: Database, job_id: JobId) -> Job:
    async with db.write() as connection:
        return await jobs.cancel(connection, job_id)


async def retry(db: Database, job_id: JobId) -> Job:
    async with db.write() as connection:
        return await jobs.retry(connection, job_id)


async def test_a_queued_job_shows_what_it_is_about_and_who_wanted_it(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions, created_by="user-1")

    job = await look(db, job_id)
    assert (job.id, job.kind, job.subject) == (job_id, "polish", "widgets/cog")
    assert (job.state, job.attempts, job.created_by) == (JobState.QUEUED, 0, "user-1")
    assert (job.progress, job.result, job.error, job.started_at, job.finished_at) == (None,) * 5


async def test_a_job_remembers_the_request_and_the_event_that_queued_it(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    with correlation.bind("request-7", causation_id="event-3"):
        await enqueue(transactions, payload={"grit": 400})

    job = await claim(db)
    assert (job.correlation_id, job.causation_id) == ("request-7", "event-3")
    assert (job.payload, job.attempt) == ({"grit": 400}, 1)


async def test_the_same_key_is_the_same_job_even_after_its_end(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    first = await enqueue(transactions, key="polish cog")
    await fail(db)

    assert first == await enqueue(transactions, key="polish cog", subject="widgets/other")
    assert first != await enqueue(transactions, key="polish cam")
    assert await row_count(db, "jobs") == 2
    async with db.read() as connection:
        found = await jobs.find(connection, key="polish cog")
        assert found == await jobs.get(connection, first)
        assert await jobs.find(connection, key="no such key") is None


async def test_two_transactions_with_one_key_queue_one_job(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    ids = await asyncio.gather(*(enqueue(transactions, key="polish cog") for _ in range(4)))

    assert len(set(ids)) == 1
    assert await row_count(db, "jobs") == 1


async def test_jobs_without_a_key_are_all_different(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    assert await enqueue(transactions) != await enqueue(transactions)


async def test_an_unknown_job_is_not_found(db: Database) -> None:
    job_id = JobId(db.ids.new())
    for action in (look, cancel, retry):
        with pytest.raises(NotFound):
            await action(db, job_id)


async def test_a_queued_job_is_cancelled_at_once(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job = await cancel(db, await enqueue(transactions))

    assert job.state == JobState.CANCELLED
    assert job.finished_at is not None
    async with db.write() as connection:
        assert not await job_leases.claim(connection, kinds=["polish"], owner="me", lease_s=60)


async def test_a_running_job_is_asked_to_stop(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    await claim(db)

    job = await cancel(db, job_id)
    assert (job.state, job.cancel_requested) == (JobState.RUNNING, True)
    assert job == await cancel(db, job_id)


async def test_an_ended_job_cannot_be_cancelled(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    await fail(db)

    with pytest.raises(Conflict, match="failed"):
        await cancel(db, job_id)


@pytest.mark.parametrize("end", ["failed", "cancelled"])
async def test_a_person_may_retry_what_failed_or_was_cancelled(
    db: Database, transactions: Transactions[Widgets], end: str
) -> None:
    job_id = await enqueue(transactions)
    if end == "failed":
        await fail(db)
    else:
        await cancel(db, job_id)
    assert (await look(db, job_id)).state == end

    job = await retry(db, job_id)

    assert (job.state, job.attempts, job.error) == (JobState.QUEUED, 0, None)
    assert (job.started_at, job.finished_at, job.cancel_requested) == (None, None, False)
    assert (await claim(db)).lease.job_id == job_id


async def test_a_job_that_has_not_failed_cannot_be_retried(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)

    with pytest.raises(Conflict, match="queued"):
        await retry(db, job_id)


async def test_releasing_all_makes_running_jobs_claimable_and_stops_their_workers(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await enqueue(transactions)
    before = await claim(db)
    async with db.write() as connection:
        assert await jobs.release_all(connection) == 1
    after = await claim(db)

    assert (after.lease.job_id, after.attempt) == (before.lease.job_id, 2)
    with pytest.raises(job_leases.LeaseLost):
        async with db.write() as connection:
            await job_leases.hold(connection, before.lease, lease_s=60)


async def test_figures_tell_counts_waiting_time_and_lost_workers(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async with db.read() as connection:
        assert await jobs.counts(connection) == []
        assert await jobs.oldest_claimable_s(connection) == 0
        assert await jobs.expired_leases(connection) == 0
    await enqueue(transactions)
    await claim(db)
    for _ in range(2):
        await enqueue(transactions)
    async with db.write() as connection:
        await connection.execute(
            text(
                "UPDATE jobs SET not_before = now() - interval '90 s',"
                " lease_until = lease_until - interval '90 s'"
            )
        )

    async with db.read() as connection:
        assert await jobs.counts(connection) == [
            JobCount("polish", JobState.QUEUED, 2),
            JobCount("polish", JobState.RUNNING, 1),
        ]
        assert 90 <= await jobs.oldest_claimable_s(connection) < 120
        assert await jobs.expired_leases(connection) == 1


async def test_a_locked_job_is_not_claimed_and_its_worker_waits(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    lease = (await claim(db)).lease
    waiting = await enqueue(transactions)

    async def write_as_worker() -> None:
        async with db.write() as connection:
            await job_leases.hold(connection, lease, lease_s=60)

    async with db.write() as connection:
        await jobs.lock(connection, job_id)
        await jobs.lock(connection, waiting)
        async with db.write() as other:
            found = await job_leases.claim(other, kinds=["polish"], owner="you", lease_s=60)
        writing = asyncio.create_task(write_as_worker())
        done, _ = await asyncio.wait([writing], timeout=0.2)
    await writing

    assert found is None
    assert not done
