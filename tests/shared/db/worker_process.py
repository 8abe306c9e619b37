"""A worker as a process of its own, to be killed: ``python -m tests.shared.db.worker_process DSN``.

It makes the widget that each job's payload names, in the job's last transaction.
"""

import asyncio
import sys
from collections.abc import Mapping

from shared.db.engine import make_engine
from shared.db.job_context import JobContext, JobFunction
from shared.db.job_runner import JobRunner
from shared.db.uow import Database
from shared.runtime.ids import Uuid7Ids
from shared.testing.waiting import eventually
from tests.shared.db.workshop import SERVICE, NoonClock, WidgetMade, Widgets, widget_names

LEASE_S = 1.0


async def make_widget(context: JobContext[Widgets]) -> None:
    """Repeatable: all that it does is in one transaction."""
    async with context.transaction() as tx:
        await tx.store.add(context.payload["name"])
        await tx.publish(WidgetMade(name=context.payload["name"]), aggregate_version=1)
        await context.finish(tx, {"attempt": context.attempt})


def late_maker(db: Database) -> JobFunction[Widgets]:
    """Goes on only when another worker has made a widget, and then wants to make its own."""

    async def make_late(context: JobContext[Widgets]) -> None:
        await context.report({"started": True})
        await eventually(lambda: widget_names(db), within_s=60)
        async with context.transaction() as tx:
            await tx.store.add("the zombie's")

    return make_late


def worker(
    db: Database, functions: Mapping[str, JobFunction[Widgets]], *, owner: str
) -> JobRunner[Widgets]:
    """A worker of the workshop."""
    return JobRunner(db, Widgets, functions, owner=owner, lease_s=LEASE_S)


async def main(dsn: str) -> None:
    """Works until it is killed."""
    db = Database(
        make_engine(dsn, schema=SERVICE), service=SERVICE, ids=Uuid7Ids(), clock=NoonClock()
    )
    functions = {"make": make_widget, "make late": late_maker(db)}
    await worker(db, functions, owner="process").run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
