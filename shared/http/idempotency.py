"""A creating POST that may be repeated: the same Idempotency-Key gives the same reply, one effect.

::

    @router.post("/v1/projects", status_code=201)
    async def create_project_route(
        body: NewProject, caller: ..., keyed: KeyedPost
    ) -> Response:
        async def work(transactions: Transactions[Store]) -> Reply:
            project = await create_project(transactions, body.name, by=caller)
            return json_reply(201, present(project), location=f"/v1/projects/{project.id}")

        return await run_once(db, transactions, keyed, work)

The reply is stored in the transaction of the work. A 4xx is stored too and given again, with its
work rolled back; a 5xx is not, so that repeating may help. Cases: :mod:`shared.db.idempotency`.
"""

import contextlib
import hashlib
import hmac
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import Annotated, Final, TypeVar

from fastapi import Depends, Header
from starlette.requests import Request
from starlette.responses import Response

from shared.db import idempotency
from shared.db.idempotency import Claim, Reply, Scope, StoredReply
from shared.db.uow import Database, Transaction, Transactions
from shared.http.etags import etag
from shared.http.models import to_json
from shared.http.problems import problem_of, problem_response, status_of
from shared.http.security import Sender
from shared.kernel.errors import AppError, Invalid, Unavailable

S = TypeVar("S")

REPLAYED_HEADER: Final = "Idempotency-Replayed"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,200}")


@dataclass(frozen=True, slots=True)
class Keyed:
    """A request with its key: ``scope`` says whose key it is, ``digest`` what was asked."""

    scope: Scope
    digest: str
    path: str


class RequestDigest:
    """What a key is bound to: the path, the query and the body, which may arrive in pieces."""

    def __init__(self, request: Request) -> None:
        self._hash = hashlib.sha256()
        for part in (request.url.path, request.url.query):
            self._hash.update(part.encode() + b"\n")

    def update(self, chunk: bytes) -> None:
        """Adds the next piece of the body."""
        self._hash.update(chunk)

    def hexdigest(self) -> str:
        """SHA-256 of all so far."""
        return self._hash.hexdigest()


async def _key_scope(
    request: Request,
    principal: Sender,
    key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Any text of your own, new for each thing to create, such as a UUID. "
            "Repeating the request with it gives the first reply again, for 24 hours.",
        ),
    ] = None,
) -> Scope:
    if key is None:
        raise Invalid(
            "Creating needs an Idempotency-Key header, so that a repeated request creates nothing "
            "twice. Send a new UUID for each new thing.",
            code="idempotency-key-required",
        )
    if _KEY.fullmatch(key) is None:
        raise Invalid(
            "Idempotency-Key is 1 to 200 printable ASCII characters without spaces.",
            code="malformed-header",
        )
    template = request.scope["route"].path_format
    return Scope(principal=principal.key, route=f"{request.method} {template}", key=key)


KeyScope = Annotated[Scope, Depends(_key_scope)]
"""Declares Idempotency-Key on a route that streams its body and so digests it itself."""


async def _keyed(request: Request, scope: KeyScope) -> Keyed:
    digest = RequestDigest(request)
    digest.update(await request.body())
    return Keyed(scope, digest.hexdigest(), request.url.path)


KeyedPost = Annotated[Keyed, Depends(_keyed)]
"""Declares Idempotency-Key on a creating route with a JSON body, for :func:`run_once`."""


def sealed(keyed: Keyed, *, secret: bytes) -> Keyed:
    """``keyed`` for a body that holds a password.

    A plain digest is fast to compute: whoever reads the table could try passwords against it. An
    HMAC cannot be computed without ``secret``.
    """
    return replace(keyed, digest=hmac.digest(secret, keyed.digest.encode(), "sha256").hex())


async def run_once(
    db: Database,
    transactions: Transactions[S],
    keyed: Keyed,
    work: Callable[[Transactions[S]], Awaitable[Reply]],
) -> Response:
    """The reply of ``work``, or the stored one of an earlier request with this key.

    ``work`` calls use cases with the ``Transactions`` it is given: all of them join the one
    transaction that the reply is stored in.

    Raises:
        Conflict: a request with this key is in flight; code ``idempotency-key-in-flight``.
        Invalid: the key was used for something else; code ``idempotency-key-reused``.
    """
    async with db.write() as connection:
        claim = await idempotency.begin(connection, keyed.scope, body_digest=keyed.digest)
    if isinstance(claim, StoredReply):
        return replayed(claim.reply)
    is_answered = False
    try:
        try:
            reply = await _work_and_store(transactions, claim, keyed, work)
        except AppError as error:
            if not _is_final(error):
                raise
            reply = _refusal(error, keyed)
            async with db.write() as connection:
                await idempotency.finish(connection, claim, reply, body_digest=keyed.digest)
        is_answered = True
    finally:
        if not is_answered:
            await _give_back(db, claim)
    return sent(reply)


def json_reply(
    status: int, content: object, *, location: str | None = None, version: int | None = None
) -> Reply:
    """A reply to store: ``content`` as JSON, with ``Location`` and ``ETag`` if given."""
    headers = {"Content-Type": "application/json"}
    if location is not None:
        headers["Location"] = location
    if version is not None:
        headers["ETag"] = etag(version)
    return Reply(status=status, headers=headers, body=to_json(content))


def sent(reply: Reply) -> Response:
    """``reply`` as the response of this request."""
    return Response(reply.body, status_code=reply.status, headers=dict(reply.headers))


def replayed(reply: Reply) -> Response:
    """``reply`` as given before; ``Idempotency-Replayed: true`` says so."""
    response = sent(reply)
    response.headers[REPLAYED_HEADER] = "true"
    return response


async def _work_and_store(
    transactions: Transactions[S],
    claim: Claim,
    keyed: Keyed,
    work: Callable[[Transactions[S]], Awaitable[Reply]],
) -> Reply:
    async with transactions() as tx:

        def joined() -> AbstractAsyncContextManager[Transaction[S]]:
            return nullcontext(tx)

        reply = await work(joined)
        await idempotency.finish(tx.connection, claim, reply, body_digest=keyed.digest)
    return reply


def _is_final(error: AppError) -> bool:
    """Whether repeating the request would be refused again."""
    status = status_of(error)
    return status < 500 and status != 429


def _refusal(error: AppError, keyed: Keyed) -> Reply:
    response = problem_response(problem_of(error, instance=keyed.path))
    headers = {name: value for name, value in response.headers.items() if name != "content-length"}
    return Reply(status=response.status_code, headers=headers, body=bytes(response.body))


async def _give_back(db: Database, claim: Claim) -> None:
    """Frees the key for an early retry; if that fails too, its lease runs out by itself."""
    with contextlib.suppress(Unavailable):
        async with db.write() as connection:
            await idempotency.abandon(connection, claim)
