"""The audit trail: who did what to what, written in the transaction of the effect.

One table in each schema, written through ``Transaction.audit`` and read by
:mod:`shared.http.audit`. An entry exists if and only if its effect committed; for
an effect outside the database one entry says what was asked for, and another what came of it. The
database refuses to change or remove one. What the system does by itself, such as ending a job,
leaves none.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Row, insert, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.tables import TABLES
from shared.kernel.errors import Internal
from shared.kernel.ids import ProjectId
from shared.kernel.paging import Page, decode_cursor, encode_cursor, foreign_cursor

ACTION: Final = re.compile(r"[a-z_]+(\.[a-z_]+)+")
"""``<thing>.<what happened to it>``: ``project.created``, ``plan.approval.decided``."""

_SECRET: Final = re.compile(r"password|passphrase|secret|token|private_key|credential", re.I)
_entries = TABLES.audit


@dataclass(frozen=True, slots=True)
class NewEntry:
    """An entry to write; see :meth:`shared.db.uow.Transaction.audit`."""

    id: UUID
    actor: str
    actor_name: str
    action: str
    subject: str
    project_id: ProjectId | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry as written. ``at`` is when, by the database's clock.

    ``actor`` is a principal's key (``user:<id>``), ``actor_name`` what it was called then.
    """

    id: UUID
    at: datetime
    actor: str
    actor_name: str
    action: str
    subject: str
    project_id: UUID | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    correlation_id: str | None


@dataclass(frozen=True, slots=True)
class Search:
    """Which entries are wanted; None wants all.

    ``action`` is a whole action or its first words (``plan.approval``), ``subject`` a thing and
    everything under it, ``since`` belongs to the time asked for, ``until`` does not.
    """

    project_id: ProjectId | None = None
    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


_SEEN: Final = [_entries.c[name] for name in Entry.__dataclass_fields__]


async def add(connection: AsyncConnection, entry: NewEntry) -> None:
    """Writes one entry.

    Raises:
        Internal: the action is none, or a field could hold a secret: both are our mistakes, and
            the transaction must not commit.
    """
    if ACTION.fullmatch(entry.action) is None:
        raise Internal(f"{entry.action!r} is no audit action.")
    for state in (entry.before, entry.after):
        _check_no_secret(state)
    await connection.execute(insert(_entries).values(asdict(entry)))


async def search(
    connection: AsyncConnection, wanted: Search, *, cursor: str | None, limit: int
) -> Page[Entry]:
    """Entries, the newest first.

    One that commits late may carry a time that a reader has passed already; starting again from
    the top shows it.

    Raises:
        Invalid: the cursor is not one of this list; code ``invalid-cursor``.
    """
    conditions = _conditions(wanted)
    if cursor is not None:
        conditions.append(await _before(connection, wanted, cursor))
    rows = await connection.execute(
        select(*_SEEN)
        .where(*conditions)
        .order_by(_entries.c.at.desc(), _entries.c.id.desc())
        .limit(limit + 1)
    )
    found = [_entry(row) for row in rows]
    items = found[:limit]
    return Page(items, encode_cursor(items[-1].id) if len(found) > limit else None)


def changed(
    before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields whose values differ, as they were and as they are now.

    >>> changed({"name": "Acme", "role": "viewer"}, {"name": "Acme", "role": "admin"})
    ({'role': 'viewer'}, {'role': 'admin'})
    """
    names = [name for name in sorted(after) if before.get(name) != after[name]]
    return {name: before.get(name) for name in names}, {name: after[name] for name in names}


def _conditions(wanted: Search) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.project_id is not None:
        conditions.append(_entries.c.project_id == wanted.project_id)
    if wanted.actor is not None:
        conditions.append(_entries.c.actor == wanted.actor)
    if wanted.action is not None:
        conditions.append(_is_or_is_under(_entries.c.action, wanted.action, "."))
    if wanted.subject is not None:
        conditions.append(_is_or_is_under(_entries.c.subject, wanted.subject, "/"))
    if wanted.since is not None:
        conditions.append(_entries.c.at >= wanted.since)
    if wanted.until is not None:
        conditions.append(_entries.c.at < wanted.until)
    return conditions


def _is_or_is_under(column: ColumnElement[str], path: str, separator: str) -> ColumnElement[bool]:
    return or_(column == path, column.startswith(path + separator, autoescape=True))


async def _before(connection: AsyncConnection, wanted: Search, cursor: str) -> ColumnElement[bool]:
    """What comes after the cursor's entry, which has to be of the same project's list."""
    (entry_id,) = decode_cursor(cursor, UUID)
    mine = _conditions(Search(project_id=wanted.project_id))
    at = await connection.scalar(select(_entries.c.at).where(_entries.c.id == entry_id, *mine))
    if at is None:
        raise foreign_cursor()
    return tuple_(_entries.c.at, _entries.c.id) < tuple_(at, entry_id)


def _check_no_secret(value: object) -> None:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            if _SECRET.search(str(name)):
                raise Internal(f"The audited field {name!r} looks like a secret.")
            _check_no_secret(inner)
    elif isinstance(value, list):
        for inner in value:
            _check_no_secret(inner)


def _entry(row: Row[Any]) -> Entry:
    return Entry(**row._mapping)
