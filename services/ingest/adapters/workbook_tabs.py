"""Reads the tabs of one workbook into typed rows, in the order in which they are needed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from services.ingest.adapters.workbook_guard import check_workbook
from services.ingest.adapters.xlsx_reader import XlsxWorkbook
from services.ingest.domain import rows as typed
from services.ingest.domain.assembly import WorkbookRows, name_nameless
from services.ingest.domain.cells import Cell
from services.ingest.domain.columns import (
    TABS,
    VCENTER_COLUMNS,
    VCPU,
    VDISK,
    VINFO,
    VMEMORY,
    VMETADATA,
    VNETWORK,
    VSNAPSHOT,
    VSOURCE,
)
from services.ingest.domain.errors import COLUMN_MISSING, NO_VMS, TAB_MISSING
from services.ingest.domain.headers import Tab, normal_tab_name
from services.ingest.domain.joins import Coverage
from services.ingest.domain.limits import WorkbookLimits
from services.ingest.domain.rejects import Rejects
from services.ingest.domain.report import MISSING, NO_HEADER, NOT_NEEDED, TabReport, tab_report
from services.ingest.domain.row_cells import RowCells
from services.ingest.domain.table_rows import Json
from services.ingest.domain.tables import Table
from shared.kernel.errors import ErrorDetail, Invalid

R = TypeVar("R")

REPORT_EVERY_ROWS: Final = 5_000
_PLACES_OF_A_VCENTER: Final = ("vHost", "vCluster", "vDatastore")
"""Tabs asked for the vCenter when the ones that are read do not name it."""
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
        self._states: dict[str, tuple[str, str | None]] = {}
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
        rows.disks = list(self._optional(VDISK, typed.disk_row))
        rows.nics = list(self._optional(VNETWORK, typed.nic_row))
        if self._book.name_of(VSNAPSHOT) is not None:
            rows.snapshots = list(self._optional(VSNAPSHOT, typed.snapshot_row))
        if any(row.vcpus is None for row in rows.vms):
            rows.sizes[VCPU] = list(self._optional(VCPU, typed.cpu_row))
        if any(row.memory_mib is None for row in rows.vms):
            rows.sizes[VMEMORY] = list(self._optional(VMEMORY, typed.memory_row))
        rows.tabs_read = [tab for tab, table in self._tables.items() if table.counts.read]
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
            )
        if self._book.name_of(tab.name) is None:
            return TabReport(tab.name, MISSING)
        state, note = self._states.get(tab.name, (NOT_NEEDED, "vInfo has every figure of it."))
        return TabReport(tab.name, state, note=note)

    def _rows(self, tab: str, make: Callable[[RowCells], R]) -> Iterator[R]:
        """The rows of a tab.

        Raises:
            Invalid: the tab has no header.
        """
        self._progress({"stage": "parsing", "tab": tab, "rows": 0, "of": 0})
        total, lines = self._book.lines(tab)
        counted = self._counted(tab, lines, total)
        table = Table(TABS[tab], counted, rejects=self.rejects, limits=self._limits)
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
            self._states[tab] = (NO_HEADER, refusal.detail)
            return iter(())

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
        for server, uuid in self._optional(VSOURCE, _vcenter):
            rows.vcenters.see(uuid=uuid, server=server)
        metadata = list(self._optional(VMETADATA, _metadata))
        if not rows.vcenters.known():
            for _, _, server in metadata:
                rows.vcenters.see(uuid=None, server=server)
        for name in _PLACES_OF_A_VCENTER:
            if not rows.vcenters.known():
                self._ask_for_vcenter(name, rows)
        rows.exported_at = next((at for _, at, _ in metadata if at is not None), None)
        version = next((numbers for text, _, _ in metadata if (numbers := _version(text))), None)
        if version is not None:
            rows.has_instance_uuids = version >= (4, 3)
        else:
            header = self._tables[VINFO].header
            rows.has_instance_uuids = self._book.name_of(VSOURCE) is not None or any(
                header.has(column) for column in _INSTANCE_UUID_COLUMNS
            )

    def _ask_for_vcenter(self, name: str, rows: WorkbookRows) -> None:
        _, lines = self._book.lines(name)
        tab = Tab(name, VCENTER_COLUMNS)
        try:
            table = Table(tab, lines, rejects=self.rejects, limits=self._limits)
        except Invalid:
            return
        for server, uuid in table.rows(_vcenter):
            rows.vcenters.see(uuid=uuid, server=server)


def _vcenter(row: RowCells) -> tuple[str | None, str | None]:
    server, uuid = row.text("VI SDK Server"), row.text("VI SDK UUID")
    return server.lower() if server else None, uuid.lower() if uuid else None


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
