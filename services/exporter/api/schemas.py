"""Bodies of the exporter."""

from enum import StrEnum
from typing import Annotated, Any, Final, Self
from uuid import UUID

from pydantic import Field

from services.exporter.domain.exports import Format
from services.exporter.persistence.queries import ExportView
from shared.db.jobs import JobState
from shared.http.models import ReplyModel, RequestModel, UtcTime
from shared.http.operations import OperationError, operation_path, present_operation

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SnapshotChoice(RequestModel):
    """A plan snapshot, as the project's plan names it."""

    id: UUID
    digest: Sha256


class ExportRequest(RequestModel):
    """What to render."""

    format: Format
    snapshot: SnapshotChoice


class ExportState(StrEnum):
    """Where an export stands."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETE = "complete"
    FAILED = "failed"
    CANCELLED = "cancelled"


_STATES: Final = {
    JobState.QUEUED: ExportState.QUEUED,
    JobState.RUNNING: ExportState.RUNNING,
    JobState.FAILED: ExportState.FAILED,
    JobState.CANCELLED: ExportState.CANCELLED,
    JobState.SUCCEEDED: ExportState.COMPLETE,
}


class ExportedSnapshot(ReplyModel):
    """The plan snapshot that is exported."""

    id: UUID
    digest: str


class ExportReply(ReplyModel):
    """One plan snapshot in one format."""

    id: UUID
    project_id: UUID
    format: Format
    snapshot: ExportedSnapshot
    state: ExportState
    progress: dict[str, Any] | None = Field(
        description="Pages of the snapshot done, and of how many"
    )
    operation: str = Field(description="Path of the operation: watch, cancel, retry")
    file_name: str
    content: str | None = Field(description="Path of the document, once it is complete")
    size_bytes: int | None
    sha256: str | None = Field(description="Of the document")
    error: OperationError | None
    requested_at: UtcTime
    completed_at: UtcTime | None

    @classmethod
    def of(cls, view: ExportView) -> Self:
        """``view`` as a reply."""
        export, content = view.export, view.export.content
        path = export_path(export.project_id, export.id)
        return cls(
            id=export.id,
            project_id=export.project_id,
            format=export.format,
            snapshot=ExportedSnapshot(id=export.snapshot.id, digest=export.snapshot.digest),
            state=ExportState.COMPLETE if content else _STATES[view.job.state],
            progress=view.job.progress,
            operation=operation_path("exporter", export.job_id),
            file_name=export.file_name,
            content=f"{path}/content" if content else None,
            size_bytes=content.size_bytes if content else None,
            sha256=content.sha256 if content else None,
            error=present_operation("exporter", view.job).error,
            requested_at=export.requested_at,
            completed_at=content.completed_at if content else None,
        )


def export_path(project_id: UUID, export_id: UUID) -> str:
    """Where an export is found."""
    return f"/v1/projects/{project_id}/exports/{export_id}"
