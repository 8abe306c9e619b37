"""``project.changed``: a project was archived, brought back, cleared of its imports, or deleted."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from pydantic import Field

from shared.contracts.envelope import EventData
from shared.kernel.project_life import ProjectLife


class ProjectChanged(EventData):
    """How a project stands now, as a whole: a later version replaces all earlier ones."""

    TYPE: ClassVar[str] = "project.changed"

    project_id: UUID
    project_version: int = Field(ge=1, description="Counts the changes of the project")
    life: ProjectLife
    cleared_through: int = Field(
        ge=0,
        description="Inventories with numbers up to this one are removed, and what followed from "
        "them has to go; 0 if the project was never cleared",
    )
    changed_at: datetime

    @property
    def subject(self) -> str:
        """The project."""
        return f"projects/{self.project_id}"
