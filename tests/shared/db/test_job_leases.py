"""Who may write as the worker of a job, and what becomes of jobs whose worker is gone."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db import job_leases, jobs
from shared.db.job_leases import ClaimedJob, JobCancelled, Lease, LeaseLost
from shared.db.jobs import Job, JobState
from shared.db.uow import Database, Transactions
from shared.kernel.ids import JobId
from tests.shared.db.workshop import Widgets

ERROR = {"kind": "Internal", "code": "internal", "detail": "Scratched.", "errors": []}


async def enqueue(transactions: Transactions[Widgets], kind: str = "polish") -> JobId:
    async with transactions() as tx:
        return await tx.enqueue(kind, subject="widgets/cog", payload={})


async def claim(db: Database, kind: str = "polish") -> ClaimedJob | None:
    async with db.write() as connection:
        return await job_leases.claim(connection, kinds=[kind], owner="me", lease_s=60)


async def claimed(db: Database) -> Lease:
    job = await claim(db)
    assert job is not None
    return job.lease


async def look(db: Database, job_id: JobId) -> Job:
    async with db.read() as connection:
        return await jobs.get(connection, job_id)


async def change(db: Database, assignments: str) -> None:
    async with db.write() as connection:
        await connection.execute(text(f"UPDATE jobs SET {assignments}"))


async def retry_or_fail(db: Database, lease: Lease, *, is_outage: bool = False) -> JobState | None:
    async with db.write() as connection:
        return await job_leases.retry_or_fail(
            connection, lease, ERROR, max_attempts=2, is_outage=is_outage
        )


async def test_a_job_is_claimed_by_one_of_many_workers(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await enqueue(transactions)

    answers = await asyncio.gather(*(claim(db) for _ in range(5)))
    assert sum(answer is not None for answer in answers) == 1


async def test_the_job_that_is_due_longest_comes_first(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    queued = [await enqueue(transactions) for _ in range(3)]

    assert [(await claimed(db)).job_id for _ in queued] == queued


async def test_a_job_of_another_kind_is_left_alone(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await enqueue(transactions, "paint")

    assert await claim(db) is None


async def test_a_job_is_not_claimed_before_its_time(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await enqueue(transactions)
    await change(db, "not_before = now() + interval '1 hour'")

    assert await claim(db) is None


async def test_a_held_job_is_not_claimed_until_its_lease_has_run_out(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await enqueue(transactions)
    first = await claimed(db)
    assert await claim(db) is None

    await change(db, "lease_until = now() - interval '1 s'")
    assert await claimed(db) == Lease(first.job_id, first.fence + 1)


Write = Callable[[AsyncConnection, Lease], Awaitable[object]]


@pytest.mark.parametrize(
    "write",
    [
        lambda connection, lease: job_leases.hold(connection, lease, lease_s=60),
        lambda connection, lease: job_leases.report(connection, lease, {"done": 1}, lease_s=60),
        lambda connection, lease: job_leases.finish(connection, lease, {"shine": "high"}),
    ],
    ids=["hold", "report", "finish"],
)
async def test_a_worker_whose_fence_has_been_raised_is_told_to_stop(
    db: Database, transactions: Transactions[Widgets], write: Write
) -> None:
    job_id = await enqueue(transactions)
    zombie = await claimed(db)
    await change(db, "lease_until = now() - interval '1 s'")
    await claimed(db)
    before = await look(db, job_id)

    with pytest.raises(LeaseLost):
        async with db.write() as connection:
            await write(connection, zombie)
    assert before == await look(db, job_id)


@pytest.mark.parametrize(
    "let_go",
    [
        lambda connection, lease: job_leases.fail(connection, lease, ERROR),
        job_leases.end_cancelled,
        job_leases.release,
        lambda connection, lease: job_leases.retry_or_fail(
            connection, lease, ERROR, max_attempts=1, is_outage=False
        ),
    ],
    ids=["fail", "end_cancelled", "release", "retry_or_fail"],
)
async def test_a_worker_whose_fence_has_been_raised_cannot_end_the_job(
    db: Database, transactions: Transactions[Widgets], let_go: Write
) -> None:
    job_id = await enqueue(transactions)
    zombie = await claimed(db)
    await change(db, "lease_until = now() - interval '1 s'")
    await claimed(db)
    before = await look(db, job_id)

    async with db.write() as connection:
        assert not await let_go(connection, zombie)
    assert before == await look(db, job_id)


async def test_a_cancelled_job_stops_at_its_next_write(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    lease = await claimed(db)
    async with db.write() as connection:
        await jobs.cancel(connection, job_id)

    with pytest.raises(JobCancelled):
        async with db.write() as connection:
            await job_leases.finish(connection, lease, None)
    assert (await look(db, job_id)).state == JobState.RUNNING


async def test_renewing_extends_what_stands_and_leaves_out_what_is_lost(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    stands, cancelled, lost = [await enqueue(transactions) for _ in range(3)]
    leases = {lease.job_id: lease for lease in [await claimed(db) for _ in range(3)]}
    await change(db, "lease_until = now() + interval '1 s'")
    async with db.write() as connection:
        await jobs.cancel(connection, cancelled)
        await job_leases.release(connection, leases[lost])

    heartbeat = await db.connect()
    answer = await job_leases.renew(heartbeat, list(leases.values()), lease_s=60)
    assert answer == {leases[stands]: False, leases[cancelled]: True}
    left = await heartbeat.fetchval("SELECT lease_until - now() FROM jobs WHERE id = $1", stands)
    assert left > timedelta(seconds=50)
    await heartbeat.close()


async def test_renewing_does_not_wait_for_the_workers_own_transaction(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await enqueue(transactions)
    lease = await claimed(db)
    heartbeat = await db.connect()

    async with db.write() as connection:
        await job_leases.hold(connection, lease, lease_s=60)
        async with asyncio.timeout(2):
            assert await job_leases.renew(heartbeat, [lease], lease_s=60) == {lease: False}
    await heartbeat.close()


async def test_a_job_in_its_workers_transaction_is_not_claimed_even_if_the_lease_has_run_out(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await enqueue(transactions)
    lease = await claimed(db)
    await change(db, "lease_until = now() - interval '1 s'")
    async with db.write() as connection:
        await job_leases.hold(connection, lease, lease_s=60)
        async with asyncio.timeout(2):
            assert await claim(db) is None


async def test_a_failed_attempt_waits_and_the_last_one_fails_the_job(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    assert await retry_or_fail(db, await claimed(db)) == JobState.QUEUED
    assert (await look(db, job_id)).error == ERROR
    assert await claim(db) is None

    await change(db, "not_before = now()")
    assert await retry_or_fail(db, await claimed(db)) == JobState.FAILED
    job = await look(db, job_id)
    assert (job.state, job.attempts, job.error) == (JobState.FAILED, 2, ERROR)
    assert job.finished_at is not None


@pytest.mark.parametrize(("attempt", "least_s", "most_s"), [(1, 2, 4), (3, 8, 16), (9, 30, 60)])
async def test_the_delay_doubles_up_to_a_minute(
    db: Database, transactions: Transactions[Widgets], attempt: int, least_s: int, most_s: int
) -> None:
    await enqueue(transactions)
    lease = await claimed(db)
    await change(db, f"attempts = {attempt}")
    async with db.write() as connection:
        await job_leases.retry_or_fail(connection, lease, ERROR, max_attempts=99, is_outage=False)
        delay_s = await connection.scalar(
            text("SELECT extract(epoch FROM not_before - now())::float FROM jobs")
        )

    assert least_s <= delay_s <= most_s


async def test_an_outage_is_not_counted_for_an_hour(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    for _ in range(4):
        await change(db, "not_before = now()")
        assert await retry_or_fail(db, await claimed(db), is_outage=True) == JobState.QUEUED
    assert (await look(db, job_id)).attempts == 0

    await change(db, "not_before = now(), started_at = now() - interval '61 min'")
    assert await retry_or_fail(db, await claimed(db), is_outage=True) == JobState.QUEUED
    await change(db, "not_before = now()")
    assert await retry_or_fail(db, await claimed(db), is_outage=True) == JobState.FAILED


async def test_a_released_job_continues_at_once_and_the_attempt_is_not_counted(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await enqueue(transactions)
    lease = await claimed(db)
    async with db.write() as connection:
        assert await job_leases.release(connection, lease)

    job = await claim(db)
    assert job is not None
    assert (job.lease.fence, job.attempt) == (lease.fence + 1, 1)


@pytest.mark.parametrize(
    ("about", "state"),
    [
        ("attempts = 5", JobState.FAILED),
        ("cancel_requested = true", JobState.CANCELLED),
        ("attempts = 4", JobState.RUNNING),
    ],
)
async def test_a_job_that_lost_its_worker_for_good_comes_to_an_end(
    db: Database, transactions: Transactions[Widgets], about: str, state: JobState
) -> None:
    job_id = await enqueue(transactions)
    await claimed(db)
    await change(db, f"lease_until = now() - interval '1 s', {about}")
    async with db.write() as connection:
        await job_leases.end_abandoned(connection, kinds=["polish"], max_attempts=5)

    job = await look(db, job_id)
    assert job.state == state
    assert (job.error or {}).get("code") == ("job-abandoned" if state == "failed" else None)


async def test_a_job_whose_worker_lives_is_not_ended(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await enqueue(transactions)
    await claimed(db)
    await change(db, "attempts = 5, cancel_requested = true")

    async with db.write() as connection:
        assert await job_leases.end_abandoned(connection, kinds=["polish"], max_attempts=5) == []
