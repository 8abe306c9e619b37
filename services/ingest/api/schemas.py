"""Bodies of the ingest."""

from dataclasses import asdict
from typing import Any, Final, Literal, Self
from uuid import UUID

from pydantic import Field

from services.ingest.domain.inventory import ImportMode, InventoryState
from services.ingest.domain.project import MAX_DESCRIPTION_CHARS, MAX_NAME_CHARS, Project
from services.ingest.persistence.contents import Contents
from services.ingest.persistence.queries import InventoryView
from shared.db.jobs import JobState
from shared.http.models import MergePatch, ReplyModel, RequestModel, UtcTime
from shared.http.operations import OperationError, operation_path, present_operation

CLEARED: Final = (
    "all imports, with their rows and reports",
    "assessments, and what was decided on their VMs and tenants",
    "plans that nobody asked to approve, and the preparation that nobody has started",
    "exports",
)
DELETED: Final = (
    "the project's settings and rules",
    "plans and their approvals",
    "the project itself; its audit trail stays",
)


class NewProject(RequestModel):
    """A project to create."""

    name: str = Field(max_length=MAX_NAME_CHARS, examples=["Acme to PCD"])
    description: str = Field("", max_length=MAX_DESCRIPTION_CHARS)


class ProjectPatch(MergePatch):
    """What can be changed of a project."""

    name: str = Field("", max_length=MAX_NAME_CHARS)
    description: str | None = Field("", max_length=MAX_DESCRIPTION_CHARS)
    life: Literal["active", "archived"] = Field(
        "active",
        description="archived: can be read, not changed, and is not listed; needs migration:admin",
    )


class ProjectConfirmation(RequestModel):
    """That just this project is meant."""

    name: str = Field(description="The project's name, exactly", max_length=MAX_NAME_CHARS)


class ContentsReply(ReplyModel):
    """What clearing or deleting the project would remove."""

    name: str
    imports: int
    running_imports: int = Field(description="They are stopped")
    vms: int = Field(description="VMs in all imports together")
    disks: int
    nics: int
    cleared: list[str] = Field(description="What goes when the project is cleared")
    deleted: list[str] = Field(description="What goes besides when it is deleted")

    @classmethod
    def of(cls, contents: Contents) -> Self:
        """``contents`` as a reply."""
        return cls(**asdict(contents), cleared=list(CLEARED), deleted=list(DELETED))


class ProjectReply(ReplyModel):
    """One estate on its way to a target cloud."""

    id: UUID
    name: str
    description: str
    created_at: UtcTime
    created_by: str = Field(description="Principal, e.g. user:<id>")
    life: Literal["active", "archived"]

    @classmethod
    def of(cls, project: Project) -> Self:
        """``project`` as a reply."""
        return cls.model_validate(project)


class InventoryCounts(ReplyModel):
    """Rows stored; templates and SRM placeholders included."""

    vms: int
    disks: int
    nics: int


_WITHOUT_ROWS = {
    JobState.QUEUED: InventoryState.QUEUED,
    JobState.FAILED: InventoryState.FAILED,
    JobState.CANCELLED: InventoryState.CANCELLED,
    # The job was read a moment after the inventory, and ended between: the next look shows both.
    JobState.SUCCEEDED: InventoryState.STORING,
}


class InventoryItem(ReplyModel):
    """One import of a workbook."""

    id: UUID
    project_id: UUID
    number: int = Field(description="1 for the project's first inventory")
    state: InventoryState
    file_name: str
    size_bytes: int
    sha256: str
    uploaded_at: UtcTime
    uploaded_by: str = Field(description="Principal, e.g. user:<id>")
    operation: str = Field(description="Path of the operation: watch, cancel, retry")
    progress: dict[str, Any] | None = Field(description="How far the import is: tab and rows")
    error: OperationError | None
    mode: ImportMode
    imported_at: UtcTime | None = Field(description="When its rows were stored")
    applied_at: UtcTime | None = Field(
        description="When the project began to work with it; null while it is held"
    )
    counts: InventoryCounts | None = Field(description="Once it is ready")

    @classmethod
    def of(cls, view: InventoryView) -> Self:
        """``view`` as a reply."""
        return cls(**_facts(view))


class InventoryReply(InventoryItem):
    """One import of a workbook, with what became of every tab."""

    report: dict[str, Any] | None = Field(
        description="Once it is ready: first the confidence, figure by figure, in what was read; "
        "then rows, matched columns, attributes, rejected cells and how to mend them, "
        "contradictions between tabs, join coverage, totals"
    )

    @classmethod
    def of(cls, view: InventoryView) -> Self:
        """``view`` as a reply."""
        return cls(**_facts(view), report=None if view.report is None else dict(view.report))


def _facts(view: InventoryView) -> dict[str, Any]:
    inventory, operation = view.inventory, present_operation("ingest", view.job)
    return {
        "id": inventory.id,
        "project_id": inventory.project_id,
        "number": inventory.number,
        "state": _state(view),
        "file_name": inventory.upload.file_name,
        "size_bytes": inventory.upload.size_bytes,
        "sha256": inventory.upload.sha256,
        "uploaded_at": inventory.uploaded_at,
        "uploaded_by": inventory.uploaded_by,
        "operation": operation_path("ingest", inventory.job_id),
        "progress": operation.progress,
        "error": operation.error,
        "mode": inventory.mode,
        "imported_at": inventory.imported_at,
        "applied_at": inventory.applied_at,
        "counts": None if view.counts is None else InventoryCounts.model_validate(view.counts),
    }


def _state(view: InventoryView) -> InventoryState:
    if view.inventory.applied_at is not None:
        return InventoryState.READY
    if view.inventory.imported_at is not None:
        return InventoryState.HELD
    if view.job.state in _WITHOUT_ROWS:
        return _WITHOUT_ROWS[view.job.state]
    return InventoryState((view.job.progress or {}).get("state", InventoryState.VALIDATING))
