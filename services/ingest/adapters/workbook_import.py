"""The parser's work: tabs into typed rows, rows into VMs, VMs into files."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, replace
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar
from uuid import UUID, uuid5

import orjson

from services.ingest.adapters.affected_values import AffectedValues
from services.ingest.adapters.copy_text import CopyFile
from services.ingest.adapters.parser_files import ParserFiles, ParserJob
from services.ingest.adapters.workbook_tabs import TabsOfWorkbook
from services.ingest.domain.assembly import Assembly
from services.ingest.domain.confidence import ConfidenceCounter
from services.ingest.domain.import_report import ImportReport
from services.ingest.domain.infrastructure_tables import infrastructure_values
from services.ingest.domain.report import Totals, contradiction_reports, count_identities
from services.ingest.domain.stored_tables import STORED_TABLES
from services.ingest.domain.table_rows import Json, VmRows
from services.ingest.domain.vms import Vm
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import (
    RECORDS_PER_PAGE,
    SnapshotManifest,
    encode_page,
    page_sha256,
)

T = TypeVar("T")

Progress = Callable[[dict[str, Json]], None]


def import_workbook(files: ParserFiles, job: ParserJob, progress: Progress) -> dict[str, Json]:
    """Reads the workbook of the folder and writes everything that the service stores.

    The same workbook gives the same files, whenever and however often it is read.

    Raises:
        AppError: the workbook is refused; the text says why.
    """
    tabs = TabsOfWorkbook(files.workbook, job.workbook, progress)
    with _Writer(files, job, progress) as writer:
        manifest, report = _write_estate(tabs, job, writer)
        # All other rows are gone from memory by now: a tab that is read again has room.
        affected = AffectedValues(tabs, tabs.rejects.affected, job.inventory_id)
        writer.write_rows(affected)
        report = replace(report, affected=affected.report())
    files.manifest.write_text(manifest.model_dump_json())
    files.report.write_bytes(orjson.dumps(asdict(report)))
    return {
        "vm_count": manifest.record_count,
        "disk_count": writer.count("disks"),
        "nic_count": writer.count("nics"),
        "page_count": len(writer.page_digests),
    }


def _write_estate(
    tabs: TabsOfWorkbook, job: ParserJob, writer: "_Writer"
) -> tuple[SnapshotManifest, ImportReport]:
    """Writes VMs and infrastructure; what there is to say of them."""
    rows = tabs.read()
    for export in rows.exports.values():
        export.exported_at = export.exported_at or job.received_at.replace(tzinfo=None)
    assembly = Assembly(rows, tabs.rejects)
    project_id = UUID(job.project_id)
    ids = sorted(
        (str(uuid5(project_id, identity.key)), index)
        for index, identity in assembly.identities.items()
    )
    writer.write(((vm_id, assembly.vm(index)) for vm_id, index in ids), total=len(ids))
    infrastructure = infrastructure_values(
        rows.infrastructure,
        assembly.hosts,
        assembly.networks,
        rows.vcenters,
        job.inventory_id,
    )
    writer.write_rows(infrastructure)
    manifest = SnapshotManifest(
        id=UUID(job.snapshot_id),
        record_schema=VmRecord.SCHEMA,
        record_count=len(ids),
        page_sha256=writer.page_digests,
        header={"vcenters": rows.vcenters.known()},
    )
    tab_reports = tabs.reports(assembly.coverage_of)
    return manifest, ImportReport(
        confidence=writer.confidence.summary(tab_reports, assembly.contradictions.counts),
        tabs=tab_reports,
        other_tabs=tabs.other_tabs(),
        files=tabs.file_names(),
        ignored_files=tabs.ignored_files(),
        totals=writer.totals,
        vcenters=tuple(rows.vcenters.known()),
        sources=tuple(rows.sources),
        identity=count_identities(identity.basis for identity in assembly.identities.values()),
        ids_adopted=assembly.ids_adopted,
        derived=dict(sorted(writer.derived.items())),
        rejected_count=tabs.rejects.count,
        rejected=tuple(tabs.rejects.kept),
        contradictions=contradiction_reports(assembly.contradictions),
    )


class _Writer:
    """Writes VMs, one page of records at a time, and rows of all tables."""

    def __init__(self, files: ParserFiles, job: ParserJob, progress: Progress) -> None:
        self.totals = Totals()
        self.confidence = ConfidenceCounter()
        self.derived: dict[str, int] = {}
        self.page_digests: list[str] = []
        self._files = files
        self._inventory_id = job.inventory_id
        self._progress = progress
        self._tables: dict[str, CopyFile] = {}
        self._open = ExitStack()

    def __enter__(self) -> Self:
        for table in STORED_TABLES:
            self._tables[table] = self._open.enter_context(CopyFile(self._files.rows(table)))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._open.close()

    def count(self, table: str) -> int:
        """Rows written of ``table``."""
        return self._tables[table].rows

    def write(self, vms: Iterator[tuple[str, Vm]], *, total: int) -> None:
        """Writes all ``vms``, which come ordered by id."""
        for page in _lists(vms, RECORDS_PER_PAGE):
            records: list[dict[str, Json]] = []
            for vm_id, vm in page:
                rows = VmRows(vm, vm_id)
                self.write_rows(rows.values(self._inventory_id))
                records.append(rows.record())
                self._count(vm)
            self._write_page(encode_page(records))
            self._progress({"stage": "writing", "rows": self.count("vms"), "of": total})

    def write_rows(self, rows: Iterable[tuple[str, tuple[Json, ...]]]) -> None:
        """Writes rows, each with its table."""
        for table, values in rows:
            self._tables[table].write(values)

    def _write_page(self, page: bytes) -> None:
        self._files.page(len(self.page_digests)).write_bytes(page)
        self.page_digests.append(page_sha256(page))

    def _count(self, vm: Vm) -> None:
        self.totals.add(vm)
        self.confidence.add(vm)
        for name in vm.derived:
            self.derived[name] = self.derived.get(name, 0) + 1


def _lists(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while chunk := list(islice(items, size)):
        yield chunk
