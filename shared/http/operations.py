"""Long work as its caller sees it: ``/v1/operations/{service}/{job_id}`` over durable jobs.

A job belongs to a project when its subject begins with ``projects/<id>``; who does not see the
project does not see the job. A job about anything else is for those who see all projects.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Response
from pydantic import Field

from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db import jobs
from shared.db.idempotency import Reply
from shared.db.jobs import Job, JobState
from shared.db.uow import Database, Transaction, Transactions
from shared.http.idempotency import KeyedPost, json_reply, run_once
from shared.http.models import ReplyModel, UtcTime
from shared.http.problems import ProblemError
from shared.http.security import require
from shared.kernel.errors import NotFound
from shared.kernel.ids import JobId, project_of_subject

POLL_AFTER_S: Final = 1
"""How soon asking again makes sense, sent as Retry-After while the work goes on."""

Reader = Annotated[Principal, require(Permission.READ)]
Writer = Annotated[Principal, require(Permission.WRITE)]
_WHILE_IT_RUNS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": {
            "Retry-After": {
                "description": "Seconds until asking again makes sense; absent once it has ended",
                "schema": {"type": "integer", "minimum": 1},
            }
        }
    }
}
JobOfPath = Annotated[UUID, Path(description="The operation's id")]


class OperationError(ReplyModel):
    """Why an operation failed, or why its last attempt did."""

    type: str = Field(description="/problems/<code>: where the code is explained")
    code: str
    detail: str
    errors: list[ProblemError] = Field(default_factory=list)


class Operation(ReplyModel):
    """A piece of long work."""

    id: UUID
    service: str = Field(description="The service that does it")
    kind: str
    subject: str = Field(description="What it is about, e.g. projects/<id>/inventories/<id>")
    state: JobState
    progress: dict[str, Any] | None = Field(None, description="How far it is; depends on the kind")
    result: dict[str, Any] | None = Field(None, description="What it gave; depends on the kind")
    error: OperationError | None = None
    attempts: int
    cancel_requested: bool
    created_at: UtcTime
    started_at: UtcTime | None
    finished_at: UtcTime | None


@dataclass(frozen=True, slots=True)
class _OwnJob:
    """A job that the caller may change."""

    job_id: JobId
    caller: Principal


def operation_path(service: str, job_id: JobId) -> str:
    """Where the operation is found: the ``Location`` of a 202."""
    return f"/v1/operations/{service}/{job_id}"


def present_operation(service: str, job: Job) -> Operation:
    """``job`` as its caller sees it."""
    return Operation(
        id=job.id,
        service=service,
        kind=job.kind,
        subject=job.subject,
        state=job.state,
        progress=job.progress,
        result=job.result,
        error=None if job.error is None else _error(job.error),
        attempts=job.attempts,
        cancel_requested=job.cancel_requested,
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def operations_router(db: Database) -> APIRouter:
    """Routes to watch, cancel and retry the jobs of ``db.service``."""
    router = APIRouter(prefix=f"/v1/operations/{db.service}", tags=["operations"])
    transactions: Transactions[None] = db.transactions(lambda _connection: None)

    async def visible(job_id: UUID, caller: Principal) -> Job:
        async with db.read() as connection:
            job = await jobs.get(connection, JobId(job_id))
        if not _is_visible(job, caller):
            raise NotFound(f"There is no job {job_id}.", code="job-not-found")
        return job

    async def visible_to_writer(job_id: JobOfPath, caller: Writer) -> _OwnJob:
        return _OwnJob((await visible(job_id, caller)).id, caller)

    own_job = Annotated[_OwnJob, Depends(visible_to_writer)]

    @router.get("/{job_id}", responses=_WHILE_IT_RUNS)
    async def show_operation(job_id: JobOfPath, caller: Reader, response: Response) -> Operation:
        """How a piece of long work is getting on."""
        job = await visible(job_id, caller)
        if job.state not in jobs.ENDED:
            response.headers["Retry-After"] = str(POLL_AFTER_S)
        return present_operation(db.service, job)

    async def note(tx: Transaction[None], action: str, job: Job, caller: Principal) -> None:
        after = {"operation_id": str(job.id), "kind": job.kind, "state": job.state.value}
        await tx.audit(action, by=caller, subject=job.subject, after=after)

    @router.post("/{job_id}/cancel")
    async def cancel_operation(own: own_job) -> Operation:
        """Stop it: at once if it has not begun, else at its next step. Safe to repeat."""
        async with transactions() as tx:
            was_asked = (await jobs.get(tx.connection, own.job_id)).cancel_requested
            job = await jobs.cancel(tx.connection, own.job_id)
            if job.state is JobState.CANCELLED:
                await note(tx, "operation.cancelled", job, own.caller)
            elif not was_asked:
                await note(tx, "operation.cancel_requested", job, own.caller)
        return present_operation(db.service, job)

    @router.post("/{job_id}/retry", response_model=Operation)
    async def retry_operation(own: own_job, keyed: KeyedPost) -> Response:
        """Queue it again after it has failed or was cancelled."""

        async def work(transactions: Transactions[None]) -> Reply:
            async with transactions() as tx:
                job = await jobs.retry(tx.connection, own.job_id)
                await note(tx, "operation.retried", job, own.caller)
                return json_reply(200, present_operation(db.service, job))

        return await run_once(db, transactions, keyed, work)

    return router


def _is_visible(job: Job, caller: Principal) -> bool:
    project_id = project_of_subject(job.subject)
    return caller.projects is None if project_id is None else caller.can_see(project_id)


def _error(stored: Mapping[str, Any]) -> OperationError:
    return OperationError(
        type=f"/problems/{stored['code']}",
        code=stored["code"],
        detail=stored["detail"],
        errors=[ProblemError.model_validate(one) for one in stored["errors"]],
    )
