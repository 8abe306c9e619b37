"""Begin to hand a document out."""

from services.exporter.domain.errors import EXPORT_NOT_FOUND, EXPORT_NOT_READY
from services.exporter.domain.exports import Export
from services.exporter.usecases.ports import ExportStore
from shared.auth.principal import Principal
from shared.db.uow import Transaction
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import ExportId, ProjectId


async def begin_download(
    tx: Transaction[ExportStore], project_id: ProjectId, export_id: ExportId, *, by: Principal
) -> Export:
    """The project's export, complete; its content may be sent once this has committed.

    The audit entry is there before the first byte leaves: who is cut off has an entry too, but
    nobody has a document without one.

    Raises:
        NotFound: the project has no such export; code ``export-not-found``.
        Conflict: it is not rendered; code ``export-not-ready``.
    """
    export = await tx.store.get(export_id)
    if export.project_id != project_id:
        raise NotFound(f"There is no export {export_id}.", code=EXPORT_NOT_FOUND)
    if export.content is None:
        raise Conflict(
            "The document is not complete. Watch the export's operation until it is.",
            code=EXPORT_NOT_READY,
        )
    await tx.audit(
        "export.downloaded",
        by=by,
        subject=export.subject,
        after={"file_name": export.file_name, "sha256": export.content.sha256},
    )
    return export
