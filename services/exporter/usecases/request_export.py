"""Ask for a document of a plan snapshot: find it, or queue its rendering."""

from typing import Final

from services.exporter.domain.exports import TEMPLATE_VERSION, Export, Format, PlanSnapshot
from services.exporter.usecases.ports import ExportStore
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
        requested_by: str,
    ) -> ExportId:
        """The export of this plan in this format.

        Safe to repeat: there is one for each snapshot digest, format and template version. One
        whose rendering failed is queued again. Whether the snapshot exists and belongs to the
        project is found out by the job.
        """
        known = await tx.store.find(project_id, snapshot, format_, TEMPLATE_VERSION)
        if known is not None and not known.has_failed:
            return known.export.id
        export_id = known.export.id if known else ExportId(self._ids.new())
        job_id = await _queue(tx, project_id, export_id, requested_by)
        if known is not None:
            await tx.store.set_job(export_id, job_id)
            return export_id
        await tx.store.add(
            Export(
                id=export_id,
                project_id=project_id,
                snapshot=snapshot,
                format=format_,
                template_version=TEMPLATE_VERSION,
                job_id=job_id,
                requested_by=requested_by,
                requested_at=self._clock.now(),
            )
        )
        return export_id


async def _queue(
    tx: Transaction[ExportStore], project_id: ProjectId, export_id: ExportId, requested_by: str
) -> JobId:
    return await tx.enqueue(
        RENDER,
        subject=f"projects/{project_id}/exports/{export_id}",
        payload={"export_id": str(export_id)},
        created_by=requested_by,
    )
