"""Reads the tabs of an upload into typed rows, in the order in which they are needed.

A tab of an import of several files is read from one file after the other.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar

from services.ingest.adapters.counted_lines import CountedLines
from services.ingest.adapters.source_files import SourceFile, naming, open_sources
from services.ingest.domain import detail_rows as details
from services.ingest.domain import infrastructure_columns as around
from services.ingest.domain import infrastructure_rows as infrastructure
from services.ingest.domain import network_rows as network
from services.ingest.domain import rows as typed
from services.ingest.domain.affected_rows import Place
from services.ingest.domain.assembly import Export, WorkbookRows, name_nameless
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
from services.ingest.domain.headers import HeaderMatch, Tab, normal_tab_name
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

CoverageOf = Callable[[str | None, str], Coverage | None]
"""Takes a file's label and a tab."""

MOST_OPEN_FILES: Final = 4
MOST_IGNORED_FILES: Final = 100
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
        self._tables: dict[Place, Table] = {}
        self._without_header: dict[Place, str] = {}
        self._notes: dict[Place, str | None] = {}
        self._common: dict[str | None, SharedCells] = defaultdict(SharedCells)
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
        # The largest tabs first, while little else is in memory.
        rows.disks = self._of_vms(VDISK, typed.disk_row, rows)
        rows.nics = self._of_vms(VNETWORK, typed.nic_row, rows)
        rows.partitions = self._of_vms(VPARTITION, details.partition_row, rows)
        rows.cpus = self._of_vms(VCPU, details.cpu_row, rows)
        rows.memories = self._of_vms(VMEMORY, details.memory_row, rows)
        rows.tools = self._of_vms(VTOOLS, details.tools_row, rows)
        rows.snapshots = self._of_vms(VSNAPSHOT, details.snapshot_row, rows)
        rows.cds = self._of_vms(VCD, details.cd_row, rows)
        rows.usb = self._of_vms(VUSB, details.usb_row, rows)
        for file in self._files:
            rows.exports[file.label] = Export(
                has_snapshots=(file.label, VSNAPSHOT) in self._tables,
                tabs_read=[
                    tab
                    for (label, tab), table in self._tables.items()
                    if label == file.label and table.counts.read
                ],
            )
        self._read_infrastructure(rows.infrastructure)
        rows.note_vcenters()
        rows.infrastructure.note_vcenters(rows.vcenters)
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

    def places(self) -> Iterator[tuple[str, Place, HeaderMatch]]:
        """The tabs that were read, each with a name that is unique in the import and short enough
        for a sheet, and its header."""
        for number, file in enumerate(self._files, start=1):
            for tab in TABS:
                table = self._tables.get((file.label, tab))
                if table is not None:
                    sheet = tab if file.label is None else f"{number} {tab}"
                    yield sheet, (file.label, tab), table.header

    def cells_of(self, place: Place) -> int:
        """About how many cells a tab has that was read: what reading it again takes is in
        proportion."""
        table = self._tables[place]
        return table.counts.read * len(table.header.headers)

    def lines_again(self, place: Place) -> Iterator[Sequence[Cell]]:
        """The lines of a tab from the top, when all has been read."""
        file = self._sources.named(place[0])
        try:
            with naming(file.label):
                yield from file.tabs.lines(place[1])
        finally:  # the caller may stop early
            self._leave(file)

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
                attributes=table.attributes,
            )
        if place in self._without_header:
            note = self._without_header[place]
            return TabReport(tab.name, NO_HEADER, note=note, file=file.label)
        return TabReport(tab.name, MISSING, file=file.label)

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
                self._without_header[file.label, tab] = refusal.detail

    def _of_vms(self, tab: str, make: Callable[[RowCells], V], rows: WorkbookRows) -> list[V]:
        """The rows of an optional tab about VMs; attributes that vInfo lacks go to ``rows``."""
        kept = rows.attributes.setdefault(tab, [])

        def with_attributes(cells: RowCells) -> V:
            row = make(cells)
            if attributes := cells.attributes():
                kept.append((row, attributes))
            return row

        return list(self._optional(tab, with_attributes))

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
            common=self._common[file.label],
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
        sources = list(self._optional_of(file, around.VSOURCE, _source))
        for source, _, _ in sources:
            seen.see(uuid=source.uuid, server=source.server, file=file.label)
        metadata = list(self._optional_of(file, around.VMETADATA, _metadata))
        if not seen.known_in(file.label):
            for _, _, server in metadata:
                seen.see(uuid=None, server=server, file=file.label)
        rows.sources += [
            VCenterSource(source.in_words(seen), source.server, product, version)
            for source, product, version in sources
        ]
        export.exported_at = next((at for _, at, _ in metadata if at is not None), None)
        version = next((numbers for text, _, _ in metadata if (numbers := _version(text))), None)
        if version is not None:
            export.has_instance_uuids = version >= (4, 3)
        elif (vinfo := self._tables.get((file.label, VINFO))) is not None:
            export.has_instance_uuids = file.tabs.name_of(around.VSOURCE) is not None or any(
                vinfo.header.has(column) for column in _INSTANCE_UUID_COLUMNS
            )

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
