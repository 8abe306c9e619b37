"""Typed identifiers. The wire form of every one is the bare UUID.

New ones are UUIDv7, made at the edge by :mod:`shared.runtime.ids` and passed in; the one exception
is ``VmId``, derived from a VM's identity so that every import of the same VM gives the same id.
"""

from typing import Final, NewType, Protocol
from uuid import UUID

ProjectId = NewType("ProjectId", UUID)
InventoryId = NewType("InventoryId", UUID)
AssessmentId = NewType("AssessmentId", UUID)
SnapshotId = NewType("SnapshotId", UUID)
VmId = NewType("VmId", UUID)
TenantId = NewType("TenantId", UUID)
JobId = NewType("JobId", UUID)
UserId = NewType("UserId", UUID)
ApprovalId = NewType("ApprovalId", UUID)
ExportId = NewType("ExportId", UUID)
PreviewId = NewType("PreviewId", UUID)
NetworkId = NewType("NetworkId", UUID)
PrepRunId = NewType("PrepRunId", UUID)
PrepTaskId = NewType("PrepTaskId", UUID)


_PROJECTS: Final = "projects"


def project_of_subject(subject: str) -> ProjectId | None:
    """The project that a subject belongs to: one that begins with ``projects/<id>``.

    >>> project_of_subject("users/0193a1b2-0000-7000-8000-000000000001") is None
    True
    """
    kind, _, rest = subject.partition("/")
    try:
        return ProjectId(UUID(rest.partition("/")[0])) if kind == _PROJECTS else None
    except ValueError:
        return None


class Ids(Protocol):
    """A source of new identifiers, so that domain and use cases make none themselves."""

    def new(self) -> UUID:
        """A new id that sorts after all earlier ones of this process."""
        ...
