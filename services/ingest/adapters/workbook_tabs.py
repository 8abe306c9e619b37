"""Reads the tabs of one workbook into typed rows, in the order in which they are needed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from services.ingest.adapters.workbook_guard import check_workbook
from services.ingest.adapters.xlsx_reader import XlsxWorkbook
from services.ingest.domain import detail_rows as details
from services.ingest.domain import infrastructure_columns as around
from services.ingest.domain import infrastructure_rows as infrastructure
from services.ingest.domain import network_rows as network
from services.ingest.domain import rows as typed
from services.ingest.domain.assembly import WorkbookRows, name_nameless
from services.ingest.domain.cells import Cell
from services.ingest.domain.columns import (
    TABS,
    VCD,
    VCPU,
    VDISK,
    VINFO,
    VMEMORY,
    VNETWORK,
    VPARTITION,
    VSNAPSHOT,
    VTOOLS,
    VUSB,
)
from services.ingest.domain.errors import COLUMN_MISSING, NO_VMS, TAB_MISSING
from services.ingest.domain.headers import Tab, normal_tab_name
from services.ingest.domain.import_report import VCenterSource
from services.ingest.domain.joins import Coverage
from services.ingest.domain.limits import WorkbookLimits
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.report import MISSING, NO_HEADER, TabReport, tab_report
from services.ingest.domain.row_cells import RowCells, SharedCells
from services.ingest.domain.rows import TabRow
from services.ingest.domain.sources import Source, source_of
from services.ingest.domain.table_rows import Json
from services.ingest.domain.tables import Table
from shared.kernel.errors import ErrorDetail, Invalid

R = TypeVar("R")
V = TypeVar("V", bound=TabRow)

REPORT_EVERY_ROWS: Final = 5_000
_INSTANCE_UUID_COLUMNS: Final = ("Total disk capacity MiB",)
"""Columns that came after "VM UUID" had become vCenter's own (4.4 after 4.3)."""


