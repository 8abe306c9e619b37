"""Typed identifiers. The wire form of every one is the bare UUID.

New ones are UUIDv7, made at the edge by :mod:`shared.runtime.ids` and passed in; the one exception
is ``VmId``, derived from a VM's identity so that every import of the same VM gives the same id.
"""

from typing import NewType, Protocol
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
PrepRunId = NewType("PrepRunId", UUID)
PrepTaskId = NewType("PrepTaskId", UUID)


class Ids(Protocol):
    """A source of new identifiers, so that domain and use cases make none themselves."""

    def new(self) -> UUID:
        """A new id that sorts after all earlier ones of this process."""
        ...
