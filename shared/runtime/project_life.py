"""What every service behind the gateway does when a project is cleared or deleted.

The delivery of ``project.changed`` leaves a mark and queues a job; the job removes what followed
from the imports that are gone. What arrives late is held against the mark
(:mod:`shared.db.project_marks`).
"""

from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from shared.contracts.envelope import Envelope
from shared.contracts.project import ProjectChanged
from shared.db import project_marks
from shared.db.job_context import JobContext
from shared.db.uow import Transaction
from shared.kernel.ids import ProjectId
from shared.kernel.project_life import ProjectLife

FORGET: Final = "forget_project"
"""The kind of the job; its payload is ``{"project_id", "through"}``."""


class Forgetful(Protocol):
    """A store that can forget."""

    async def forget(self, project_id: ProjectId, *, through: int | None) -> None:
        """Remove what followed from the project's inventories with numbers up to ``through``; for
        None everything of the project, settings too. Safe to repeat."""
        ...


S = TypeVar("S")
F = TypeVar("F", bound=Forgetful)


async def on_project_changed(event: ProjectChanged, envelope: Envelope, tx: Transaction[S]) -> None:
    """Marks the project and queues the removal of what has to go.

    Safe twice and late: a version that is not the newest changes nothing.
    """
    del envelope
    if not await project_marks.note(tx.connection, event):
        return
    is_deleted = event.life is ProjectLife.DELETED
    if is_deleted or event.cleared_through:
        await tx.enqueue(
            FORGET,
            subject=f"{event.subject}/removal",
            payload={
                "project_id": str(event.project_id),
                "through": None if is_deleted else event.cleared_through,
            },
            key=f"{FORGET}/{event.project_id}/{event.project_version}",
        )


async def forget_project(job: JobContext[F]) -> dict[str, Any] | None:
    """Removes what the job names, in one transaction."""
    async with job.transaction() as tx:
        await tx.store.forget(
            ProjectId(UUID(job.payload["project_id"])), through=job.payload["through"]
        )
        await job.finish(tx)
    return None
