"""A streamed upload under an Idempotency-Key: the key is bound to bytes that are still to come.

A refusal gives the key back instead of being stored: it came before the bytes were known.
"""

import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from services.ingest.api.schemas import InventoryReply
from services.ingest.persistence.queries import show_inventory
from services.ingest.usecases.ports import IngestStore
from services.ingest.usecases.receive_workbook import Received, ReceiveWorkbook, Wish
from shared.auth.principal import Principal
from shared.db import idempotency, jobs
from shared.db.idempotency import Claim, Reply, Scope, StoredReply
from shared.db.uow import Database, Transactions
from shared.http.idempotency import RequestDigest, json_reply, replayed, sent
from shared.http.operations import operation_path, present_operation
from shared.kernel.errors import Conflict, NotFound, Unavailable
from shared.kernel.ids import ProjectId

RENEW_EVERY_S: Final = idempotency.LEASE_S / 3


class UploadRoute:
    """The upload, from its first byte to its reply; one instance serves all."""

    def __init__(
        self,
        database: Database,
        transactions: Transactions[IngestStore],
        receive: ReceiveWorkbook,
    ) -> None:
        self._database = database
        self._transactions = transactions
        self._receive = receive

    async def __call__(
        self,
        request: Request,
        scope: Scope,
        project_id: ProjectId,
        *,
        caller: Principal,
        file_name: str | None,
        wish: Wish,
    ) -> Response:
        """The reply to an upload, or the one that its key had before.

        Raises:
            Conflict: the same upload is being received; code ``idempotency-key-in-flight``.
            Invalid, Unsupported: the key belongs to another workbook, or the body is none.
            TooLarge: there are more bytes than allowed.
        """
        self._receive.check_size(_told_bytes(request))
        async with self._database.write() as connection:
            claim = await idempotency.begin(connection, scope, body_digest=None)
        digest = RequestDigest(request)
        if isinstance(claim, StoredReply):
            async for piece in self._receive.within_limit(request.stream()):
                digest.update(piece)
            idempotency.check_same_body(claim, digest.hexdigest())
            return replayed(claim.reply)
        is_answered = False
        try:
            body = self._renewing(request, claim, digest)
            received = await self._receive.store(project_id, body, name=file_name)
            try:
                reply = await self._accept(received, claim, digest, caller, wish=wish)
            except (Conflict, NotFound):
                await self._receive.discard(received.inventory_id)
                raise
            is_answered = True
        finally:
            if not is_answered:
                await self._give_back(claim)
        return sent(reply)

    async def _accept(
        self,
        received: Received,
        claim: Claim,
        digest: RequestDigest,
        caller: Principal,
        *,
        wish: Wish,
    ) -> Reply:
        async with self._transactions() as tx:
            inventory, is_new = await self._receive.accept(tx, received, by=caller, wish=wish)
            if is_new:
                job = await jobs.get(tx.connection, inventory.job_id)
                location = operation_path("ingest", inventory.job_id)
                reply = json_reply(202, present_operation("ingest", job), location=location)
            else:
                view = await show_inventory(tx.connection, inventory.project_id, inventory.id)
                location = f"/v1/projects/{inventory.project_id}/inventories/{inventory.id}"
                reply = json_reply(200, InventoryReply.of(view), location=location)
            await idempotency.finish(tx.connection, claim, reply, body_digest=digest.hexdigest())
        return reply

    async def _renewing(
        self, request: Request, claim: Claim, digest: RequestDigest
    ) -> AsyncIterator[bytes]:
        """The body; while it comes, the claim on the key stays alive."""
        renewed_s = time.monotonic()
        async for piece in request.stream():
            digest.update(piece)
            yield piece
            if time.monotonic() - renewed_s > RENEW_EVERY_S:
                async with self._database.write() as connection:
                    await idempotency.renew(connection, claim)
                renewed_s = time.monotonic()

    async def _give_back(self, claim: Claim) -> None:
        with suppress(Unavailable):
            async with self._database.write() as connection:
                await idempotency.abandon(connection, claim)


def _told_bytes(request: Request) -> int:
    """The length that the client announces; 0 when it does not."""
    told = request.headers.get("Content-Length", "")
    return int(told) if told.isascii() and told.isdecimal() else 0
