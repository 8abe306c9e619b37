"""Render a document from the pages of a snapshot. Processor work, for a thread."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Any

from services.exporter.domain.errors import UNKNOWN_RECORDS
from services.exporter.usecases.ports import DocumentWriter
from shared.contracts.records import PlannedVmRecord
from shared.contracts.snapshots import SnapshotManifest, decode_page
from shared.kernel.errors import Unsupported


class Stopped(Exception):
    """The rendering was told to stop; what it has written is of no use."""


def check_records(manifest: SnapshotManifest) -> None:
    """Does nothing when this version can read the snapshot.

    Raises:
        Unsupported: it cannot.
    """
    if manifest.record_schema != PlannedVmRecord.SCHEMA:
        raise Unsupported(
            f"The plan snapshot holds {manifest.record_schema!r} records; this version reads "
            f"{PlannedVmRecord.SCHEMA!r}. Build the plan again, or use the matching version.",
            code=UNKNOWN_RECORDS,
        )


def render_document(
    path: Path,
    manifest: SnapshotManifest,
    pages: Sequence[Path],
    *,
    write: DocumentWriter,
    stop: Event,
) -> None:
    """Write the document of ``manifest`` to ``path``; ``pages`` hold the VMs, in order.

    Raises:
        Invalid: a page is unreadable.
        Stopped: ``stop`` was set before the end.
    """
    write(path, manifest.header, _vms(pages, stop), digest=manifest.digest())


def _vms(pages: Sequence[Path], stop: Event) -> Iterator[Mapping[str, Any]]:
    """VM after VM; only one page is in memory."""
    for page in pages:
        for record in decode_page(page.read_bytes(), PlannedVmRecord):
            if stop.is_set():
                raise Stopped
            yield record.model_dump(mode="json")
