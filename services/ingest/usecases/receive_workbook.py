"""Receive the bytes of a workbook as they come, and queue its import.

The bytes go into the database piece by piece, each few in a transaction of their own; only the
last transaction makes an inventory of them. What is cut off before is nobody's, and swept away.
"""

import hashlib
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Final

from services.ingest.domain.errors import UPLOAD_TOO_LARGE
from services.ingest.domain.file_kinds import SNIFF_BYTES, kind_of
from services.ingest.domain.inventory import ImportMode, Inventory, Upload, file_name, subject_of
from services.ingest.usecases.ports import IngestStore
from shared.auth.principal import Principal
from shared.db.uow import Transaction, Transactions
from shared.kernel.clock import Clock
from shared.kernel.errors import TooLarge, Unavailable
from shared.kernel.ids import Ids, InventoryId, ProjectId
from shared.observability.failpoints import failpoint

IMPORT: Final = "import_inventory"
"""The kind of the job."""
CHUNK_BYTES: Final = 1024 * 1024
CHUNKS_PER_TRANSACTION: Final = 4
CHUNK_STORED: Final = "ingest.chunk_stored"
"""Failpoint: some of the bytes are stored."""

_MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Wish:
    """How a workbook is imported. ``is_forced``: also if the project has it already."""

    is_forced: bool = False
    mode: ImportMode = ImportMode.MERGE
    is_held: bool = False


@dataclass(frozen=True, slots=True)
class Received:
    """An upload that is stored completely and belongs to nobody yet."""

    inventory_id: InventoryId
    project_id: ProjectId
    upload: Upload


class ReceiveWorkbook:
    """The command, in its two steps; one instance serves all."""

    def __init__(
        self,
        transactions: Transactions[IngestStore],
        ids: Ids,
        clock: Clock,
        *,
        max_bytes: int,
    ) -> None:
        self._transactions = transactions
        self._ids = ids
        self._clock = clock
        self._max_bytes = max_bytes

    async def store(
        self, project_id: ProjectId, body: AsyncIterator[bytes], *, name: str | None
    ) -> Received:
        """The bytes of ``body``, stored; memory holds a few MiB of them at most.

        Raises:
            NotFound: there is no such project.
            Invalid, Unsupported: the first bytes are not those of a workbook.
            TooLarge: there are more than allowed; code ``upload-too-large``.
        """
        inventory_id = InventoryId(self._ids.new())
        async with self._transactions() as tx:
            await tx.store.forget_abandoned_uploads()
            await tx.store.begin_upload(inventory_id, project_id)
        try:
            upload = await self._store_chunks(inventory_id, self.within_limit(body), name)
        except BaseException:
            await self.discard(inventory_id)
            raise
        return Received(inventory_id, project_id, upload)

    async def _store_chunks(
        self, inventory_id: InventoryId, body: AsyncIterator[bytes], name: str | None
    ) -> Upload:
        digest, size_bytes, position = hashlib.sha256(), 0, 0
        waiting: dict[int, bytes] = {}
        async for chunk in _in_chunks(_of_workbook(body)):
            size_bytes += len(chunk)
            digest.update(chunk)
            waiting[position] = chunk
            position += 1
            if len(waiting) == CHUNKS_PER_TRANSACTION:
                await self._add(inventory_id, waiting)
                waiting = {}
        await self._add(inventory_id, waiting)
        return Upload(file_name(name), size_bytes, digest.hexdigest())

    async def _add(self, inventory_id: InventoryId, chunks: dict[int, bytes]) -> None:
        if not chunks:
            return
        async with self._transactions() as tx:
            await tx.store.add_chunks(inventory_id, chunks)
        failpoint(CHUNK_STORED)

    async def within_limit(self, body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """``body``, up to the piece that is too much. Raises as :meth:`check_size` does."""
        size_bytes = 0
        async for piece in body:
            size_bytes += len(piece)
            self.check_size(size_bytes)
            yield piece

    def check_size(self, size_bytes: int) -> None:
        """Accepts what an upload may have.

        Raises:
            TooLarge: it is more than that; code ``upload-too-large``.
        """
        if size_bytes > self._max_bytes:
            raise TooLarge(
                f"The workbook is larger than the {self._max_bytes / _MIB:,.0f} MiB that may be "
                "uploaded. Export one vCenter at a time, or ask the operator to raise "
                "MIGPLAN_INGEST_UPLOAD_MAX_BYTES.",
                code=UPLOAD_TOO_LARGE,
            )

    async def discard(self, inventory_id: InventoryId) -> None:
        """Remove the bytes of an upload that comes to nothing; at worst they are swept later."""
        with suppress(Unavailable):
            async with self._transactions() as tx:
                await tx.store.forget_upload(inventory_id)

    async def accept(
        self,
        tx: Transaction[IngestStore],
        received: Received,
        *,
        by: Principal,
        wish: Wish,
    ) -> tuple[Inventory, bool]:
        """The upload's inventory, with its import queued; or, unless it is forced, the one that
        the project has of the same workbook. The second value tells whether it is a new one.

        Raises:
            NotFound: the project is gone.
        """
        project_id, upload = received.project_id, received.upload
        number = await tx.store.next_number(project_id)
        former = await tx.store.former_inventory(project_id, sha256=upload.sha256)
        if former is not None and not wish.is_forced:
            await tx.store.forget_upload(received.inventory_id)
            await _note(tx, replace(former, upload=upload), by=by, is_new=False)
            return former, False
        job_id = await tx.enqueue(
            IMPORT,
            subject=subject_of(project_id, received.inventory_id),
            payload={"inventory_id": str(received.inventory_id)},
            created_by=by.key,
        )
        inventory = Inventory(
            id=received.inventory_id,
            project_id=project_id,
            number=number,
            upload=upload,
            uploaded_at=self._clock.now(),
            uploaded_by=by.key,
            job_id=job_id,
            mode=wish.mode,
            is_held=wish.is_held,
        )
        await tx.store.add_inventory(inventory)
        await _note(tx, inventory, by=by, is_new=True)
        return inventory, True


async def _note(
    tx: Transaction[IngestStore], inventory: Inventory, *, by: Principal, is_new: bool
) -> None:
    upload = inventory.upload
    after = {
        "number": inventory.number,
        "file_name": upload.file_name,
        "size_bytes": upload.size_bytes,
        "sha256": upload.sha256,
        "mode": inventory.mode.value,
        "is_held": inventory.is_held,
        "is_new": is_new,
    }
    await tx.audit("inventory.uploaded", by=by, subject=inventory.subject, after=after)


async def _of_workbook(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """``body``, held back until its first bytes have turned out to be those of a workbook."""
    head = bytearray()
    is_checked = False
    async for piece in body:
        if is_checked:
            yield piece
            continue
        head += piece
        if len(head) >= SNIFF_BYTES:
            kind_of(bytes(head))
            is_checked = True
            yield bytes(head)
    if not is_checked:
        kind_of(bytes(head))
        yield bytes(head)


async def _in_chunks(body: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """``body`` in pieces of 1 MiB, the last one shorter."""
    buffer = bytearray()
    async for piece in body:
        buffer += piece
        while len(buffer) >= CHUNK_BYTES:
            yield bytes(buffer[:CHUNK_BYTES])
            del buffer[:CHUNK_BYTES]
    if buffer:
        yield bytes(buffer)
