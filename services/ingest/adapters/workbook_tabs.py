"""Reads the tabs of an upload into typed rows, in the order in which they are needed.

A tab of an import of several files is read from one file after the other.
"""

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from services.ingest.adapters.counted_lines import CountedLines
from services.ingest.adapters.source_files import SourceFile, naming, open_sources
from services.ingest.domain import rows as typed
from services.ingest.domain.assembly import Export, WorkbookRows, name_nameless
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

_Place = tuple[str | None, str]
"""A file's label and RVTools' name of a tab."""

CoverageOf = Callable[[str | None, str], Coverage | None]
"""Takes a file's label and a tab."""

MOST_OPEN_FILES: Final = 4
MOST_IGNORED_FILES: Final = 100
_PLACES_OF_A_VCENTER: Final = ("vHost", "vCluster", "vDatastore")
"""Tabs asked for the vCenter when the ones that are read do not name it."""
_INSTANCE_UUID_COLUMNS: Final = ("Total disk capacity MiB",)
"""Columns that came after "VM UUID" had become vCenter's own (4.4 after 4.3)."""


class TabsOfWorkbook:
    """One reading of one upload: a workbook, CSV files, or several of them."""

    def __init__(
        self,
        path: Path,
        limits: WorkbookLimits,
        progress: Callable[[dict[str, Json]], None],
    ) -> None:
        """Checks and opens the upload.

        Raises:
            AppError: it is refused.
        """
        self.rejects = Rejects()
        self._limits = limits
        self._progress = progress
        self._tables: dict[_Place, Table] = {}
        self._states: dict[_Place, tuple[str, str | None]] = {}
        self._notes: dict[_Place, str | None] = {}
        progress({"stage": "validating"})
        self._sources = open_sources(path, limits)
        self._files = self._sources.files
        if not self._has(VINFO):
            raise self._without_vinfo()

    def read(self) -> WorkbookRows:
        """All rows that the import uses.

        Raises:
            Invalid: vInfo has no header or no VM.
            TooLarge: a tab has more rows than allowed.
        """
        rows = WorkbookRows()
        rows.vms = name_nameless(list(self._rows(VINFO, typed.vm_row)), self.rejects)
        if not rows.vms:
            raise self._without_vms()
        rows.disks = list(self._optional(VDISK, typed.disk_row))
        rows.nics = list(self._optional(VNETWORK, typed.nic_row))
        rows.snapshots = list(self._optional(VSNAPSHOT, typed.snapshot_row))
        if any(row.vcpus is None for row in rows.vms):
            rows.sizes[VCPU] = list(self._optional(VCPU, typed.cpu_row))
        if any(row.memory_mib is None for row in rows.vms):
            rows.sizes[VMEMORY] = list(self._optional(VMEMORY, typed.memory_row))
        for file in self._files:
            rows.exports[file.label] = Export(
                has_snapshots=file.tabs.name_of(VSNAPSHOT) is not None,
                tabs_read=[
                    tab
                    for (label, tab), table in self._tables.items()
                    if label == file.label and table.counts.read
                ],
            )
        rows.note_vcenters()
        for file in self._files:
            self._read_source(file, rows)
        return rows

    def reports(self, coverage_of: CoverageOf) -> tuple[TabReport, ...]:
        """What became of each tab that the import knows, file by file."""
        return tuple(
            self._report(file, tab, coverage_of(file.label, name))
            for file in self._files
            for name, tab in TABS.items()
        )

    def other_tabs(self) -> tuple[str, ...]:
        """Tabs that the import does not know."""
        known = {normal_tab_name(tab) for tab in TABS}
        names = [name for file in self._files for name in file.tabs.tab_names]
        return tuple(dict.fromkeys(n for n in names if normal_tab_name(n) not in known))

    def file_names(self) -> tuple[str, ...]:
        """The files of an import of several."""
        return tuple(file.label for file in self._files if file.label is not None)

    def ignored_files(self) -> tuple[str, ...]:
        """Files of the uploaded zip that hold no tabs, as far as a report can list them."""
        return tuple(self._sources.ignored[:MOST_IGNORED_FILES])

    def _report(self, file: SourceFile, tab: Tab, join: Coverage | None) -> TabReport:
        place = (file.label, tab.name)
        table = self._tables.get(place)
        if table is not None:
            return tab_report(
                tab,
                table.header_row,
                table.header,
                table.counts,
                rejects=self.rejects.of_file(file.label),
                join=join,
                note=self._notes[place],
            )
        if file.tabs.name_of(tab.name) is None:
            return TabReport(tab.name, MISSING, file=file.label)
        state, note = self._states.get(place, (NOT_NEEDED, "vInfo has every figure of it."))
        return TabReport(tab.name, state, note=note, file=file.label)

    def _rows(self, tab: str, make: Callable[[RowCells], R]) -> Iterator[R]:
        """The rows of a tab, file after file.

        Raises:
            Invalid: the tab has no header.
        """
        for file in self._files:
            if file.tabs.name_of(tab) is not None:
                with naming(file.label):
                    yield from self._rows_of(file, TABS[tab], make)
            self._leave(file)

    def _optional(self, tab: str, make: Callable[[RowCells], R]) -> Iterator[R]:
        """The rows of a tab, of the files that have it with a header."""
        for file in self._files:
            yield from self._optional_of(file, tab, make)
            self._leave(file)

    def _optional_of(
        self, file: SourceFile, tab: str, make: Callable[[RowCells], R]
    ) -> Iterator[R]:
        if file.tabs.name_of(tab) is None:
            return
        with naming(file.label):
            try:
                yield from self._rows_of(file, TABS[tab], make)
            except Invalid as refusal:
                if refusal.code != COLUMN_MISSING:
                    raise
                self._states[file.label, tab] = (NO_HEADER, refusal.detail)

    def _rows_of(self, file: SourceFile, tab: Tab, make: Callable[[RowCells], R]) -> Iterator[R]:
        place: dict[str, Json] = {"stage": "parsing", "tab": tab.name}
        if file.label is not None:
            place["file"] = file.label
        place["workbook"] = file.workbook.name if file.workbook is not None else None
        self._progress({**place, "rows": 0, "of": 0})
        lines = file.tabs.lines(tab.name)
        table = Table(
            tab,
            CountedLines(lines, lambda rows, of: self._progress({**place, "rows": rows, "of": of})),
            rejects=self.rejects.of_file(file.label),
            limits=self._limits,
            is_delimited=lines.is_delimited,
        )
        self._tables[file.label, tab.name] = table
        self._notes[file.label, tab.name] = lines.note
        return table.rows(make)

    def _leave(self, file: SourceFile) -> None:
        """Many workbooks open at once would need much memory."""
        if len(self._files) > MOST_OPEN_FILES:
            file.tabs.close()

    def _has(self, tab: str) -> bool:
        return any(file.tabs.name_of(tab) is not None for file in self._files)

    def _read_source(self, file: SourceFile, rows: WorkbookRows) -> None:
        """vCenters and RVTools' version, from the tabs that hold nothing else."""
        seen, export = rows.vcenters, rows.exports[file.label]
        for server, uuid in self._optional_of(file, VSOURCE, _vcenter):
            seen.see(uuid=uuid, server=server, file=file.label)
        metadata = list(self._optional_of(file, VMETADATA, _metadata))
        if not seen.known_in(file.label):
            for _, _, server in metadata:
                seen.see(uuid=None, server=server, file=file.label)
        for name in _PLACES_OF_A_VCENTER:
            if not seen.known_in(file.label):
                self._ask_for_vcenter(file, name, rows)
        export.exported_at = next((at for _, at, _ in metadata if at is not None), None)
        version = next((numbers for text, _, _ in metadata if (numbers := _version(text))), None)
        if version is not None:
            export.has_instance_uuids = version >= (4, 3)
        elif (vinfo := self._tables.get((file.label, VINFO))) is not None:
            export.has_instance_uuids = file.tabs.name_of(VSOURCE) is not None or any(
                vinfo.header.has(column) for column in _INSTANCE_UUID_COLUMNS
            )

    def _ask_for_vcenter(self, file: SourceFile, name: str, rows: WorkbookRows) -> None:
        lines = file.tabs.lines(name)
        tab = Tab(name, VCENTER_COLUMNS)
        rejects = self.rejects.of_file(file.label)
        try:
            table = Table(
                tab, lines, rejects=rejects, limits=self._limits, is_delimited=lines.is_delimited
            )
        except Invalid:
            return
        for server, uuid in table.rows(_vcenter):
            rows.vcenters.see(uuid=uuid, server=server, file=file.label)

    def _without_vinfo(self) -> Invalid:
        names = dict.fromkeys(name for file in self._files for name in file.tabs.tab_names)
        found = ", ".join(list(names)[:12]) or "none at all"
        is_one = len(self._files) == 1
        return Invalid(
            f"{'The workbook has no' if is_one else 'No file of the upload has a'} tab vInfo; "
            f"{'it has' if is_one else 'they have'} {found}. Export all tabs with RVTools.",
            code=TAB_MISSING,
            errors=[ErrorDetail("Not found.", tab=VINFO)],
        )

    def _without_vms(self) -> Invalid:
        header_row = next(t.header_row for (_, tab), t in self._tables.items() if tab == VINFO)
        return Invalid(
            "Tab vInfo has a header and no VM below it. Export again with RVTools.",
            code=NO_VMS,
            errors=[ErrorDetail("No VM.", tab=VINFO, row=header_row + 1)],
        )


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
