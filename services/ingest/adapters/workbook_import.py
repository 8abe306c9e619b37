"""The parser's work: tabs into typed rows, rows into VMs, VMs into files."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from itertools import islice
from typing import TypeVar
from uuid import UUID, uuid5

import orjson

from services.ingest.adapters.copy_text import CopyFile
from services.ingest.adapters.parser_files import ParserFiles, ParserJob
from services.ingest.adapters.workbook_tabs import TabsOfWorkbook
from services.ingest.domain.assembly import Assembly
from services.ingest.domain.report import (
    ImportReport,
    Totals,
    contradiction_reports,
    count_identities,
)
from services.ingest.domain.table_rows import (
    Json,
    disk_values,
    nic_values,
    snapshot_record,
    vm_facts,
    vm_values,
)
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
    rows = tabs.read()
    for export in rows.exports.values():
        export.exported_at = export.exported_at or job.received_at.replace(tzinfo=None)
    assembly = Assembly(rows, tabs.rejects)
    project_id = UUID(job.project_id)
    ids = sorted(
        (str(uuid5(project_id, identity.key)), index)
        for index, identity in assembly.identities.items()
    )
    writer = _Writer(files, job, progress)
    writer.write(((vm_id, assembly.vm(index)) for vm_id, index in ids), total=len(ids))
    manifest = SnapshotManifest(
        id=UUID(job.snapshot_id),
        record_schema=VmRecord.SCHEMA,
        record_count=len(ids),
        page_sha256=writer.page_digests,
        header={"vcenters": rows.vcenters.known()},
    )
    files.manifest.write_text(manifest.model_dump_json())
    report = ImportReport(
        tabs=tabs.reports(assembly.coverage_of),
        other_tabs=tabs.other_tabs(),
        files=tabs.file_names(),
        ignored_files=tabs.ignored_files(),
        totals=writer.totals,
        vcenters=tuple(rows.vcenters.known()),
        identity=count_identities(identity.basis for identity in assembly.identities.values()),
        ids_adopted=assembly.ids_adopted,
        derived=dict(sorted(writer.derived.items())),
        rejected_count=tabs.rejects.count,
        rejected=tuple(tabs.rejects.kept),
        contradictions=contradiction_reports(assembly.contradictions),
    )
    files.report.write_bytes(orjson.dumps(asdict(report)))
    return {
        "vm_count": len(ids),
        "disk_count": writer.disk_count,
        "nic_count": writer.nic_count,
        "page_count": len(writer.page_digests),
    }


class _Writer:
    """Writes VMs, one page of records at a time."""

    def __init__(self, files: ParserFiles, job: ParserJob, progress: Progress) -> None:
        self.totals = Totals()
        self.derived: dict[str, int] = {}
        self.page_digests: list[str] = []
        self.disk_count = 0
        self.nic_count = 0
        self._files = files
        self._inventory_id = job.inventory_id
        self._progress = progress

    def write(self, vms: Iterator[tuple[str, Vm]], *, total: int) -> None:
        """Writes all ``vms``, which come ordered by id."""
        files = self._files
        with (
            CopyFile(files.vms) as vm_file,
            CopyFile(files.disks) as disk_file,
            CopyFile(files.nics) as nic_file,
        ):
            for page in _lists(vms, RECORDS_PER_PAGE):
                records: list[dict[str, Json]] = []
                for vm_id, vm in page:
                    facts = vm_facts(vm, vm_id)
                    vm_file.write(vm_values(vm, facts, self._inventory_id))
                    for disk in disk_values(vm, vm_id, self._inventory_id):
                        disk_file.write(disk)
                    for nic in nic_values(vm, vm_id, self._inventory_id):
                        nic_file.write(nic)
                    records.append(snapshot_record(vm, facts))
                    self._count(vm)
                self._write_page(encode_page(records))
                self._progress({"stage": "writing", "rows": vm_file.rows, "of": total})
        self.disk_count = disk_file.rows
        self.nic_count = nic_file.rows

    def _write_page(self, page: bytes) -> None:
        self._files.page(len(self.page_digests)).write_bytes(page)
        self.page_digests.append(page_sha256(page))

    def _count(self, vm: Vm) -> None:
        self.totals.add(vm)
        for name in vm.derived:
            self.derived[name] = self.derived.get(name, 0) + 1


def _lists(items: Iterator[T], size: int) -> Iterator[list[T]]:
    while chunk := list(islice(items, size)):
        yield chunk
