"""Builders: lines of a tab, as the reader gives them, into typed rows."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from services.ingest.domain.assembly import Assembly, Export, WorkbookRows
from services.ingest.domain.cells import Cell
from services.ingest.domain.columns import TABS
from services.ingest.domain.detail_rows import (
    cd_row,
    cpu_row,
    memory_row,
    partition_row,
    snapshot_row,
    tools_row,
    usb_row,
)
from services.ingest.domain.infrastructure_rows import (
    InfrastructureRows,
    cluster_row,
    datastore_row,
    health_row,
    host_row,
    pool_row,
)
from services.ingest.domain.limits import WorkbookLimits
from services.ingest.domain.network_rows import (
    distributed_port_row,
    host_nic_row,
    standard_port_row,
)
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.row_cells import RowCells, SharedCells
from services.ingest.domain.rows import disk_row, nic_row, vm_row
from services.ingest.domain.tables import Table
from services.ingest.domain.vms import Vm

R = TypeVar("R")
EXPORTED_AT = datetime(2024, 3, 1, 12)  # noqa: DTZ001  a workbook knows no zone
Line = Sequence[Cell]
Lines = Sequence[Line]


def table(
    tab: str,
    *lines: Line,
    rejects: Rejects | None = None,
    max_rows: int = 1000,
    common: SharedCells | None = None,
) -> Table:
    """The tab with those lines, header first."""
    return Table(
        TABS[tab],
        lines,
        rejects=rejects or Rejects(),
        limits=WorkbookLimits(max_rows_per_tab=max_rows),
        common=common,
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
        read.partitions = self._rows("vPartition", partition_row, tabs)
        read.cpus = self._rows("vCPU", cpu_row, tabs)
        read.memories = self._rows("vMemory", memory_row, tabs)
        read.tools = self._rows("vTools", tools_row, tabs)
        read.cds = self._rows("vCD", cd_row, tabs)
        read.usb = self._rows("vUSB", usb_row, tabs)
        read.infrastructure = self._infrastructure(tabs)
        read.snapshots = self._rows("vSnapshot", snapshot_row, tabs)
        read.note_vcenters()
        read.infrastructure.note_vcenters(read.vcenters)
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

    def _infrastructure(self, tabs: dict[str, Lines]) -> InfrastructureRows:
        return InfrastructureRows(
            hosts=self._rows("vHost", host_row, tabs),
            clusters=self._rows("vCluster", cluster_row, tabs),
            datastores=self._rows("vDatastore", datastore_row, tabs),
            pools=self._rows("vRP", pool_row, tabs),
            standard_ports=self._rows("vPort", standard_port_row, tabs),
            distributed_ports=self._rows("dvPort", distributed_port_row, tabs),
            host_nics=self._rows("vNIC", host_nic_row, tabs),
            health=self._rows("vHealth", health_row, tabs),
        )

    def _rows(self, tab: str, make: Callable[[RowCells], R], tabs: dict[str, Lines]) -> list[R]:
        lines = tabs.get(tab)
        return [] if lines is None else rows(tab, make, *lines, rejects=self.rejects)
