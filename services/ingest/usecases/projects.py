"""Create and change projects."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.ingest.domain.project import (
    Project,
    project_description,
    project_name,
    require_active,
)
from services.ingest.usecases.ports import IngestStore
from services.ingest.usecases.remove_project import tell
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db import audit
from shared.db.uow import Transaction
from shared.kernel.clock import Clock
from shared.kernel.errors import Forbidden, PreconditionFailed
from shared.kernel.ids import Ids, ProjectId
from shared.kernel.project_life import ProjectLife


class CreateProject:
    """The command; one instance serves all."""

    def __init__(self, ids: Ids, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock

    async def __call__(
        self, tx: Transaction[IngestStore], *, name: str, description: str, by: Principal
    ) -> Project:
        """A new project.

        Raises:
            Invalid: name or description break their rules.
        """
        project = Project(
            id=ProjectId(self._ids.new()),
            name=project_name(name),
            description=project_description(description),
            created_at=self._clock.now(),
            created_by=by.key,
            version=1,
        )
        await tx.store.add_project(project)
        await tx.audit("project.created", by=by, subject=project.subject, after=_audited(project))
        return project


async def change_project(
    tx: Transaction[IngestStore],
    project_id: ProjectId,
    changes: Mapping[str, Any],
    *,
    expected_version: int,
    by: Principal,
    clock: Clock,
) -> Project:
    """The project after ``changes`` (name, description, life; None clears the description).

    Raises:
        NotFound: there is no such project.
        PreconditionFailed: it changed since ``expected_version``.
        Invalid: name or description break their rules.
        Conflict: it is archived, and the change does not bring it back; code ``project-archived``.
        Forbidden: only who has ``migration:admin`` archives a project and brings it back.
    """
    project = await tx.store.project(project_id)
    if project.version != expected_version:
        raise PreconditionFailed(
            "Somebody changed this project first. Read it again and repeat the change."
        )
    life = ProjectLife(changes.get("life", project.life))
    if life is not project.life and Permission.ADMIN not in by.permissions:
        raise Forbidden(
            f"Archiving a project and bringing it back needs the permission {Permission.ADMIN}."
        )
    if life is not ProjectLife.ACTIVE:
        require_active(project)
    changed = replace(
        project,
        life=life,
        name=project_name(changes.get("name", project.name)),
        description=project_description(changes.get("description", project.description) or ""),
        version=project.version + 1,
    )
    await tx.store.replace_project(changed, expected_version=expected_version)
    if changed.life is not project.life:
        await tell(tx, changed, clock)
    was, became = audit.changed(_audited(project), _audited(changed))
    await tx.audit("project.changed", by=by, subject=project.subject, before=was, after=became)
    return changed


def _audited(project: Project) -> dict[str, Any]:
    return {
        "name": project.name,
        "description": project.description,
        "life": project.life.value,
    }
