"""Documents of a project's plans: ask for one, watch it, take it away."""

import base64
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from starlette.responses import Response

from services.exporter.api.schemas import ExportReply, ExportRequest, export_path
from services.exporter.domain.exports import MEDIA_TYPES, Content, Format, PlanSnapshot
from services.exporter.persistence.queries import content_chunks, list_exports, show_export
from services.exporter.usecases.begin_download import begin_download
from services.exporter.usecases.ports import ExportStore
from services.exporter.usecases.request_export import RequestExport
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.idempotency import Reply
from shared.db.uow import Database, Transactions
from shared.http.etags import ETAG_HEADER, IfNoneMatch, content_etag, is_named
from shared.http.idempotency import KeyedPost, json_reply, run_once
from shared.http.models import ListReply, PageParameters
from shared.http.security import VisibleProject, require
from shared.kernel.ids import ExportId, SnapshotId

_DOCUMENT_REPLIES: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The document",
        "content": {
            MEDIA_TYPES[Format.XLSX]: {"schema": {"type": "string", "format": "binary"}},
            MEDIA_TYPES[Format.JSON]: {"schema": {"type": "object"}, "example": {"sheets": []}},
        },
        "headers": {
            "ETag": ETAG_HEADER,
            "Content-Digest": {
                "description": "SHA-256 of the document (RFC 9530)",
                "required": True,
                "schema": {"type": "string"},
            },
            "Content-Disposition": {
                "description": "The file's name",
                "required": True,
                "schema": {"type": "string"},
            },
        },
    },
    304: {"description": "You have it: `If-None-Match` names its ETag"},
    409: {"description": "The document is not complete"},
}

_CACHING: Final = {"Cache-Control": "private, max-age=31536000, immutable"}

Reader = Annotated[Principal, require(Permission.READ)]


def public_routes(
    database: Database, transactions: Transactions[ExportStore], request_export: RequestExport
) -> APIRouter:
    """Exports of projects."""
    router = APIRouter(prefix="/v1/projects/{project_id}/exports", tags=["exports"])

    @router.post("", status_code=202, response_model=ExportReply)
    async def request_export_route(
        project_id: VisibleProject, body: ExportRequest, caller: Reader, keyed: KeyedPost
    ) -> Response:
        """Render a plan snapshot as a document. Asking again for the same one gives the same."""

        async def work(transactions: Transactions[ExportStore]) -> Reply:
            async with transactions() as tx:
                snapshot = PlanSnapshot(SnapshotId(body.snapshot.id), body.snapshot.digest)
                export_id = await request_export(tx, project_id, snapshot, body.format, by=caller)
                reply = ExportReply.of(await show_export(tx.connection, project_id, export_id))
                return json_reply(202, reply, location=export_path(project_id, export_id))

        return await run_once(database, transactions, keyed, work)

    @router.get("")
    async def list_exports_route(
        project_id: VisibleProject, caller: Reader, page: PageParameters
    ) -> ListReply[ExportReply]:
        """The project's exports, the newest first."""
        async with database.read() as connection:
            found = await list_exports(connection, project_id, cursor=page.cursor, limit=page.limit)
        return ListReply(
            items=[ExportReply.of(view) for view in found.items], next_cursor=found.next_cursor
        )

    @router.get("/{export_id}")
    async def show_export_route(
        project_id: VisibleProject, export_id: UUID, caller: Reader
    ) -> ExportReply:
        """One export."""
        async with database.read() as connection:
            return ExportReply.of(await show_export(connection, project_id, ExportId(export_id)))

    @router.get(
        "/{export_id}/content", response_class=StreamingResponse, responses=_DOCUMENT_REPLIES
    )
    async def download_export(
        project_id: VisibleProject,
        export_id: UUID,
        caller: Reader,
        if_none_match: IfNoneMatch = None,
    ) -> Response:
        """The document; 409 until it is complete. Each download is in the audit trail."""

        def has(sha256: str) -> bool:
            return is_named(if_none_match, content_etag(sha256))

        async with transactions() as tx:
            export, content = await begin_download(
                tx, project_id, ExportId(export_id), by=caller, has=has
            )
        if has(content.sha256):
            return Response(
                status_code=304, headers={"ETag": content_etag(content.sha256), **_CACHING}
            )
        return StreamingResponse(
            content_chunks(database, export),
            media_type=MEDIA_TYPES[export.format],
            headers=_content_headers(export.file_name, content),
        )

    return router


def _content_headers(file_name: str, content: Content) -> dict[str, str]:
    digest = base64.b64encode(bytes.fromhex(content.sha256)).decode()
    return {
        "Content-Disposition": f'attachment; filename="{file_name}"',
        "Content-Length": str(content.size_bytes),
        "Content-Digest": f"sha-256=:{digest}:",
        "ETag": content_etag(content.sha256),
        **_CACHING,
    }
