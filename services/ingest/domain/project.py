"""A project: one estate on its way to a target cloud."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.ingest.domain.errors import PROJECT_ARCHIVED, PROJECT_NOT_CONFIRMED
from shared.kernel.errors import Conflict, ErrorDetail, Invalid
from shared.kernel.ids import ProjectId
from shared.kernel.project_life import ProjectLife

MAX_NAME_CHARS: Final = 200
MAX_DESCRIPTION_CHARS: Final = 4000


@dataclass(frozen=True, slots=True)
class Project:
    """``created_by`` is the principal, e.g. ``user:<id>``.

    Inventories with numbers up to ``cleared_through`` were cleared away; 0 if none was.
    """

    id: ProjectId
    name: str
    description: str
    created_at: datetime
    created_by: str
    version: int
    life: ProjectLife = ProjectLife.ACTIVE
    cleared_through: int = 0

    @property
    def subject(self) -> str:
        """What it is called in events, jobs and the audit trail."""
        return f"projects/{self.id}"


def project_name(text: str) -> str:
    """The name as stored: without blanks around it.

    Raises:
        Invalid: nothing is left, it is longer than 200 characters, or holds control characters.
    """
    name = text.strip()
    if not name or len(name) > MAX_NAME_CHARS or not name.isprintable():
        problem = f"A project's name has 1 to {MAX_NAME_CHARS} printable characters."
        raise Invalid(problem, errors=[ErrorDetail(problem, pointer="/name")])
    return name


def project_description(text: str) -> str:
    """The description as stored.

    Raises:
        Invalid: it is longer than 4,000 characters.
    """
    description = text.strip()
    if len(description) > MAX_DESCRIPTION_CHARS:
        problem = f"A description has at most {MAX_DESCRIPTION_CHARS:,} characters."
        raise Invalid(problem, errors=[ErrorDetail(problem, pointer="/description")])
    return description


def require_name(project: Project, typed: str) -> None:
    """Accepts what was typed to confirm that just this project is meant.

    Raises:
        Invalid: it is not the project's name; code ``project-not-confirmed``.
    """
    if typed.strip() != project.name:
        raise Invalid(
            f"To confirm, give the project's name exactly: {project.name!r}.",
            code=PROJECT_NOT_CONFIRMED,
        )


def require_active(project: Project) -> None:
    """Accepts a project that may be changed.

    Raises:
        Conflict: it is archived; code ``project-archived``.
    """
    if project.life is not ProjectLife.ACTIVE:
        raise Conflict(
            "This project is archived: it can be read and not changed. Set its life to active "
            "first.",
            code=PROJECT_ARCHIVED,
        )
