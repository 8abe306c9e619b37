"""One VM with all that is known of it."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.errors import DETAILS_NOT_KEPT, VM_NOT_FOUND
from services.assessment.persistence.tables import assessed_vms, source_pages
from services.assessment.persistence.vm_list import vm_rows
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import AssessmentId


@dataclass(frozen=True, slots=True)
class StoredVm:
    """A VM as the list has it, and where the inventory's record of it is."""

    row: Mapping[str, Any]
    page: bytes
    """A page of the inventory's snapshot."""
    line: int
    """The VM's place in it, from 0."""

    def record(self) -> bytes:
        """The inventory's record, JSON. Processor work, for a thread: it unpacks the whole page."""
        return gzip.decompress(self.page).split(b"\n", self.line + 1)[self.line]


async def find_vm(
    connection: AsyncConnection, assessment_id: AssessmentId, vm_id: UUID
) -> StoredVm:
    """The VM, in scope or not.

    Raises:
        NotFound: the assessment has no such VM.
        Conflict: it was assessed by a version that kept no details.
    """
    is_own = and_(assessed_vms.c.assessment_id == assessment_id, assessed_vms.c.vm_id == vm_id)
    place = (
        await connection.execute(
            select(assessed_vms.c.page_line, source_pages.c.content)
            .outerjoin(
                source_pages,
                and_(
                    source_pages.c.assessment_id == assessed_vms.c.assessment_id,
                    source_pages.c.number == assessed_vms.c.page_number,
                ),
            )
            .where(is_own)
        )
    ).one_or_none()
    if place is None:
        raise NotFound("The newest assessment has no such VM.", code=VM_NOT_FOUND)
    if place.content is None:
        raise Conflict(
            "This project was assessed by an older version, which kept no details of VMs. Import "
            "its workbook again with force=true.",
            code=DETAILS_NOT_KEPT,
        )
    (row,) = await vm_rows(connection, assessment_id, [vm_id])
    return StoredVm(row, place.content, place.page_line)
