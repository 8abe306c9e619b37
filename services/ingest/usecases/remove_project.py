"""Clear a project of its imports, or delete it: at once for everybody, and the rows by a job."""

from dataclasses import replace
from typing import Final

from services.ingest.domain.project import Project, require_active, require_name
from services.ingest.usecases.ports import IngestStore
from shared.auth.principal import Principal
from shared.contracts.project import ProjectChanged
from shared.db.uow import Transaction
from shared.kernel.clock import Clock
from shared.kernel.ids import JobId, ProjectId
from shared.kernel.project_life import ProjectLife

REMOVE: Final = "remove_inventories"
"""The kind of the job; its payload is ``{"project_id"}``."""


async def tell(tx: Transaction[IngestStore], project: Project, clock: Clock) -> None:
    """State the fact ``project.changed``."""
    await tx.publish(
        ProjectChanged(
            project_id=project.id,
            project_version=project.version,
            life=project.life,
            cleared_through=project.cleared_through,
            changed_at=clock.now(),
        ),
        aggregate_version=project.version,
    )


class RemoveProject:
    """Both commands; one instance serves all."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def clear(
        self, tx: Transaction[IngestStore], project_id: ProjectId, *, name: str, by: Principal
    ) -> JobId:
        """Remove all imports, and with them what the other services made of them.

        The project, its settings and its history of changes stay. Returns the job that removes.

        Raises:
            NotFound: there is no such project.
            Invalid: ``name`` is not the project's; code ``project-not-confirmed``.
            Conflict: it is archived.
        """
        return await self._remove(tx, project_id, name=name, by=by, is_deleted=False)

    async def delete(
        self, tx: Transaction[IngestStore], project_id: ProjectId, *, name: str, by: Principal
    ) -> JobId:
        """Remove the project and all that is in it, archived or not. Raises as :meth:`clear`."""
        return await self._remove(tx, project_id, name=name, by=by, is_deleted=True)

    async def _remove(
        self,
        tx: Transaction[IngestStore],
        project_id: ProjectId,
        *,
        name: str,
        by: Principal,
        is_deleted: bool,
    ) -> JobId:
        project = await tx.store.project(project_id)
        require_name(project, name)
        if not is_deleted:
            require_active(project)
        highest = await tx.store.highest_number(project_id)
        removed = replace(
            project,
            life=ProjectLife.DELETED if is_deleted else project.life,
            cleared_through=highest,
            version=project.version + 1,
        )
        await tx.store.replace_project(removed, expected_version=project.version)
        await tx.store.remove_inventories(project_id, at=self._clock.now())
        await tell(tx, removed, self._clock)
        await tx.audit(
            "project.deleted" if is_deleted else "project.cleared",
            by=by,
            subject=project.subject,
            before={"name": project.name, "cleared_through": project.cleared_through},
            after={"cleared_through": highest},
        )
        return await tx.enqueue(
            REMOVE,
            subject=f"{project.subject}/removal",
            payload={"project_id": str(project_id)},
            created_by=by.key,
        )
