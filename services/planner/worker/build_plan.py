"""The job ``build_plan``: merge the newest assessment, schedule it, freeze the plan.

Safe to kill anywhere. Merging goes on at the first page that is not merged; making the plan is
repeated from the read model and gives the same content, hence the same digest; one last
transaction makes it the project's latest plan and ends the job.
"""

import asyncio
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from services.planner.domain.errors import IncompleteSnapshot
from services.planner.domain.plan import Plan, make_plan
from services.planner.domain.settings import PlanSettings
from services.planner.domain.snapshot import plan_header
from services.planner.domain.vms import Vm
from services.planner.usecases.ports import AssessedSnapshots, Assessment, PlannerStore
from services.planner.worker.merge_assessment import merge_assessment
from services.planner.worker.plan_pages import plan_page
from shared.contracts.records import PlannedVmRecord
from shared.contracts.snapshots import RECORDS_PER_PAGE, SnapshotManifest, page_sha256
from shared.db.job_context import JobContext
from shared.kernel.ids import AssessmentId, Ids, ProjectId, SnapshotId

SUPERSEDED: Final = {"outcome": "superseded"}
"""The result of a job that is not the project's newest build any more."""


class _Superseded(Exception):
    """A newer build has taken over, and may have removed this one's read model."""


@dataclass(frozen=True, slots=True)
class _Inputs:
    """All that a plan is made of."""

    vms: list[Vm]
    excluded: dict[str, int]
    settings: PlanSettings


@dataclass(frozen=True, slots=True)
class _Snapshot:
    """What is to be frozen."""

    manifest: SnapshotManifest
    digest: str
    pages: list[bytes]


class BuildPlan:
    """Builds plans; ``upstream`` is where assessed snapshots come from."""

    def __init__(self, upstream: AssessedSnapshots, ids: Ids) -> None:
        self._upstream = upstream
        self._ids = ids

    async def run(self, context: JobContext[PlannerStore]) -> dict[str, Any] | None:
        """The result names the snapshot, or says that a newer build has taken over.

        Raises:
            PlanTooLong: the estate cannot be moved within the horizon.
            NotFound, Invalid, Unavailable: the assessed snapshot cannot be read.
        """
        assessment_id = AssessmentId(UUID(context.payload["assessment_id"]))
        async with context.transaction() as tx:
            assessment = await tx.store.assessment(assessment_id)
        if assessment is None:
            return SUPERSEDED
        try:
            await merge_assessment(context, assessment, self._upstream)
            await context.report({"stage": "scheduling"})
            snapshot = await self._plan(context, assessment)
            await _freeze(context, assessment.project_id, snapshot)
        except _Superseded:
            return SUPERSEDED
        return None

    async def _plan(self, context: JobContext[PlannerStore], assessment: Assessment) -> _Snapshot:
        project_id, based_on = assessment.project_id, assessment.based_on
        inputs = await _read_inputs(context, assessment)
        plan = await asyncio.to_thread(
            make_plan, inputs.vms, inputs.settings, imported_at=based_on.imported_at
        )
        pages = await _render_pages(context, based_on.assessment_id, plan)
        header = await asyncio.to_thread(
            plan_header, project_id, based_on, plan, excluded=inputs.excluded
        )
        manifest = SnapshotManifest(
            id=self._ids.new(),
            record_schema=PlannedVmRecord.SCHEMA,
            record_count=len(plan.vms),
            page_sha256=[page_sha256(page) for page in pages],
            header=header,
        )
        return _Snapshot(manifest, await asyncio.to_thread(manifest.digest), pages)


async def _read_inputs(context: JobContext[PlannerStore], assessment: Assessment) -> _Inputs:
    assessment_id = assessment.based_on.assessment_id
    vms: list[Vm] = []
    async with context.transaction() as tx:
        settings = await tx.store.settings(assessment.project_id)
        excluded = await tx.store.excluded(assessment_id)
        async for some in tx.store.vms(assessment_id):
            vms.extend(some)
        if await tx.store.assessment(assessment_id) is None:
            raise _Superseded
    found, announced = len(vms) + sum(excluded.values()), assessment.snapshot.record_count
    if found != announced:
        raise IncompleteSnapshot(
            f"The assessed pages hold {found} VMs, {announced} were announced. Import the workbook "
            "again."
        )
    return _Inputs(vms, excluded, settings.plan)


async def _render_pages(
    context: JobContext[PlannerStore], assessment_id: AssessmentId, plan: Plan
) -> list[bytes]:
    pages: list[bytes] = []
    for first in range(0, len(plan.vms), RECORDS_PER_PAGE):
        some = plan.vms[first : first + RECORDS_PER_PAGE]
        async with context.transaction() as tx:
            details = await tx.store.details(assessment_id, [one.vm.vm_id for one in some])
        if len(details) < len(some):
            raise _Superseded
        pages.append(await asyncio.to_thread(plan_page, some, details, plan.copy_model))
    return pages


async def _freeze(
    context: JobContext[PlannerStore], project_id: ProjectId, snapshot: _Snapshot
) -> None:
    """The last transaction: the plan becomes the project's latest, and the job ends."""
    manifest = snapshot.manifest
    async with context.transaction() as tx:
        current = await tx.store.current_plan(project_id)
        if current is None or current.job_id != context.job_id:
            raise _Superseded
        snapshot_id = await tx.store.find_snapshot(project_id, snapshot.digest)
        is_new = snapshot_id is None
        if snapshot_id is None:
            snapshot_id = SnapshotId(manifest.id)
            await tx.store.add_snapshot(
                project_id, manifest, snapshot.pages, digest=snapshot.digest
            )
        await tx.store.set_latest(project_id, snapshot_id)
        await context.finish(
            tx,
            {
                "outcome": "planned",
                "snapshot_id": str(snapshot_id),
                "digest": snapshot.digest,
                "is_new": is_new,
                "vms": manifest.record_count,
            },
        )
