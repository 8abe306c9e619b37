"""Bodies of the provisioner."""

from typing import Any, Self
from uuid import UUID

from pydantic import Field

from services.provisioner.domain.runs import KindCount, ListedTask, Run
from services.provisioner.domain.states import RunState, TaskState
from services.provisioner.domain.tasks import STAGES, Kind
from services.provisioner.persistence.queries import PreparationView
from shared.http.models import ReplyModel, UtcTime
from shared.http.operations import OperationError, operation_path, present_operation


class ApprovedSnapshot(ReplyModel):
    """The frozen plan that was approved."""

    id: UUID
    digest: str = Field(description="SHA-256; the approval is bound to it")


class KindReply(ReplyModel):
    """The tasks of one kind, counted."""

    kind: Kind
    stage: int = Field(description="A stage begins when all tasks of earlier ones are done")
    total: int
    blocked: int = Field(description="Tasks that cannot be done; each says why")
    states: dict[TaskState, int]

    @classmethod
    def of(cls, count: KindCount) -> Self:
        """``count`` as a reply."""
        return cls(
            kind=count.kind,
            stage=STAGES[count.kind],
            total=count.total,
            blocked=count.blocked,
            states=dict(count.states),
        )


class RunReply(ReplyModel):
    """What the approved plan was compiled into."""

    id: UUID
    state: RunState = Field(description="draft: listed only; nothing has been done")
    tasks: int
    blocked: int = Field(description="Tasks that cannot be done; each says why")
    kinds: list[KindReply] = Field(description="In the order of the stages")
    compiled_at: UtcTime

    @classmethod
    def of(cls, run: Run, kinds: list[KindReply]) -> Self:
        """``run`` as a reply."""
        return cls(
            id=run.id,
            state=run.state,
            tasks=sum(kind.total for kind in kinds),
            blocked=sum(kind.blocked for kind in kinds),
            kinds=kinds,
            compiled_at=run.compiled_at,
        )


class PreparationReply(ReplyModel):
    """What may be prepared on the target cloud. Nothing has been touched there."""

    project_id: UUID
    approval_id: UUID
    approval_number: int
    inventory_id: UUID
    snapshot: ApprovedSnapshot
    tenant_count: int = Field(description="Tenants in scope")
    vm_count: int = Field(description="VMs in scope, powered-off included")
    approved_at: UtcTime
    approved_by: UUID
    operation: str | None = Field(
        description="Path of the operation that lists the tasks: watch, cancel, retry"
    )
    error: OperationError | None = Field(description="Why the tasks could not be listed")
    run: RunReply | None = Field(description="Null until the tasks are listed")

    @classmethod
    def of(cls, view: PreparationView) -> Self:
        """``view`` as a reply."""
        preparation, job = view.preparation, view.job
        kinds = [KindReply.of(count) for count in view.counts]
        return cls(
            project_id=preparation.project_id,
            approval_id=preparation.approval_id,
            approval_number=preparation.approval_number,
            inventory_id=preparation.inventory_id,
            snapshot=ApprovedSnapshot(
                id=preparation.snapshot_id, digest=preparation.snapshot_digest
            ),
            tenant_count=preparation.tenant_count,
            vm_count=preparation.vm_count,
            approved_at=preparation.approved_at,
            approved_by=preparation.approved_by,
            operation=operation_path("provisioner", job.id) if job else None,
            error=present_operation("provisioner", job).error if job else None,
            run=RunReply.of(view.run, kinds) if view.run else None,
        )


class BlockerReply(ReplyModel):
    """Why a task cannot be done."""

    code: str = Field(
        description="name-not-allowed, name-reserved, name-collision, vlan-collision, "
        "size-unknown or dependency-blocked"
    )
    reason: str
    remedy: str = Field(description="What to do about it")


class PrepTaskReply(ReplyModel):
    """One thing to do on the target cloud."""

    id: UUID
    position: int = Field(description="Place in the order of execution, from 1")
    key: str = Field(description="kind:natural-key; equal plans have equal keys")
    kind: Kind
    stage: int
    name: str
    state: TaskState
    defaults: list[str] = Field(description="Parts of the desired state that the plan leaves open")
    desired: dict[str, Any] = Field(description="What there shall be; depends on the kind")
    depends_on: list[str] = Field(description="Keys it directly needs; earlier stages come first")
    tenant_ids: list[UUID] = Field(description="Whom it is for; empty for a flavor")
    blocker: BlockerReply | None = Field(description="Null if it can be done")

    @classmethod
    def of(cls, listed: ListedTask) -> Self:
        """``listed`` as a reply."""
        task = listed.task
        return cls(
            id=listed.id,
            position=listed.position,
            key=task.key,
            kind=task.kind,
            stage=task.stage,
            name=task.name,
            state=listed.state,
            defaults=list(task.defaults),
            desired=dict(task.desired),
            depends_on=list(task.depends_on),
            tenant_ids=list(task.tenant_ids),
            blocker=BlockerReply.model_validate(task.blocker) if task.blocker else None,
        )
