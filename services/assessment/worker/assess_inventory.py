"""The job ``assess_inventory``: pull an inventory page by page, assess it, announce the result.

A page is stored with its VMs and the progress in one fenced transaction, so a worker that dies
leaves whole pages, and the next one goes on from there. What people decided is read page by page
and yet is of one moment: a decision made after the first transaction stops this assessment.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from services.assessment.domain.assessment import Assessor, Rules
from services.assessment.domain.errors import ASSESSMENT_SUPERSEDED
from services.assessment.domain.rule_check import compiled
from services.assessment.domain.runs import AssessmentRun
from services.assessment.domain.tenancy import Tenant
from services.assessment.usecases.assess_page import (
    PageDecisions,
    Record,
    assess_page,
    attached_networks,
    detected_keys,
    freeze_page,
)
from services.assessment.usecases.complete_assessment import complete_assessment
from services.assessment.usecases.ports import AssessmentStore, InventorySnapshots
from services.assessment.worker.inventory_source import check_schema, inventory_reference
from shared.db.job_context import JobContext
from shared.http.pages import snapshot_path
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict
from shared.kernel.ids import AssessmentId, ProjectId, TenantId
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
            Conflict: a newer inventory or decision has arrived meanwhile.
            Unsupported: the snapshot holds records that this version cannot read.
        """
        run, rules = await _begin(job)
        ref = inventory_reference(run)
        manifest = await self._snapshots.manifest(ref)
        check_schema(manifest)
        assessment = _Assessment(job, run, rules)
        for number in range(run.pages_done, manifest.page_count):
            await assessment.add_page(number, await self._snapshots.page(ref, manifest, number))
            failpoint(PAGE_COMMITTED)
        await self._complete(job, run, rules)

    async def _complete(
        self, job: JobContext[AssessmentStore], run: AssessmentRun, rules: Rules
    ) -> None:
        async with job.transaction() as tx:
            reference = await complete_assessment(
                tx,
                run,
                snapshot_path=snapshot_path(run.id),
                rules_version=rules.version,
                completed_at=self._clock.now(),
            )
            result = {"assessment_id": str(run.id), "snapshot_digest": reference.digest}
            await job.finish(tx, result)


class _Assessment:
    """The pages of one attempt; tenants that were met once are not asked for again."""

    def __init__(self, job: JobContext[AssessmentStore], run: AssessmentRun, rules: Rules) -> None:
        self._job = job
        self._run = run
        self._assessor = Assessor(rules, as_of=run.inventory.imported_at.date())
        self._tenants: dict[TenantId, Tenant] = {}

    async def add_page(self, number: int, content: bytes) -> None:
        """Assess page ``number`` off the event loop and store it."""
        project_id = self._run.inventory.project_id
        records = await asyncio.to_thread(
            assess_page, content, self._assessor, project_id=project_id
        )
        decisions = await self._decisions(project_id, records)
        page = await asyncio.to_thread(freeze_page, number, content, records, decisions)
        async with self._job.transaction() as tx:
            await tx.store.add_page(self._run.id, page)
        await self._job.report(self._progress(number + 1))

    async def _decisions(self, project_id: ProjectId, records: Sequence[Record]) -> PageDecisions:
        vm_ids = [record["vm_id"] for record in records]
        new = [key for key in detected_keys(records) if key.id not in self._tenants]
        async with self._job.transaction() as tx:
            if new:
                self._tenants.update(await tx.store.tenants.resolve(project_id, new))
            return PageDecisions(
                tenants=self._tenants,
                assigned=await tx.store.tenants.assigned(project_id, vm_ids),
                waivers=await tx.store.waivers.of(project_id, vm_ids),
                networks=await tx.store.networks.overrides(project_id, attached_networks(records)),
            )

    def _progress(self, pages_done: int) -> dict[str, Any]:
        return {"pages_done": pages_done, "pages_total": self._run.inventory.snapshot.page_count}


async def _begin(job: JobContext[AssessmentStore]) -> tuple[AssessmentRun, Rules]:
    """The assessment and the rules it goes by: those of its first attempt."""
    async with job.transaction() as tx:
        run = await tx.store.get(AssessmentId(UUID(job.payload["assessment_id"])))
        if run.is_superseded:
            raise Conflict(
                "A newer inventory or decision of the project has arrived; the assessment that "
                "knows it is worked on.",
                code=ASSESSMENT_SUPERSEDED,
            )
        project_id = run.inventory.project_id
        if run.rules_version is None:
            stored = await tx.store.rules.current(project_id)
            await tx.store.begin(run.id, rules_version=stored.version)
        else:
            stored = await tx.store.rules.version(project_id, run.rules_version)
    return run, compiled(stored.rules, version=stored.version)
