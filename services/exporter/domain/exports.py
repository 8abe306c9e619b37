"""An export: one plan snapshot in one format, rendered once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from services.exporter.domain.errors import SNAPSHOT_NOT_FOUND
from services.exporter.domain.json_values import Document
from shared.kernel.errors import NotFound
from shared.kernel.ids import ExportId, JobId, ProjectId, SnapshotId

TEMPLATE_VERSION: Final = 2
"""Raise it when a document changes for the same snapshot, so that cached ones are made again."""

CHUNK_BYTES: Final = 1024 * 1024
"""Content is kept and sent in pieces of this size; the last one is shorter."""


class Format(StrEnum):
    """What a plan can be exported as."""

    XLSX = "xlsx"
    JSON = "json"


MEDIA_TYPES: Final = {
    Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Format.JSON: "application/json",
}


@dataclass(frozen=True, slots=True)
class PlanSnapshot:
    """The frozen plan that is exported; the digest tells its content."""

    id: SnapshotId
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What was rendered. ``sha256`` is hexadecimal."""

    size_bytes: int
    sha256: str
    completed_at: datetime


def subject_of(project_id: ProjectId, export_id: ExportId) -> str:
    """What an export is called in jobs and the audit trail."""
    return f"projects/{project_id}/exports/{export_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """An export of a project. ``content`` is None until it is rendered."""

    id: ExportId
    project_id: ProjectId
    snapshot: PlanSnapshot
    format: Format
    template_version: int
    job_id: JobId
    requested_by: str
    requested_at: datetime
    content: Content | None = None

    @property
    def subject(self) -> str:
        """What it is called in jobs and the audit trail."""
        return subject_of(self.project_id, self.id)

    @property
    def file_name(self) -> str:
        """What the document is called when it is saved: plain ASCII, the same for equal plans."""
        return f"migration-plan-{self.snapshot.digest[:12]}.{self.format}"

    @property
    def chunk_count(self) -> int:
        """In how many pieces the content is kept."""
        return 0 if self.content is None else -(-self.content.size_bytes // CHUNK_BYTES)


def check_project(header: Document, project_id: ProjectId) -> None:
    """Does nothing when the snapshot with this header is the project's.

    Raises:
        NotFound: it is another project's, which must not even be learnt.
    """
    if header.get("project_id") != str(project_id):
        raise NotFound(
            "The planner has no such plan snapshot for this project. Take id and digest from the "
            "project's plan.",
            code=SNAPSHOT_NOT_FOUND,
        )
