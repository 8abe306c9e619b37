"""An inventory: what one import of a workbook gives."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from shared.kernel.ids import InventoryId, JobId, ProjectId

DEFAULT_FILE_NAME: Final = "workbook.xlsx"
MAX_FILE_NAME_CHARS: Final = 200
_PATH: Final = re.compile(r".*[/\\]")


class InventoryState(StrEnum):
    """Where an import stands. A held one is stored and waits to be applied. The last three are
    final, but a failed one can be retried."""

    QUEUED = "queued"
    VALIDATING = "validating"
    PARSING = "parsing"
    STORING = "storing"
    HELD = "held"
    READY = "ready"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ImportMode(StrEnum):
    """What an import does with what was decided on VMs and tenants of the one before it."""

    MERGE = "merge"
    """Decisions on VMs that are recognised stay."""
    REPLACE = "replace"
    """Everything keyed to a VM or a tenant goes; settings and rules stay."""


@dataclass(frozen=True, slots=True)
class Upload:
    """The bytes of a workbook, received completely. ``sha256`` is hexadecimal."""

    file_name: str
    size_bytes: int
    sha256: str


def subject_of(project_id: ProjectId, inventory_id: InventoryId) -> str:
    """What an inventory is called in jobs and the audit trail."""
    return f"projects/{project_id}/inventories/{inventory_id}"


@dataclass(frozen=True, slots=True)
class Inventory:
    """An inventory in its project; ``number`` counts its project's inventories from 1.

    ``imported_at`` is None until its rows are stored, ``applied_at`` until the other services are
    told of it: at once, unless ``is_held`` makes it wait for somebody who has looked at it.
    """

    id: InventoryId
    project_id: ProjectId
    number: int
    upload: Upload
    uploaded_at: datetime
    uploaded_by: str
    job_id: JobId
    mode: ImportMode = ImportMode.MERGE
    is_held: bool = False
    imported_at: datetime | None = None
    applied_at: datetime | None = None

    @property
    def subject(self) -> str:
        """What it is called in jobs and the audit trail."""
        return subject_of(self.project_id, self.id)


@dataclass(frozen=True, slots=True)
class Counts:
    """Rows that an import stored; templates and placeholders included."""

    vms: int
    disks: int
    nics: int


def file_name(text: str | None) -> str:
    r"""The name of an uploaded file, for display only.

    >>> file_name("C:\\exports\\vc 1.xlsx")
    'vc 1.xlsx'
    """
    name = _PATH.sub("", text or "").strip()
    name = "".join(char for char in name if char.isprintable())
    return name[:MAX_FILE_NAME_CHARS] or DEFAULT_FILE_NAME
