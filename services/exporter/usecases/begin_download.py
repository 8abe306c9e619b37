"""Begin to hand a document out."""

from collections.abc import Callable

from services.exporter.domain.errors import EXPORT_NOT_FOUND, EXPORT_NOT_READY
from services.exporter.domain.exports import Content, Export
from services.exporter.usecases.ports import ExportStore
from shared.auth.principal import Principal
from shared.db.uow import Transaction
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import ExportId, ProjectId


async def begin_download(
    tx: Transaction[ExportStore],
    project_id: ProjectId,
    export_id: ExportId,
    *,
    by: Principal,
    has: Callable[[str], bool],
) -> tuple[Export, Content]:
    """The project's export with its content, which may be sent once this has committed.

    The audit entry is there before the first byte leaves: who is cut off has an entry too, but
    nobody has a document without one. Who already ``has`` the document of this SHA-256 gets
    nothing, and so leaves none.

    Raises:
        NotFound: the project has no such export; code ``export-not-found``.
        Conflict: it is not rendered; code ``export-not-ready``.
    """
    export = await tx.store.get(export_id)
    if export.project_id != project_id:
        raise NotFound(f"There is no export {export_id}.", code=EXPORT_NOT_FOUND)
    content = export.content
    if content is None:
        raise Conflict(
            "The document is not complete. Watch the export's operation until it is.",
            code=EXPORT_NOT_READY,
        )
    if not has(content.sha256):
        await tx.audit(
            "export.downloaded",
            by=by,
            subject=export.subject,
            after={"file_name": export.file_name, "sha256": content.sha256},
        )
    return export, content
