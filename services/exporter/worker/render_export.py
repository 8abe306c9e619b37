"""The job ``render_export``: pull the plan snapshot, render it in a thread, store the content.

Everything is on disk in a temporary folder until the one fenced transaction that stores content
and ends the job: a worker that dies leaves nothing behind, and the next one begins anew.
"""

import asyncio
import hashlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event
from typing import Final
from uuid import UUID

from services.exporter.domain.exports import (
    CHUNK_BYTES,
    Content,
    Export,
    Format,
    check_project,
)
from services.exporter.usecases.ports import DocumentWriter, ExportStore, PlanSnapshots
from services.exporter.usecases.render_document import check_records, render_document
from shared.contracts.snapshots import SnapshotManifest
from shared.db.job_context import JobContext
from shared.kernel.clock import Clock
from shared.kernel.ids import ExportId
from shared.observability.failpoints import failpoint

RENDERED: Final = "exporter.rendered"
"""Failpoint: the document is on disk, and nothing of it is stored."""


class RenderExport:
    """Runs the job; one instance serves all of them."""

    def __init__(
        self, snapshots: PlanSnapshots, writers: Mapping[Format, DocumentWriter], clock: Clock
    ) -> None:
        self._snapshots = snapshots
        self._writers = writers
        self._clock = clock

    async def __call__(self, job: JobContext[ExportStore]) -> None:
        """Render the export unless it has been.

        Raises:
            NotFound: there is no such snapshot, or it is another project's.
            Invalid: the snapshot has another digest.
            Unsupported: it holds records that this version cannot read.
        """
        async with job.transaction() as tx:
            export = await tx.store.get(ExportId(UUID(job.payload["export_id"])))
            if export.content is not None:
                await job.finish(tx, _result(export, export.content))
                return
        manifest = await self._snapshots.manifest(export.snapshot)
        check_project(manifest.header, export.project_id)
        check_records(manifest)
        with tempfile.TemporaryDirectory(prefix="migplan-export-") as folder:
            pages = await self._pull(job, manifest, Path(folder))
            document = Path(folder) / export.file_name
            await self._render(export, manifest, pages, document)
            failpoint(RENDERED)
            await self._store(job, export, document)

    async def _pull(
        self, job: JobContext[ExportStore], manifest: SnapshotManifest, folder: Path
    ) -> list[Path]:
        pages = []
        for number in range(manifest.page_count):
            page = folder / f"page-{number}"
            content = await self._snapshots.page(manifest, number)
            await asyncio.to_thread(page.write_bytes, content)
            pages.append(page)
            await job.report({"pages_done": number + 1, "pages_total": manifest.page_count})
        return pages

    async def _render(
        self, export: Export, manifest: SnapshotManifest, pages: list[Path], document: Path
    ) -> None:
        stop = Event()
        try:
            await asyncio.to_thread(
                render_document,
                document,
                manifest,
                pages,
                write=self._writers[export.format],
                stop=stop,
            )
        finally:
            stop.set()  # a thread cannot be cancelled; this one ends at its next VM

    async def _store(self, job: JobContext[ExportStore], export: Export, document: Path) -> None:
        size_bytes, sha256 = await asyncio.to_thread(_measure, document)
        content = Content(size_bytes=size_bytes, sha256=sha256, completed_at=self._clock.now())
        async with job.transaction() as tx:
            await tx.store.complete(export.id, content, _chunks(document))
            await job.finish(tx, _result(export, content))


def _chunks(document: Path) -> Iterator[bytes]:
    with document.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def _measure(document: Path) -> tuple[int, str]:
    with document.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


def _result(export: Export, content: Content) -> dict[str, str | int]:
    return {
        "export_id": str(export.id),
        "size_bytes": content.size_bytes,
        "sha256": content.sha256,
    }
