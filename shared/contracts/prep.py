"""``prep.task.done``: a provisioning task has come to rest."""

from enum import StrEnum
from typing import ClassVar, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from shared.contracts.envelope import EventData


class PrepOutcome(StrEnum):
    """How a task came to rest."""

    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    COMPENSATED = "compensated"
    COMPENSATION_FAILED = "compensation_failed"


PrepKind = Literal["domain", "project", "quota", "network", "flavor", "user", "role"]


class RunProgress(BaseModel):
    """Where the run stands after this task."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    status: Literal["running", "halted", "succeeded", "compensating", "compensated", "stuck"]
    done: int = Field(ge=0, description="Tasks at rest")
    total: int = Field(ge=0)


class PrepTaskDone(EventData):
    """One task of a prep run is at rest, with the run's progress."""

    TYPE: ClassVar[str] = "prep.task.done"

    project_id: UUID
    run_id: UUID
    task_id: UUID
    kind: PrepKind
    natural_key: str = Field(description="Stable name of what the task makes, e.g. domain:acme")
    outcome: PrepOutcome
    run: RunProgress

    @property
    def subject(self) -> str:
        """The run: its tasks come to rest one after another."""
        return f"prep-runs/{self.run_id}"
