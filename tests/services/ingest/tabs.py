"""Builders: lines of a tab, as the reader gives them, into typed rows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from services.ingest.domain.assembly import Assembly, Export, WorkbookRows
from services.ingest.domain.cells import Cell
from services.ingest.domain.columns import TABS
from services.ingest.domain.limits import WorkbookLimits
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.row_cells import RowCells
from services.ingest.domain.rows import cpu_row, disk_row, memory_row, nic_row, snapshot_row, vm_row
from services.ingest.domain.tables import Table
from services.ingest.domain.vms import Vm

R = TypeVar("R")
EXPORTED_AT = datetime(2024, 3, 1, 12)  # noqa: DTZ001  a workbook knows no zone
Line = Sequence[Cell]
Lines = Sequence[Line]


def table(tab: str, *lines: Line, rejects: Rejects | None = None, max_rows: int = 1000) -> Table:
    """The tab with those lines, header first."""
    return Table(
        TABS[tab],
        lines,
        rejects=rejects or Rejects(),
        limits=WorkbookLimits(max_rows_per_tab=max_rows),
    )


def rows(
    tab: str, make: Callable[[RowCells], R], *lines: Line, rejects: Rejects | None = None
) -> list[R]:
    """The typed rows of the tab."""
    return list(table(tab, *lines, rejects=rejects).rows(make))


class AssembledWorkbook:
    """What became of a workbook given as lines by tab."""

    def __init__(self, *, has_instance_uuids: bool = True, **tabs: Lines) -> None:
        self.rejects = Rejects()
        export = Export(EXPORTED_AT, has_instance_uuids, "vSnapshot" in tabs, list(tabs))
        read = WorkbookRows(exports={None: export})
        read.vms = self._rows("vInfo", vm_row, tabs)
        read.disks = self._rows("vDisk", disk_row, tabs)
        read.nics = self._rows("vNetwork", nic_row, tabs)
        read.sizes = {
            "vCPU": self._rows("vCPU", cpu_row, tabs),
            "vMemory": self._rows("vMemory", memory_row, tabs),
        }
        read.snapshots = self._rows("vSnapshot", snapshot_row, tabs)
        read.note_vcenters()
        self.rows = read
        self.assembly = Assembly(read, self.rejects)
        self.vms: list[Vm] = [self.assembly.vm(index) for index in self.assembly.identities]

    @property
    def contradictions(self) -> dict[str, int]:
        """How many of each kind."""
        return dict(self.assembly.contradictions.counts)

    def vm(self, name: str) -> Vm:
        """The only VM of that name."""
        [found] = [vm for vm in self.vms if vm.name == name]
        return found

    def _rows(self, tab: str, make: Callable[[RowCells], R], tabs: dict[str, Lines]) -> list[R]:
        lines = tabs.get(tab)
        return [] if lines is None else rows(tab, make, *lines, rejects=self.rejects)
