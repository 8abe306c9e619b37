"""The job ``compile_preparation``: pull the approved plan, add it up, list what is to be done.

Pages are added up and forgotten, so memory does not grow with the number of VMs. Nothing is stored
before the one fenced transaction that adds the run with all its tasks and ends the job: a worker
that dies leaves nothing behind, and the next one begins anew.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from services.provisioner.domain.compile import compile_tasks
from services.provisioner.domain.errors import INCOMPLETE_SNAPSHOT, UNKNOWN_RECORDS
from services.provisioner.domain.estate import Estate
from services.provisioner.domain.preparation import Preparation
from services.provisioner.domain.runs import ListedTask, Run
from services.provisioner.domain.tasks import Task
from services.provisioner.usecases.count_page import count_page
from services.provisioner.usecases.ports import PlanSnapshots, PreparationStore
from shared.contracts.records import PlannedVmRecord
from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from shared.db.job_context import JobContext
from shared.kernel.clock import Clock
from shared.kernel.errors import Invalid, Unsupported
from shared.kernel.ids import Ids, PrepRunId, PrepTaskId, ProjectId
from shared.observability.failpoints import failpoint

PAGE_COUNTED: Final = "provisioner.page_counted"
"""Failpoint: a page is added up in memory, and nothing of it is stored."""
SUPERSEDED: Final = {"outcome": "superseded"}
"""The result of a job whose approval is not the project's newest any more."""


class CompilePreparation:
    """Runs the job; one instance serves all of them."""

    def __init__(self, snapshots: PlanSnapshots, ids: Ids, clock: Clock) -> None:
        self._snapshots = snapshots
        self._ids = ids
        self._clock = clock

    async def __call__(self, job: JobContext[PreparationStore]) -> dict[str, Any] | None:
        """List the tasks of the approval unless a newer one has taken over.

        Raises:
            NotFound, Invalid, Unavailable: the plan snapshot cannot be read.
            Unsupported: it holds records that this version cannot read.
        """
        async with job.transaction() as tx:
            preparation = await _own(job, tx.store)
        if preparation is None:
            return SUPERSEDED
        ref = _reference(preparation)
        manifest = await self._snapshots.manifest(ref)
        _check_records(manifest)
        estate = await self._add_up(job, ref, manifest)
        tasks = await asyncio.to_thread(compile_tasks, estate, preparation.project_id)
        return await self._store(job, preparation, tasks)

    async def _add_up(
        self, job: JobContext[PreparationStore], ref: SnapshotRef, manifest: SnapshotManifest
    ) -> Estate:
        estate = Estate()
        for number in range(manifest.page_count):
            page = await self._snapshots.page(ref, manifest, number)
            await asyncio.to_thread(count_page, estate, page)
            failpoint(PAGE_COUNTED)
            await job.report({"pages_done": number + 1, "pages_total": manifest.page_count})
        if estate.vms != manifest.record_count:
            raise Invalid(
                f"The plan's pages hold {estate.vms} VMs, {manifest.record_count} were announced. "
                "Build the plan again and approve it.",
                code=INCOMPLETE_SNAPSHOT,
            )
        return estate

    async def _store(
        self, job: JobContext[PreparationStore], preparation: Preparation, tasks: Sequence[Task]
    ) -> dict[str, Any] | None:
        """The last transaction: the run, all its tasks, and the end of the job."""
        run = Run(
            id=PrepRunId(self._ids.new()),
            project_id=preparation.project_id,
            approval_id=preparation.approval_id,
            snapshot_id=preparation.snapshot_id,
            snapshot_digest=preparation.snapshot_digest,
            compiled_at=self._clock.now(),
        )
        listed = [
            ListedTask(id=PrepTaskId(self._ids.new()), position=position, task=task)
            for position, task in enumerate(tasks, start=1)
        ]
        async with job.transaction() as tx:
            if await _own(job, tx.store) is None:
                return SUPERSEDED
            await tx.store.drop_drafts(run.project_id)
            await tx.store.add_run(run, listed)
            blocked = sum(task.blocker is not None for task in tasks)
            result = {"outcome": "compiled", "run_id": str(run.id), "tasks": len(tasks)}
            await job.finish(tx, {**result, "blocked": blocked})
        return None


async def _own(job: JobContext[PreparationStore], store: PreparationStore) -> Preparation | None:
    """The preparation that the job is for; None if a newer approval has replaced it."""
    preparation = await store.latest(ProjectId(UUID(job.payload["project_id"])))
    if preparation is None or preparation.approval_id != UUID(job.payload["approval_id"]):
        return None
    return preparation


def _check_records(manifest: SnapshotManifest) -> None:
    if manifest.record_schema != PlannedVmRecord.SCHEMA:
        raise Unsupported(
            f"The plan snapshot holds {manifest.record_schema!r} records; this version reads "
            f"{PlannedVmRecord.SCHEMA!r}. Build the plan again, or use the matching version.",
            code=UNKNOWN_RECORDS,
        )


def _reference(preparation: Preparation) -> SnapshotRef:
    return SnapshotRef(
        id=preparation.snapshot_id,
        record_count=preparation.vm_count,  # a plan's records are its VMs in scope
        page_count=preparation.page_count,
        digest=preparation.snapshot_digest,
        path=preparation.snapshot_path,
    )
