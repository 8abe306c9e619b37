"""Ask for a document of a plan snapshot: find it, or queue its rendering."""

from typing import Final

from services.exporter.domain.exports import (
    TEMPLATE_VERSION,
    Export,
    Format,
    PlanSnapshot,
    subject_of,
)
from services.exporter.usecases.ports import ExportStore
from shared.auth.principal import Principal
from shared.db.uow import Transaction
from shared.kernel.clock import Clock
from shared.kernel.ids import ExportId, Ids, JobId, ProjectId

RENDER: Final = "render_export"
"""The kind of the job."""


class RequestExport:
    """The command; one instance serves all."""

    def __init__(self, ids: Ids, clock: Clock) -> None:
        self._ids = ids
        self._clock = clock

    async def __call__(
        self,
        tx: Transaction[ExportStore],
        project_id: ProjectId,
        snapshot: PlanSnapshot,
        format_: Format,
        *,
        by: Principal,
    ) -> ExportId:
        """The export of this plan in this format.

        Safe to repeat: there is one for each snapshot digest, format and template version. One
        whose rendering failed is queued again. Whether the snapshot exists and belongs to the
        project is found out by the job.
        """
        known = await tx.store.find(project_id, snapshot, format_, TEMPLATE_VERSION)
        export_id = known.export.id if known else ExportId(self._ids.new())
        subject = subject_of(project_id, export_id)
        is_queued = known is None or known.has_failed
        if is_queued:
            job_id = await tx.enqueue(
                RENDER,
                subject=subject,
                payload={"export_id": str(export_id)},
                created_by=by.key,
            )
            if known is not None:
                await tx.store.set_job(export_id, job_id)
            else:
                export = self._export(export_id, project_id, snapshot, format_, job_id, by)
                await tx.store.add(export)
        after = {"format": format_.value, "digest": snapshot.digest, "is_queued": is_queued}
        await tx.audit("export.requested", by=by, subject=subject, after=after)
        return export_id

    def _export(
        self,
        export_id: ExportId,
        project_id: ProjectId,
        snapshot: PlanSnapshot,
        format_: Format,
        job_id: JobId,
        by: Principal,
    ) -> Export:
        return Export(
            id=export_id,
            project_id=project_id,
            snapshot=snapshot,
            format=format_,
            template_version=TEMPLATE_VERSION,
            job_id=job_id,
            requested_by=by.key,
            requested_at=self._clock.now(),
        )
