"""The job ``import_inventory``: bytes to a file, file to rows, rows and fact in one transaction.

Nothing is stored before the parser has ended well, and everything in one transaction: a worker
that dies leaves the upload as it was, and the next attempt gives the same rows.
"""

import shutil
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol
from uuid import UUID

from services.ingest.adapters.parser_files import ParserFiles
from services.ingest.domain.errors import UPLOAD_EXPIRED
from services.ingest.domain.inventory import Inventory
from services.ingest.usecases.ports import IngestStore, WorkbookReader
from services.ingest.usecases.store_inventory import store_inventory
from shared.db.job_context import JobContext
from shared.http.pages import snapshot_path
from shared.kernel.clock import Clock
from shared.kernel.errors import Invalid
from shared.kernel.ids import InventoryId, JobId
from shared.observability.failpoints import failpoint

PARSED: Final = "ingest.parsed"
"""Failpoint: the parser's files are complete, nothing is stored."""
STORED: Final = "ingest.stored"
"""Failpoint: all rows are written, the transaction is open."""

REPORT_EVERY_S: Final = 0.5


class UploadedChunks(Protocol):
    """The bytes of uploads, piece by piece."""

    def chunks(self, inventory_id: InventoryId) -> AsyncIterator[bytes]:
        """The pieces in order; none when they are not kept any more."""
        ...


class ImportInventory:
    """Runs the job; one instance serves all of them."""

    def __init__(
        self,
        reader: WorkbookReader,
        uploads: UploadedChunks,
        clock: Clock,
        *,
        scratch_dir: Path | None,
    ) -> None:
        self._reader = reader
        self._uploads = uploads
        self._clock = clock
        self._scratch_dir = scratch_dir

    async def __call__(self, job: JobContext[IngestStore]) -> None:
        """Import the job's inventory.

        Raises:
            Invalid, Unsupported, TooLarge: the workbook is refused; nothing is stored.
        """
        async with job.transaction() as tx:
            inventory = await tx.store.inventory(InventoryId(UUID(job.payload["inventory_id"])))
        progress = _Progress(job)
        with self._workplace(job.job_id) as files:
            await self._fetch(inventory, files.workbook)
            parsed = await self._reader.read(files.folder, inventory, progress.report)
            failpoint(PARSED)
            await job.report({"state": "storing", **_counted("vms", 0, parsed.counts.vms)})
            async with job.transaction() as tx:
                await store_inventory(
                    tx,
                    inventory,
                    parsed,
                    snapshot_path=snapshot_path(inventory.id),
                    imported_at=self._clock.now(),
                )
                failpoint(STORED)
                result = {
                    "inventory_id": str(inventory.id),
                    "vms": parsed.counts.vms,
                    "disks": parsed.counts.disks,
                    "nics": parsed.counts.nics,
                    "snapshot_digest": parsed.manifest.digest(),
                }
                await job.finish(tx, result)

    @contextmanager
    def _workplace(self, job_id: JobId) -> Iterator[ParserFiles]:
        """A folder for this attempt. What a killed worker has left of an earlier one goes first;
        should that worker live on, it has lost its lease and can store nothing."""
        prefix = f"migplan-import-{job_id}-"
        for left in Path(self._scratch_dir or tempfile.gettempdir()).glob(f"{prefix}*"):
            shutil.rmtree(left, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix=prefix, dir=self._scratch_dir) as folder:
            yield ParserFiles(Path(folder))

    async def _fetch(self, inventory: Inventory, to: Path) -> None:
        """Write the uploaded bytes to a file, for the parser."""
        size_bytes = 0
        with to.open("wb") as file:
            async for chunk in self._uploads.chunks(inventory.id):
                file.write(chunk)
                size_bytes += len(chunk)
        if size_bytes != inventory.upload.size_bytes:
            raise Invalid(
                "The bytes of this workbook are not kept any more. Upload it again.",
                code=UPLOAD_EXPIRED,
            )


class _Progress:
    """Tells the parser's progress: at once when the tab changes, else twice a second."""

    def __init__(self, job: JobContext[IngestStore]) -> None:
        self._job = job
        self._told: tuple[object, ...] | None = None
        self._told_at_s = 0.0

    async def report(self, message: Mapping[str, Any]) -> None:
        """Pass a message of the parser on."""
        place = (message["stage"], message.get("tab"), message.get("file"))
        now_s = time.monotonic()
        if place == self._told and now_s - self._told_at_s < REPORT_EVERY_S:
            return
        self._told, self._told_at_s = place, now_s
        state = "validating" if message["stage"] == "validating" else "parsing"
        progress: dict[str, Any] = {"state": state}
        if message.get("tab"):
            progress["tab"] = message["tab"]
        if message.get("file"):
            progress["file"] = message["file"]
        if message.get("of"):
            progress |= _counted("rows", message["rows"], message["of"])
        await self._job.report(progress)


def _counted(things: str, done: int, total: int) -> dict[str, int]:
    return {f"{things}_done": done, f"{things}_total": total}
