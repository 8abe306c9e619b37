"""Runs the real parser process on a workbook in a temporary folder."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from services.ingest.adapters.parser import WorkbookParser
from services.ingest.adapters.parser_files import ParserFiles, ParserJob
from services.ingest.adapters.workbook_import import import_workbook
from services.ingest.domain.limits import ParserLimits, WorkbookLimits
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import SnapshotManifest, decode_page, page_sha256

PROJECT = UUID("01890000-0000-7000-8000-000000000001")
INVENTORY = UUID("01890000-0000-7000-8000-000000000002")
SNAPSHOT = UUID("01890000-0000-7000-8000-000000000003")
RECEIVED_AT = datetime(2024, 3, 1, 12, tzinfo=UTC)


@dataclass
class Parsed:
    """What the process left behind."""

    counts: dict[str, int]
    files: dict[str, bytes]
    progress: list[dict[str, Any]] = field(default_factory=list)

    @property
    def report(self) -> dict[str, Any]:
        """The import report."""
        report: dict[str, Any] = orjson.loads(self.files["report.json"])
        return report

    @property
    def manifest(self) -> SnapshotManifest:
        """The snapshot's manifest."""
        return SnapshotManifest.model_validate_json(self.files["manifest.json"])

    @property
    def records(self) -> list[VmRecord]:
        """All records of the snapshot, its digests checked."""
        found: list[VmRecord] = []
        for number, digest in enumerate(self.manifest.page_sha256):
            page = self.files[f"page-{number:06}.ndjson.gz"]
            assert page_sha256(page) == digest
            found += decode_page(page, VmRecord)
        return found

    def rows(self, table: str) -> list[list[str]]:
        """The fields of each line of a COPY file."""
        return [line.split("\t") for line in self.files[f"{table}.copy"].decode().split("\n")[:-1]]

    def tab(self, name: str) -> dict[str, Any]:
        """The report of one tab."""
        [found] = [tab for tab in self.report["tabs"] if tab["tab"] == name]
        assert isinstance(found, dict)
        return found


@contextmanager
def a_job(
    content: bytes, *, received_at: datetime = RECEIVED_AT, **limits: int
) -> Iterator[tuple[ParserFiles, ParserJob]]:
    """A folder with the workbook, and the job; ``limits`` are the process's."""
    with tempfile.TemporaryDirectory() as folder:
        files = ParserFiles(Path(folder))
        files.workbook.write_bytes(content)
        yield (
            files,
            ParserJob(
                project_id=str(PROJECT),
                inventory_id=str(INVENTORY),
                snapshot_id=str(SNAPSHOT),
                received_at=received_at,
                workbook=WorkbookLimits(),
                parser=ParserLimits(**limits),
            ),
        )


def parse_here(content: bytes, *, received_at: datetime = RECEIVED_AT) -> Parsed:
    """The outcome of a good upload, without a process of its own: a tenth of the time, and no
    protection."""
    progress: list[dict[str, Any]] = []
    with a_job(content, received_at=received_at) as (files, job):
        counts = import_workbook(files, job, progress.append)
        left = {path.name: path.read_bytes() for path in files.folder.iterdir()}
    return Parsed({name: int(str(count)) for name, count in counts.items()}, left, progress)


async def parse(content: bytes, **limits: int) -> Parsed:
    """The outcome of a good workbook."""
    progress: list[dict[str, Any]] = []

    async def note(message: dict[str, Any]) -> None:
        progress.append(message)

    with a_job(content, **limits) as (files, job):
        counts = await WorkbookParser().parse(files, job, note)
        left = {path.name: path.read_bytes() for path in files.folder.iterdir()}
    return Parsed(counts, left, progress)
