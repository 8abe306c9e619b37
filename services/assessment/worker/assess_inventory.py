"""The job ``assess_inventory``: pull an inventory page by page, assess it, announce the result.

A page is stored with its VMs and the progress in one fenced transaction, so a worker that dies
leaves whole pages, and the next one goes on from there.
"""

import asyncio
from typing import Any, Final
from uuid import UUID

from services.assessment.domain.assessment import DEFAULT_RULES, Assessor
from services.assessment.domain.errors import ASSESSMENT_SUPERSEDED, UNKNOWN_RECORDS
from services.assessment.domain.runs import AssessmentRun
from services.assessment.usecases.assess_page import (
    assess_page,
    detected_tenants,
    freeze_page,
)
from services.assessment.usecases.complete_assessment import complete_assessment
from services.assessment.usecases.ports import AssessmentStore, InventorySnapshots, Tenant
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import SnapshotRef
from shared.db.job_context import JobContext
from shared.http.pages import snapshot_path
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, Unsupported
from shared.kernel.ids import AssessmentId, TenantId
from shared.observability.failpoints import failpoint

PAGE_COMMITTED: Final = "assessment.page_committed"
"""Failpoint: a page is stored and the job has not gone on."""


class AssessInventory:
    """Runs the job; one instance serves all of them."""

    def __init__(self, snapshots: InventorySnapshots, clock: Clock) -> None:
        self._snapshots = snapshots
        self._clock = clock

    async def __call__(self, job: JobContext[AssessmentStore]) -> None:
        """Assess the pages that are not done yet, then complete.

        Raises:
            Conflict: a newer inventory has arrived meanwhile.
            Unsupported: the snapshot holds records that this version cannot read.
        """
        run = await _open(job)
        ref = _reference(run)
        manifest = await self._snapshots.manifest(ref)
        if manifest.record_schema != VmRecord.SCHEMA:
            raise Unsupported(
                f"The inventory holds {manifest.record_schema!r} records; this version reads "
                f"{VmRecord.SCHEMA!r}.",
                code=UNKNOWN_RECORDS,
            )
        assessment = _Assessment(job, run)
        for number in range(run.pages_done, manifest.page_count):
            await assessment.add_page(number, await self._snapshots.page(ref, manifest, number))
            failpoint(PAGE_COMMITTED)
        await self._complete(job, run)

    async def _complete(self, job: JobContext[AssessmentStore], run: AssessmentRun) -> None:
        async with job.transaction() as tx:
            reference = await complete_assessment(
                tx,
                run,
                snapshot_path=snapshot_path(run.id),
                rules_version=DEFAULT_RULES.risk.version,
                completed_at=self._clock.now(),
            )
            result = {"assessment_id": str(run.id), "snapshot_digest": reference.digest}
            await job.finish(tx, result)


class _Assessment:
    """The pages of one attempt; tenants that were met once are not asked for again."""

    def __init__(self, job: JobContext[AssessmentStore], run: AssessmentRun) -> None:
        self._job = job
        self._run = run
        self._assessor = Assessor(DEFAULT_RULES, as_of=run.inventory.imported_at.date())
        self._tenants: dict[TenantId, Tenant] = {}

    async def add_page(self, number: int, content: bytes) -> None:
        """Assess page ``number`` off the event loop and store it."""
        project_id = self._run.inventory.project_id
        records = await asyncio.to_thread(
            assess_page, content, self._assessor, project_id=project_id
        )
        new = [t for t in detected_tenants(records) if t.id not in self._tenants]
        if new:
            async with self._job.transaction() as tx:
                self._tenants.update(await tx.store.tenants(project_id, new))
        page = await asyncio.to_thread(freeze_page, number, content, records, self._tenants)
        async with self._job.transaction() as tx:
            await tx.store.add_page(self._run.id, page)
        await self._job.report(self._progress(number + 1))

    def _progress(self, pages_done: int) -> dict[str, Any]:
        return {"pages_done": pages_done, "pages_total": self._run.inventory.snapshot.page_count}


async def _open(job: JobContext[AssessmentStore]) -> AssessmentRun:
    async with job.transaction() as tx:
        run = await tx.store.get(AssessmentId(UUID(job.payload["assessment_id"])))
    if run.is_superseded:
        raise Conflict(
            "A newer inventory of the project has arrived; that one is assessed.",
            code=ASSESSMENT_SUPERSEDED,
        )
    return run


def _reference(run: AssessmentRun) -> SnapshotRef:
    source = run.inventory.snapshot
    return SnapshotRef(
        id=source.id,
        record_count=source.record_count,
        page_count=source.page_count,
        digest=source.digest,
        path=source.path,
    )
