"""What a worker counts of the jobs it ends and takes over."""

import asyncio

import pytest
from sqlalchemy import text

from shared.db.job_context import JobContext
from shared.db.job_runner import JobRunner
from shared.db.uow import Database, Transactions
from shared.kernel.errors import Invalid
from shared.observability.metrics import Metrics
from shared.testing.waiting import eventually
from tests.shared.db.workshop import Widgets

METRICS = "workshop"


async def refuses(_: JobContext[Widgets]) -> None:
    raise Invalid("No such colour.", code="no-colour")


async def crashes(_: JobContext[Widgets]) -> None:
    raise RuntimeError("a mistake")


async def works(_: JobContext[Widgets]) -> None:
    return


async def ended(db: Database, function: object, metrics: Metrics) -> None:
    """A worker runs until the only job has ended."""
    runner = JobRunner(
        db,
        Widgets,
        {"polish": function},  # type: ignore[dict-item]
        owner="worker",
        lease_s=0.6,
        max_attempts=1,
        metrics=metrics,
    )
    stop = asyncio.Event()

    async def has_ended() -> bool:
        async with db.read() as connection:
            state = await connection.scalar(text("SELECT state FROM jobs"))
        return state in {"succeeded", "failed", "cancelled"}

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(runner.run(stop))
        await eventually(has_ended, what="the job ends")
        stop.set()


def failures(metrics: Metrics) -> dict[str, float]:
    """How many jobs failed, by reason."""
    return {
        sample.labels["reason"]: sample.value
        for family in metrics.job_failures.collect()
        for sample in family.samples
        if sample.name == "job_failures_total"
    }


def takeovers(metrics: Metrics) -> float:
    (family,) = metrics.job_lease_expired.collect()
    return next(s.value for s in family.samples if s.name == "job_lease_expired_total")


@pytest.fixture
async def queued(transactions: Transactions[Widgets]) -> None:
    async with transactions() as tx:
        await tx.enqueue("polish", subject="widgets/cog", payload={})


@pytest.mark.usefixtures("queued")
@pytest.mark.parametrize(
    ("function", "reason"), [(refuses, "refused"), (crashes, "exhausted"), (works, None)]
)
async def test_failures_are_counted_by_reason(
    db: Database, function: object, reason: str | None
) -> None:
    metrics = Metrics(METRICS)

    await ended(db, function, metrics)

    expected = {"refused": 0.0, "exhausted": 0.0, "abandoned": 0.0}
    assert failures(metrics) == expected | ({reason: 1.0} if reason else {})
    assert takeovers(metrics) == 0


async def leave_it_to_a_dead_worker(db: Database, *, attempts: int) -> None:
    async with db.write() as connection:
        await connection.execute(
            text(
                "UPDATE jobs SET state = 'running', lease_owner = 'dead', attempts = :attempts,"
                " started_at = now(), lease_until = now() - interval '1 s'"
            ),
            {"attempts": attempts},
        )


@pytest.mark.usefixtures("queued")
async def test_a_job_of_a_dead_worker_counts_as_taken_over(db: Database) -> None:
    await leave_it_to_a_dead_worker(db, attempts=0)
    metrics = Metrics(METRICS)

    await ended(db, works, metrics)

    assert takeovers(metrics) == 1
    assert set(failures(metrics).values()) == {0.0}


@pytest.mark.usefixtures("queued")
async def test_a_job_whose_workers_all_died_counts_as_abandoned(db: Database) -> None:
    await leave_it_to_a_dead_worker(db, attempts=1)
    metrics = Metrics(METRICS)

    await ended(db, works, metrics)

    assert takeovers(metrics) == 1
    assert failures(metrics)["abandoned"] == 1
