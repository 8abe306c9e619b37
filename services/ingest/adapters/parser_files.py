"""The folder through which the service and its parser process talk.

The service puts ``job.json`` and the workbook in; the process leaves rows in COPY's text format,
snapshot pages, the manifest and the report. A run that ends badly leaves nothing that is read.
"""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from services.ingest.domain.limits import ParserLimits, WorkbookLimits

REFUSED = 10
"""Exit status: the workbook was refused; the problem was the last line of output."""
OUT_OF_MEMORY = 11
"""Exit status: the process ran into its memory limit and noticed."""


@dataclass(frozen=True, slots=True)
class ParserFiles:
    """Where things are in the folder."""

    folder: Path

    @property
    def workbook(self) -> Path:
        """The uploaded bytes, of whatever kind."""
        return self.folder / "upload"

    @property
    def job(self) -> Path:
        """What to do, for the process."""
        return self.folder / "job.json"

    def rows(self, table: str) -> Path:
        """Rows of ``table`` for COPY."""
        return self.folder / f"{table}.copy"

    @property
    def manifest(self) -> Path:
        """The snapshot's manifest, JSON."""
        return self.folder / "manifest.json"

    @property
    def report(self) -> Path:
        """The import report, JSON."""
        return self.folder / "report.json"

    def page(self, number: int) -> Path:
        """Snapshot page ``number``, from 0."""
        return self.folder / f"page-{number:06}.ndjson.gz"


@dataclass(frozen=True, slots=True)
class ParserJob:
    """What the process is asked to do. Ids are text: they are only written, never compared."""

    project_id: str
    inventory_id: str
    snapshot_id: str
    received_at: datetime
    """Stands in for the time of the export where the workbook does not tell it."""
    workbook: WorkbookLimits
    parser: ParserLimits

    def write(self, files: ParserFiles) -> None:
        """Puts the job into the folder."""
        files.job.write_bytes(orjson.dumps(self))

    @classmethod
    def read(cls, files: ParserFiles) -> "ParserJob":
        """The job in the folder."""
        raw = orjson.loads(files.job.read_bytes())
        return cls(
            project_id=raw["project_id"],
            inventory_id=raw["inventory_id"],
            snapshot_id=raw["snapshot_id"],
            received_at=datetime.fromisoformat(raw["received_at"]),
            workbook=WorkbookLimits(**raw["workbook"]),
            parser=ParserLimits(**raw["parser"]),
        )
