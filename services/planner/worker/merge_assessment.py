"""Bring an assessed snapshot into the planner's read model, page by page."""

import asyncio
from typing import Final

from services.planner.domain.errors import UnknownRecords
from services.planner.usecases.ports import AssessedSnapshots, Assessment, PlannerStore
from shared.contracts.records import AssessedVmRecord
from shared.contracts.snapshots import decode_page
from shared.db.job_context import JobContext
from shared.observability.failpoints import failpoint

PAGE_MERGED: Final = "planner.page_merged"
"""Failpoint: a page is in the read model and the job has not gone on."""


async def merge_assessment(
    context: JobContext[PlannerStore], assessment: Assessment, upstream: AssessedSnapshots
) -> None:
    """Merge the pages that are still missing.

    Each page is one transaction with its own progress, so a killed worker goes on where it was,
    and two workers on one assessment do not merge a page twice.

    Raises:
        UnknownRecords: they are not of the kind this version reads.
        NotFound, Invalid, Unavailable: the snapshot cannot be read.
    """
    ref = assessment.snapshot
    number = assessment.pages_merged
    if number >= ref.page_count:
        return
    manifest = await upstream.manifest(ref)
    if manifest.record_schema != AssessedVmRecord.SCHEMA:
        raise UnknownRecords(
            f"The assessment holds {manifest.record_schema!r} records; this version reads "
            f"{AssessedVmRecord.SCHEMA!r}."
        )
    while number < ref.page_count:
        page = await upstream.page(ref, manifest, number)
        vms = await asyncio.to_thread(_read_page, page)
        async with context.transaction() as tx:
            is_next = await tx.store.merge_page(assessment.based_on.assessment_id, number, vms)
        number = number + 1 if is_next else await _pages_merged(context, assessment)
        await context.report(
            {"stage": "merging", "pages_done": number, "pages_total": ref.page_count}
        )
        failpoint(PAGE_MERGED)


async def _pages_merged(context: JobContext[PlannerStore], assessment: Assessment) -> int:
    """Where another worker has got to; the end if the assessment has been replaced."""
    async with context.transaction() as tx:
        now = await tx.store.assessment(assessment.based_on.assessment_id)
    return assessment.snapshot.page_count if now is None else now.pages_merged


def _read_page(page: bytes) -> list[tuple[object, ...]]:
    """The rows of a page, in the order of the read model's columns."""
    return [
        (
            vm.vm_id,
            vm.is_excluded,
            vm.excluded_because,
            vm.name,
            vm.tenant_id,
            vm.tenant_name,
            vm.org_vdc,
            vm.cluster,
            vm.power_state.value,
            vm.os_family.value,
            vm.os_text,
            vm.vcpus,
            vm.memory_mib,
            vm.disk_mib,
            vm.used_mib,
            vm.allocated_mib,
            vm.networks,
            vm.risk_score,
            vm.risk_band.value,
            vm.mode_class.value,
            vm.disk_count,
            vm.nic_count,
        )
        for vm in decode_page(page, AssessedVmRecord)
    ]
