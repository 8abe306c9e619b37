"""Ingest, as far as the assessment sees it: snapshots behind the port."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid4

from shared.contracts.inventory import ImportMode, InventoryImported
from shared.contracts.records import VmRecord
from tests.support.frozen_snapshots import FrozenSnapshots

PROJECT = UUID("0193a1b2-0000-7000-8000-000000000001")
IMPORTED_AT = datetime(2026, 3, 1, 9, 30, tzinfo=UTC)


class FakeIngest(FrozenSnapshots):
    """Imports workbooks and serves their snapshots."""

    def imports(
        self,
        vms: Sequence[VmRecord],
        *,
        number: int = 1,
        project_id: UUID = PROJECT,
        per_page: int = 4,
        record_schema: str = VmRecord.SCHEMA,
        record_count: int | None = None,
        mode: ImportMode = ImportMode.MERGE,
    ) -> InventoryImported:
        """The fact that a workbook with these VMs has been imported."""
        return InventoryImported(
            project_id=project_id,
            inventory_id=uuid4(),
            inventory_number=number,
            snapshot=self.freeze(
                vms, record_schema=record_schema, per_page=per_page, record_count=record_count
            ),
            imported_at=IMPORTED_AT,
            mode=mode,
        )