class TabsOfWorkbook:
    """One reading of one workbook."""

    def __init__(
        self,
        path: Path,
        limits: WorkbookLimits,
        progress: Callable[[dict[str, Json]], None],
    ) -> None:
        """Checks and opens the workbook.

        Raises:
            AppError: it is refused.
        """
        self.rejects = Rejects()
        self._limits = limits
        self._progress = progress
        self._tables: dict[str, Table] = {}
        self._without_header: dict[str, str] = {}
        self._common = SharedCells()
        progress({"stage": "validating"})
        check_workbook(path, limits)
        self._book = XlsxWorkbook(path)
        if self._book.name_of(VINFO) is None:
            raise Invalid(
                f"The workbook has no tab vInfo; it has {', '.join(self._book.tab_names[:12])}. "
                "Export all tabs with RVTools.",
                code=TAB_MISSING,
                errors=[ErrorDetail("Not found.", tab=VINFO)],
            )

    def read(self) -> WorkbookRows:
        """All rows that the import uses.

        Raises:
            Invalid: vInfo has no header or no VM.
            TooLarge: a tab has more rows than allowed.
        """
        rows = WorkbookRows()
        rows.vms = name_nameless(list(self._rows(VINFO, typed.vm_row)), self.rejects)
        if not rows.vms:
            raise Invalid(
                "Tab vInfo has a header and no VM below it. Export again with RVTools.",
                code=NO_VMS,
                errors=[ErrorDetail("No VM.", tab=VINFO, row=self._tables[VINFO].header_row + 1)],
            )
        # The largest tabs first, while little else is in memory.
        rows.disks = self._of_vms(VDISK, typed.disk_row, rows)
        rows.nics = self._of_vms(VNETWORK, typed.nic_row, rows)
        rows.partitions = self._of_vms(VPARTITION, details.partition_row, rows)
        rows.cpus = self._of_vms(VCPU, details.cpu_row, rows)
        rows.memories = self._of_vms(VMEMORY, details.memory_row, rows)
        rows.tools = self._of_vms(VTOOLS, details.tools_row, rows)
        snapshots = self._of_vms(VSNAPSHOT, details.snapshot_row, rows)
        rows.snapshots = snapshots if VSNAPSHOT in self._tables else None
        rows.cds = self._of_vms(VCD, details.cd_row, rows)
        rows.usb = self._of_vms(VUSB, details.usb_row, rows)
        rows.tabs_read = [tab for tab, table in self._tables.items() if table.counts.read]
        self._read_infrastructure(rows.infrastructure)
        self._read_source(rows)
        return rows

    def reports(self, coverage: dict[str, Coverage]) -> tuple[TabReport, ...]:
        """What became of each tab that the import knows."""
        return tuple(self._report(tab, coverage.get(name)) for name, tab in TABS.items())

    def other_tabs(self) -> tuple[str, ...]:
        """Tabs that the import does not know."""
        known = {normal_tab_name(tab) for tab in TABS}
        return tuple(n for n in self._book.tab_names if normal_tab_name(n) not in known)

    def _report(self, tab: Tab, join: Coverage | None) -> TabReport:
        table = self._tables.get(tab.name)
        if table is not None:
            return tab_report(
                tab,
                table.header_row,
                table.header,
                table.counts,
                rejects=self.rejects,
                join=join,
                attributes=table.attributes,
            )
        if tab.name in self._without_header:
            return TabReport(tab.name, NO_HEADER, note=self._without_header[tab.name])
        return TabReport(tab.name, MISSING)

    def _rows(self, tab: str, make: Callable[[RowCells], R]) -> Iterator[R]:
        """The rows of a tab.

        Raises:
            Invalid: the tab has no header.
        """
        self._progress({"stage": "parsing", "tab": tab, "rows": 0, "of": 0})
        total, lines = self._book.lines(tab)
        counted = self._counted(tab, lines, total)
        table = Table(
            TABS[tab], counted, rejects=self.rejects, limits=self._limits, common=self._common
        )
        self._tables[tab] = table
        return table.rows(make)

    def _optional(self, tab: str, make: Callable[[RowCells], R]) -> Iterator[R]:
        """The rows of a tab that may be missing or hold something else."""
        if self._book.name_of(tab) is None:
            return iter(())
        try:
            return self._rows(tab, make)
        except Invalid as refusal:
            if refusal.code != COLUMN_MISSING:
                raise
            self._without_header[tab] = refusal.detail
            return iter(())

    def _of_vms(self, tab: str, make: Callable[[RowCells], V], rows: WorkbookRows) -> list[V]:
        """The rows of an optional tab about VMs; attributes that vInfo lacks go to ``rows``."""
        lines = self._optional(tab, make)
        if tab not in self._tables or not self._tables[tab].attributes:
            return list(lines)
        kept = rows.attributes.setdefault(tab, [])

        def with_attributes(cells: RowCells) -> V:
            row = make(cells)
            if attributes := cells.attributes():
                kept.append((row, attributes))
            return row

        return list(self._tables[tab].rows(with_attributes))

    def _read_infrastructure(self, rows: infrastructure.InfrastructureRows) -> None:
        """The tabs about vCenter itself."""
        rows.hosts = list(self._optional(around.VHOST, infrastructure.host_row))
        rows.clusters = list(self._optional(around.VCLUSTER, infrastructure.cluster_row))
        rows.datastores = list(self._optional(around.VDATASTORE, infrastructure.datastore_row))
        rows.pools = list(self._optional(around.VRP, infrastructure.pool_row))
        rows.standard_ports = list(self._optional(around.VPORT, network.standard_port_row))
        rows.distributed_ports = list(self._optional(around.DVPORT, network.distributed_port_row))
        rows.host_nics = list(self._optional(around.VNIC, network.host_nic_row))
        rows.health = list(self._optional(around.VHEALTH, infrastructure.health_row))

    def _counted(
        self, tab: str, lines: Iterator[list[Cell]], total: int
    ) -> Iterator[Sequence[Cell]]:
        for number, line in enumerate(lines, start=1):
            if number % REPORT_EVERY_ROWS == 0:
                self._progress({"stage": "parsing", "tab": tab, "rows": number, "of": total})
            yield line
        self._progress({"stage": "parsing", "tab": tab, "rows": total, "of": total})

    def _read_source(self, rows: WorkbookRows) -> None:
        """vCenters and RVTools' version, from the tabs that hold nothing else."""
        rows.note_vcenters()
        rows.infrastructure.note_vcenters(rows.vcenters)
        sources = list(self._optional(around.VSOURCE, _source))
        for source, _, _ in sources:
            rows.vcenters.see(uuid=source.uuid, server=source.server)
        metadata = list(self._optional(around.VMETADATA, _metadata))
        if not rows.vcenters.known():
            for _, _, server in metadata:
                rows.vcenters.see(uuid=None, server=server)
        rows.sources = [
            VCenterSource(source.in_words(rows.vcenters), source.server, product, version)
            for source, product, version in sources
        ]
        rows.exported_at = next((at for _, at, _ in metadata if at is not None), None)
        version = next((numbers for text, _, _ in metadata if (numbers := _version(text))), None)
        if version is not None:
            rows.has_instance_uuids = version >= (4, 3)
        else:
            header = self._tables[VINFO].header
            rows.has_instance_uuids = self._book.name_of(around.VSOURCE) is not None or any(
                header.has(column) for column in _INSTANCE_UUID_COLUMNS
            )


def _source(row: RowCells) -> tuple[Source, str | None, str | None]:
    return source_of(row), row.text("Fullname"), row.text("Version")


def _metadata(row: RowCells) -> tuple[str | None, datetime | None, str | None]:
    server = row.text("Server")
    return (
        row.text("RVTools version"),
        row.moment("xlsx creation datetime"),
        server.lower() if server else None,
    )


def _version(text: str | None) -> tuple[int, ...]:
    """The numbers of "4.4.1.0"; empty for anything else."""
    parts = (text or "").split(".")
    return tuple(int(part) for part in parts) if all(p.isdigit() for p in parts) else ()
