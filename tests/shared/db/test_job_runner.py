"""The loop that runs jobs, against the ways in which they end."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from sqlalchemy import text

from shared.db import jobs
from shared.db.job_context import JobContext, JobFunction
from shared.db.job_leases import LeaseLost
from shared.db.job_runner import JobRunner
from shared.db.jobs import Job, JobState
from shared.db.uow import Database, Transactions
from shared.kernel.errors import ErrorDetail, Invalid, Unavailable
from shared.kernel.ids import JobId
from shared.observability import correlation
from shared.testing.waiting import eventually
from tests.shared.db.workshop import WidgetMade, Widgets, end_sessions, row_count, widget_names

Context = JobContext[Widgets]


@asynccontextmanager
async def worker(
    db: Database, function: JobFunction[Widgets], **options: Any
) -> AsyncIterator[asyncio.Event]:
    """A running worker; leaving stops it as a shutdown does. Gives the stop event."""
    settings: dict[str, Any] = {
        "owner": "worker",
        "lease_s": 0.6,
        "max_attempts": 2,
        "drain_s": 5,
    } | options
    runner = JobRunner(db, Widgets, {"polish": function}, **settings)
    stop = asyncio.Event()
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        tasks.create_task(runner.run(stop))
        yield stop
        stop.set()


async def enqueue(transactions: Transactions[Widgets], **payload: object) -> JobId:
    async with transactions() as tx:
        return await tx.enqueue("polish", subject="widgets/cog", payload=payload)


async def look(db: Database, job_id: JobId) -> Job:
    async with db.read() as connection:
        return await jobs.get(connection, job_id)


async def reached(db: Database, job_id: JobId, *states: JobState) -> Job:
    async def job_if_there() -> Job | None:
        job = await look(db, job_id)
        return job if job.state in states else None

    job = await eventually(job_if_there, what=f"the job reaching {states}")
    assert job is not None
    return job


async def cancel(db: Database, job_id: JobId) -> None:
    async with db.write() as connection:
        await jobs.cancel(connection, job_id)


async def take_over(db: Database) -> None:
    """Raises the fence, as another worker's claim would."""
    async with db.write() as connection:
        await connection.execute(text("UPDATE jobs SET fence = fence + 1"))


async def do_not_wait(db: Database) -> None:
    """Makes delayed jobs due."""
    async with db.write() as connection:
        await connection.execute(text("UPDATE jobs SET not_before = now() WHERE state = 'queued'"))


async def never_ends(_: Context) -> None:
    await asyncio.Event().wait()


def returning(value: dict[str, Any] | None) -> JobFunction[Widgets]:
    async def function(_: Context) -> dict[str, Any] | None:
        return value

    return function


def raising(error: Exception) -> JobFunction[Widgets]:
    async def function(_: Context) -> None:
        raise error

    return function


@pytest.mark.parametrize("result", [{"shine": "high"}, None])
async def test_what_the_function_returns_is_the_result(
    db: Database, transactions: Transactions[Widgets], result: dict[str, Any] | None
) -> None:
    job_id = await enqueue(transactions)
    async with worker(db, returning(result)):
        job = await reached(db, job_id, JobState.SUCCEEDED)

    assert job.result == result
    assert (job.attempts, job.error) == (1, None)
    assert job.started_at is not None
    assert job.finished_at is not None


