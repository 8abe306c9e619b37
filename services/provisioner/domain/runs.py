"""A run: the tasks of one approved plan, and how far they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from services.provisioner.domain.states import RunState, TaskState
from services.provisioner.domain.tasks import Kind, Task
from shared.kernel.ids import ApprovalId, PrepRunId, PrepTaskId, ProjectId, SnapshotId


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What an approval was compiled into. It is born a draft, and nothing of it has begun."""

    id: PrepRunId
    project_id: ProjectId
    approval_id: ApprovalId
    snapshot_id: SnapshotId
    snapshot_digest: str
    compiled_at: datetime
    state: RunState = RunState.DRAFT


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTask:
    """A task in its run. ``position`` counts from 1 in the order of execution."""

    id: PrepTaskId
    position: int
    task: Task
    state: TaskState = TaskState.PENDING


@dataclass(frozen=True, slots=True, kw_only=True)
class KindCount:
    """How many tasks of one kind there are, how many cannot be done, and where they stand."""

    kind: Kind
    total: int
    blocked: int
    states: Mapping[TaskState, int]
