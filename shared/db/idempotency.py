"""Replies kept for repeated requests: the same key gives the same reply, and one effect.

A request first claims its key in a short transaction of its own (:func:`begin`), so that a second
one in flight is seen at once. It stores its reply in the same transaction as its work
(:func:`finish`), so that neither exists without the other. A request that dies leaves a claim
whose lease runs out; the next one takes it over under a higher fence, and should the dead one be
only slow, its ``finish`` finds the fence raised and rolls its work back.

========================================  ======================================================
the key is                                :func:`begin`
========================================  ======================================================
new, or older than 24 h                   claims it
answered, the body is the same            gives the stored reply
in progress, the body is the same         409, or claims it if the lease has run out
bound to another body                     422
========================================  ======================================================

A streamed upload does not know its digest before it has read the body: it begins without one, and
either finishes with it or, given a stored reply, reads the body and calls :func:`check_same_body`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, and_, delete, func, null, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from shared.db.tables import TABLES
from shared.kernel.errors import Conflict, Invalid

LIFE: Final = timedelta(hours=24)
LEASE_S: Final = 60.0
"""Longer than a request may take; a streamed upload renews it."""

_keys = TABLES.idempotency


@dataclass(frozen=True, slots=True)
class Scope:
    """What a key belongs to. ``route`` is method and template: ``POST /v1/projects``."""

    principal: str
    route: str
    key: str


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to answer for a key, until its lease has run out and another request claims it."""

    scope: Scope
    fence: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it was, or is to be, sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredReply:
    """A former reply, and the digest of the body that it answered."""

    reply: Reply
    body_digest: str


async def begin(
    connection: AsyncConnection,
    scope: Scope,
    *,
    body_digest: str | None,
    lease_s: float = LEASE_S,
) -> Claim | StoredReply:
    """Claims the key, or gives the reply that was stored under it.

    ``body_digest`` is None while a streamed body is still unread.

    Raises:
        Conflict: another request with this key is in flight; code ``idempotency-key-in-flight``.
        Invalid: the key belongs to another body; code ``idempotency-key-reused`` (422).
    """
    fence = await connection.scalar(_claim(scope, body_digest, timedelta(seconds=lease_s)))
    if fence is not None:
        return Claim(scope, fence)
    row = (await connection.execute(select(_keys).where(_has(scope)))).one()
    if body_digest is not None and row.body_digest is not None:
        _require_same(row.body_digest, body_digest)
    if row.state == "in_progress":
        raise Conflict(
            "A request with this Idempotency-Key is still being worked on. Wait for its reply,"
            " or repeat the request a little later.",
            code="idempotency-key-in-flight",
        )
    return StoredReply(Reply(row.status, row.headers, row.body), row.body_digest)


def check_same_body(stored: StoredReply, body_digest: str) -> None:
    """Accepts a repeated upload once its body has been read.

    Raises:
        Invalid: the key belongs to another body; code ``idempotency-key-reused`` (422).
    """
    _require_same(stored.body_digest, body_digest)


async def renew(connection: AsyncConnection, claim: Claim, *, lease_s: float = LEASE_S) -> None:
    """Keeps the claim alive while a long upload goes on.

    Raises:
        Conflict: another request has taken the key over; code ``idempotency-key-in-flight``.
    """
    await _write(connection, claim, lease_until=func.clock_timestamp() + timedelta(seconds=lease_s))


async def finish(
    connection: AsyncConnection, claim: Claim, reply: Reply, *, body_digest: str
) -> None:
    """Stores the reply and binds the key to the body; belongs into the work's transaction.

    Raises:
        Conflict: another request has taken the key over, and this one's work must roll back;
            code ``idempotency-key-in-flight``.
    """
    await _write(
        connection,
        claim,
        state="answered",
        body_digest=body_digest,
        status=reply.status,
        headers=dict(reply.headers),
        body=reply.body,
        lease_until=None,
    )


async def abandon(connection: AsyncConnection, claim: Claim) -> None:
    """Gives the key back after a failure that is not to be replayed (5xx), for an early retry."""
    await connection.execute(delete(_keys).where(_is_mine(claim)))


async def prune(connection: AsyncConnection) -> int:
    """Deletes keys older than 24 h; returns how many."""
    result = await connection.execute(delete(_keys).where(_keys.c.expires_at < func.now()))
    return result.rowcount


def _claim(scope: Scope, body_digest: str | None, lease: timedelta) -> ReturningInsert[int]:
    """Inserts the key, or takes over an expired one or one whose request is dead."""
    new = insert(_keys).values(
        principal=scope.principal,
        route=scope.route,
        key=scope.key,
        state="in_progress",
        body_digest=body_digest,
        fence=1,
        lease_until=func.clock_timestamp() + lease,
        expires_at=func.now() + LIFE,
    )
    is_for_this_body = or_(
        _keys.c.body_digest.is_(None),
        new.excluded.body_digest.is_(None),
        _keys.c.body_digest == new.excluded.body_digest,
    )
    is_dead = and_(
        _keys.c.state == "in_progress",
        _keys.c.lease_until < func.clock_timestamp(),
        is_for_this_body,
    )
    return new.on_conflict_do_update(
        index_elements=[_keys.c.principal, _keys.c.route, _keys.c.key],
        set_={
            "state": "in_progress",
            "body_digest": new.excluded.body_digest,
            "fence": _keys.c.fence + 1,
            "lease_until": new.excluded.lease_until,
            "status": null(),
            "headers": null(),
            "body": null(),
            "created_at": func.now(),
            "expires_at": new.excluded.expires_at,
        },
        where=or_(_keys.c.expires_at < func.now(), is_dead),
    ).returning(_keys.c.fence)


async def _write(connection: AsyncConnection, claim: Claim, **values: object) -> None:
    result = await connection.execute(update(_keys).where(_is_mine(claim)).values(values))
    if result.rowcount != 1:
        raise Conflict(
            "This request took too long, and another one with its Idempotency-Key took its place.",
            code="idempotency-key-in-flight",
        )


def _require_same(bound: str, given: str) -> None:
    if bound != given:
        raise Invalid(
            "This Idempotency-Key was used with another body. Use a new key for a new request.",
            code="idempotency-key-reused",
        )


def _has(scope: Scope) -> ColumnElement[bool]:
    return and_(
        _keys.c.principal == scope.principal,
        _keys.c.route == scope.route,
        _keys.c.key == scope.key,
    )


def _is_mine(claim: Claim) -> ColumnElement[bool]:
    return and_(_has(claim.scope), _keys.c.fence == claim.fence, _keys.c.state == "in_progress")