async def test_a_job_queued_later_is_noticed_without_waiting_for_the_poll(
    db: Database, transactions: Transactions[Widgets], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.db.job_runner.POLL_S", 60)
    async with worker(db, returning(None)):
        for _ in range(3):
            await reached(db, await enqueue(transactions), JobState.SUCCEEDED)


async def test_a_job_is_noticed_even_if_the_notification_is_lost(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async with db.write() as connection:
        await connection.execute(text("DROP TRIGGER jobs_notify ON jobs"))
    async with worker(db, returning(None)):
        for _ in range(2):
            await reached(db, await enqueue(transactions), JobState.SUCCEEDED)


async def test_the_end_commits_with_the_last_write_and_its_fact(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def polish(context: Context) -> None:
        async with context.transaction() as tx:
            await tx.store.add(context.payload["name"])
            await tx.publish(WidgetMade(name="cog"), aggregate_version=1)
            await context.finish(tx, {"made": 1})

    job_id = await enqueue(transactions, name="cog")
    async with worker(db, polish):
        job = await reached(db, job_id, JobState.SUCCEEDED)

    assert job.result == {"made": 1}
    async with db.read() as connection:
        transaction_ids = await connection.scalar(
            text(
                "SELECT count(DISTINCT x) FROM (SELECT xmin::text FROM widgets"
                " UNION SELECT xmin::text FROM outbox UNION SELECT xmin::text FROM jobs) AS t (x)"
            )
        )
    assert transaction_ids == 1


async def test_a_function_that_fails_in_its_last_transaction_has_written_nothing(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def polish(context: Context) -> None:
        async with context.transaction() as tx:
            await tx.store.add("cog")
            await context.finish(tx)
            raise Invalid("The cog is scratched.")

    job_id = await enqueue(transactions)
    async with worker(db, polish):
        await reached(db, job_id, JobState.FAILED)
    assert await widget_names(db) == []


async def test_progress_is_seen_while_the_job_runs(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    may_end = asyncio.Event()

    async def polish(context: Context) -> None:
        await context.report({"done": 3, "total": 7})
        await may_end.wait()

    job_id = await enqueue(transactions)
    async with worker(db, polish):
        await eventually(lambda: _progress(db, job_id))
        job = await look(db, job_id)
        assert (job.state, job.progress) == (JobState.RUNNING, {"done": 3, "total": 7})
        may_end.set()
        await reached(db, job_id, JobState.SUCCEEDED)


async def _progress(db: Database, job_id: JobId) -> bool:
    return (await look(db, job_id)).progress is not None


async def test_an_error_that_repeating_cannot_mend_fails_the_job_at_once(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    class TooScratched(Invalid):
        """A service's own refinement."""

    error = TooScratched(
        "Two rows are scratched.",
        code="too-scratched",
        errors=[ErrorDetail("Scratched.", tab="vInfo", row=7)],
    )
    job_id = await enqueue(transactions)
    async with worker(db, raising(error)):
        job = await reached(db, job_id, JobState.FAILED)

    assert job.attempts == 1
    assert job.error == {
        "kind": "Invalid",
        "code": "too-scratched",
        "detail": "Two rows are scratched.",
        "errors": [{"detail": "Scratched.", "tab": "vInfo", "row": 7}],
    }


async def test_any_other_error_is_tried_again_until_the_attempts_are_used_up(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    async with worker(db, raising(LookupError("secret"))):
        await eventually(lambda: _has_error(db, job_id))
        job = await look(db, job_id)
        assert (job.state, job.attempts) == (JobState.QUEUED, 1)
        await do_not_wait(db)
        job = await reached(db, job_id, JobState.FAILED)

    assert job.attempts == 2
    assert job.error is not None
    assert job.error["code"] == "internal"
    assert "secret" not in str(job.error)


async def _has_error(db: Database, job_id: JobId) -> bool:
    return (await look(db, job_id)).error is not None


async def test_an_outage_of_a_dependency_is_waited_out(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    attempts: list[int] = []

    async def polish(context: Context) -> None:
        attempts.append(context.attempt)
        if len(attempts) < 5:
            raise Unavailable("The polisher is away.")

    job_id = await enqueue(transactions)
    async with worker(db, polish, max_attempts=2):
        while (await look(db, job_id)).state != JobState.SUCCEEDED:
            await do_not_wait(db)
            await eventually(lambda: _is_settled(db, job_id))

    assert attempts == [1, 1, 1, 1, 1]


async def _is_settled(db: Database, job_id: JobId) -> bool:
    return (await look(db, job_id)).state in {JobState.QUEUED, JobState.SUCCEEDED}


async def test_a_result_that_is_no_json_is_a_failed_attempt(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    async with worker(db, returning({"shine": object()}), max_attempts=1):
        await reached(db, job_id, JobState.FAILED)


async def test_a_function_that_cancels_itself_has_failed_its_attempt(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def polish(_: Context) -> None:
        raise asyncio.CancelledError

    job_id = await enqueue(transactions)
    async with worker(db, polish, max_attempts=1):
        job = await reached(db, job_id, JobState.FAILED)
    assert job.attempts == 1


async def test_an_interrupted_job_may_clean_up_in_peace(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    interruptions = 0

    async def polish(_: Context) -> None:
        nonlocal interruptions
        try:
            await asyncio.Event().wait()
        finally:
            interruptions += 1
            await _beats(db, 3)

    job_id = await enqueue(transactions)
    async with worker(db, polish):
        await reached(db, job_id, JobState.RUNNING)
        await cancel(db, job_id)
        await reached(db, job_id, JobState.CANCELLED)
    assert interruptions == 1


async def test_cancelling_interrupts_a_running_job(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    async with worker(db, never_ends):
        await reached(db, job_id, JobState.RUNNING)
        await cancel(db, job_id)
        job = await reached(db, job_id, JobState.CANCELLED)

    assert job.finished_at is not None
    assert job.error is None


@pytest.mark.parametrize("write", ["transaction", "report"])
async def test_a_cancelled_job_stops_at_its_next_write_and_writes_nothing(
    db: Database, transactions: Transactions[Widgets], write: str
) -> None:
    async def polish(context: Context) -> None:
        await cancel(db, context.job_id)
        if write == "report":
            await context.report({"done": 1})
        async with context.transaction() as tx:
            await tx.store.add("cog")

    job_id = await enqueue(transactions)
    async with worker(db, polish, lease_s=60):
        job = await reached(db, job_id, JobState.CANCELLED)

    assert job.progress is None
    assert await widget_names(db) == []


async def test_a_worker_that_lost_its_lease_writes_nothing_and_ends_nothing(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    seen: list[BaseException] = []

    async def polish(context: Context) -> None:
        await take_over(db)
        for write in (_add_a_widget, _report):
            try:
                await write(context)
            except LeaseLost as lost:
                seen.append(lost)

    job_id = await enqueue(transactions)
    async with worker(db, polish, lease_s=60):
        await eventually(lambda: len(seen) == 2)

    job = await look(db, job_id)
    assert (job.state, job.progress) == (JobState.RUNNING, None)
    assert await widget_names(db) == []


async def _add_a_widget(context: Context) -> None:
    async with context.transaction() as tx:
        await tx.store.add("cog")


async def _report(context: Context) -> None:
    await context.report({"done": 1})


async def test_the_heartbeat_interrupts_a_job_that_was_taken_over(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    interrupted = asyncio.Event()

    async def polish(_: Context) -> None:
        try:
            await take_over(db)
            await asyncio.Event().wait()
        finally:
            interrupted.set()

    await enqueue(transactions)
    async with worker(db, polish, lease_s=3):
        async with asyncio.timeout(5):
            await interrupted.wait()


async def test_the_heartbeat_keeps_a_job_that_takes_longer_than_its_lease(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    starts: list[int] = []

    async def polish(context: Context) -> None:
        starts.append(context.attempt)
        await _beats(db, 5)

    job_id = await enqueue(transactions)
    async with worker(db, polish, lease_s=0.6), worker(db, polish, lease_s=0.6):
        await reached(db, job_id, JobState.SUCCEEDED)
    assert starts == [1]


async def test_a_transaction_longer_than_the_lease_does_not_end_with_a_lease_run_out(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    seen: list[bool] = []

    async def lease_stands() -> bool:
        async with db.read() as connection:
            return bool(await connection.scalar(text("SELECT lease_until > now() FROM jobs")))

    async def lease_has_run_out() -> bool:
        return not await lease_stands()

    async def polish(context: Context) -> None:
        async with context.transaction() as tx:
            await tx.store.add("cog")
            await eventually(lease_has_run_out)
        seen.append(await lease_stands())

    job_id = await enqueue(transactions)
    async with worker(db, polish, lease_s=1):
        await reached(db, job_id, JobState.SUCCEEDED)
    assert seen == [True]


async def _beats(db: Database, count: int) -> None:
    """Waits until the lease has been renewed ``count`` times."""
    seen: set[object] = set()

    async def enough() -> bool:
        async with db.read() as connection:
            seen.add(await connection.scalar(text("SELECT lease_until FROM jobs")))
        return len(seen) > count

    await eventually(enough)


async def test_the_heartbeat_survives_the_loss_of_its_connection(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def polish(_: Context) -> None:
        await _beats(db, 1)
        await end_sessions(db, which="query LIKE '%unnest%'")
        await _beats(db, 3)

    job_id = await enqueue(transactions)
    async with worker(db, polish, lease_s=3):
        job = await reached(db, job_id, JobState.SUCCEEDED)
    assert job.attempts == 1


async def test_the_worker_goes_on_after_an_outage_of_the_database(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async with worker(db, returning(None)):
        await reached(db, await enqueue(transactions), JobState.SUCCEEDED)
        await end_sessions(db)
        job_id = await eventually(lambda: _patiently(lambda: enqueue(transactions)))
        assert job_id is not None
        await reached(db, job_id, JobState.SUCCEEDED)


async def _patiently(action: Callable[[], Awaitable[JobId]]) -> JobId | None:
    try:
        return await action()
    except Unavailable:
        return None


async def test_stopping_lets_a_running_job_finish(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def polish(context: Context) -> None:
        stop.set()
        await _add_a_widget(context)

    job_id = await enqueue(transactions)
    async with worker(db, polish) as stop:
        await stop.wait()

    assert (await look(db, job_id)).state == JobState.SUCCEEDED


async def test_stopping_releases_a_job_that_does_not_finish_for_another_worker(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    async with worker(db, never_ends, lease_s=60, drain_s=0):
        await reached(db, job_id, JobState.RUNNING)

    job = await look(db, job_id)
    assert (job.state, job.attempts, job.error) == (JobState.QUEUED, 0, None)
    async with worker(db, returning(None), lease_s=60):
        await reached(db, job_id, JobState.SUCCEEDED)


async def test_a_stopped_worker_claims_nothing_more(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async with worker(db, returning(None)) as stop:
        stop.set()
    job_id = await enqueue(transactions)

    assert (await look(db, job_id)).state == JobState.QUEUED


async def test_a_worker_that_is_cancelled_releases_its_job(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    runner = JobRunner(db, Widgets, {"polish": never_ends}, owner="worker")
    running = asyncio.create_task(runner.run(asyncio.Event()))
    await reached(db, job_id, JobState.RUNNING)

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (await look(db, job_id)).state == JobState.QUEUED


async def test_the_job_belongs_to_the_request_that_queued_it(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    seen: list[tuple[str | None, str | None]] = []

    async def polish(context: Context) -> None:
        seen.append((correlation.current(), correlation.causation()))
        async with context.transaction() as tx:
            await tx.publish(WidgetMade(name="cog"), aggregate_version=1)

    with correlation.bind("request-7", causation_id="event-3"):
        job_id = await enqueue(transactions)
    async with worker(db, polish):
        await reached(db, job_id, JobState.SUCCEEDED)

    async with db.read() as connection:
        envelope = await connection.scalar(text("SELECT envelope FROM outbox"))
    assert seen == [("request-7", "event-3")]
    assert (envelope["correlationid"], envelope["causationid"]) == ("request-7", "event-3")


async def test_a_job_without_a_request_gets_a_correlation_of_its_own(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    seen: list[str | None] = []

    async def polish(_: Context) -> None:
        seen.append(correlation.current())

    for _ in range(2):
        await reached_by(db, transactions, polish)
    assert None not in seen
    assert len(set(seen)) == 2


async def reached_by(
    db: Database, transactions: Transactions[Widgets], function: JobFunction[Widgets]
) -> None:
    job_id = await enqueue(transactions)
    async with worker(db, function):
        await reached(db, job_id, JobState.SUCCEEDED)


@pytest.mark.parametrize("concurrency", [1, 3])
async def test_as_many_jobs_run_at_once_as_allowed_and_no_more(
    db: Database, transactions: Transactions[Widgets], concurrency: int
) -> None:
    running = 0
    peak = 0

    async def polish(_: Context) -> None:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        await eventually(lambda: peak == concurrency)
        await row_count(db, "jobs")
        running -= 1

    ids = [await enqueue(transactions) for _ in range(5)]
    async with worker(db, polish, concurrency=concurrency, lease_s=60):
        for job_id in ids:
            await reached(db, job_id, JobState.SUCCEEDED)
    assert peak == concurrency
