"""The parser as the worker uses it: a folder in, files to store out."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from services.ingest.adapters.parser import WorkbookParser
from services.ingest.adapters.parser_files import ParserFiles, ParserJob
from services.ingest.domain.inventory import Counts, Inventory
from services.ingest.domain.limits import ParserLimits, WorkbookLimits
from services.ingest.usecases.ports import OnProgress
from shared.contracts.snapshots import SnapshotManifest


@dataclass(frozen=True, slots=True)
class ParsedFiles:
    """The parser's files of one workbook."""

    counts: Counts
    files: ParserFiles

    @property
    def manifest(self) -> SnapshotManifest:
        """The snapshot's table of contents."""
        return SnapshotManifest.model_validate_json(self.files.manifest.read_bytes())

    @property
    def report(self) -> Mapping[str, Any]:
        """The import report, JSON."""
        report: dict[str, Any] = orjson.loads(self.files.report.read_bytes())
        return report

    def rows(self, table: str) -> Path:
        """Rows of ``table`` in COPY's text format."""
        return self.files.rows(table)

    def page(self, number: int) -> Path:
        """Snapshot page ``number``, from 0."""
        return self.files.page(number)


class ChildWorkbookReader:
    """Reads each workbook in a process of its own, under limits."""

    def __init__(self, workbook: WorkbookLimits, parser: ParserLimits) -> None:
        self._workbook = workbook
        self._limits = parser
        self._parser = WorkbookParser()

    async def read(
        self, folder: Path, inventory: Inventory, on_progress: OnProgress
    ) -> ParsedFiles:
        """The workbook in ``folder``, parsed. The snapshot has the inventory's id.

        Raises:
            Invalid, Unsupported, TooLarge: it is refused; the text says why and what to do.
        """
        files = ParserFiles(folder)
        job = ParserJob(
            project_id=str(inventory.project_id),
            inventory_id=str(inventory.id),
            snapshot_id=str(inventory.id),
            received_at=inventory.uploaded_at,
            workbook=self._workbook,
            parser=self._limits,
        )
        counts = await self._parser.parse(files, job, on_progress)
        return ParsedFiles(
            Counts(counts["vm_count"], counts["disk_count"], counts["nic_count"]), files
        )
