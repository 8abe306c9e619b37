"""The audit trail on a real PostgreSQL."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from shared.auth.principal import Principal
from shared.db import audit
from shared.db.audit import Entry, Search
from shared.db.uow import Database, Transactions
from shared.kernel.errors import Internal, Invalid
from shared.kernel.ids import ProjectId
from shared.kernel.paging import encode_cursor
from shared.observability import correlation
from tests.shared.db.workshop import Widgets, row_count, widget_names

DANA = Principal("user", "0193a1b2-0000-7000-8000-00000000000a", "dana")
EVAN = Principal("user", "0193a1b2-0000-7000-8000-00000000000b", "evan")
ACME = ProjectId(UUID("0193a1b2-0000-7000-8000-000000000001"))
OTHER = ProjectId(UUID("0193a1b2-0000-7000-8000-000000000002"))


class Failed(Exception):
    """What the tests let go wrong."""


async def write(
    transactions: Transactions[Widgets],
    action: str = "widget.painted",
    *,
    by: Principal = DANA,
    subject: str = f"projects/{ACME}/widgets/cog",
) -> None:
    async with transactions() as tx:
        await tx.audit(action, by=by, subject=subject)


async def found(db: Database, wanted: Search) -> list[Entry]:
    async with db.read() as connection:
        return list((await audit.search(connection, wanted, cursor=None, limit=100)).items)


async def actions(db: Database, wanted: Search) -> list[str]:
    """The last words of what is found, the newest first."""
    return [entry.action.rpartition(".")[2] for entry in await found(db, wanted)]


async def test_an_entry_says_who_did_what_when_and_for_which_request(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    with correlation.bind("request-7"):
        async with transactions() as tx:
            now = await tx.connection.scalar(text("SELECT now()"))
            await tx.audit(
                "widget.painted",
                by=DANA,
                subject=f"projects/{ACME}/widgets/cog",
                before={"colour": None},
                after={"colour": "red"},
            )

    (entry,) = await found(db, Search())
    assert entry == Entry(
        id=entry.id,
        at=entry.at,
        actor=f"user:{DANA.id}",
        actor_name="dana",
        action="widget.painted",
        subject=f"projects/{ACME}/widgets/cog",
        project_id=ACME,
        before={"colour": None},
        after={"colour": "red"},
        correlation_id="request-7",
    )
    assert now is not None
    assert timedelta(0) <= entry.at - now < timedelta(seconds=30)


@pytest.mark.parametrize("subject", ["users/7", f"users/{ACME}", "projects", "projects/none"])
async def test_what_is_under_no_project_belongs_to_none(
    db: Database, transactions: Transactions[Widgets], subject: str
) -> None:
    await write(transactions, subject=subject)

    assert [entry.project_id for entry in await found(db, Search())] == [None]


async def test_an_entry_shares_the_fate_of_its_effect(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    async def attempt(name: str, *, fails: bool) -> None:
        async with transactions() as tx:
            await tx.store.add(name)
            await tx.audit("widget.made", by=DANA, subject=f"widgets/{name}")
            if fails:
                raise Failed

    await attempt("cog", fails=False)
    with pytest.raises(Failed):
        await attempt("cam", fails=True)

    assert await widget_names(db) == ["cog"]
    assert [entry.subject for entry in await found(db, Search())] == ["widgets/cog"]


@pytest.mark.parametrize("name", ["password", "new_password", "apiToken", "client_secret"])
async def test_a_secret_is_refused_and_nothing_commits(
    db: Database, transactions: Transactions[Widgets], name: str
) -> None:
    async def attempt() -> None:
        async with transactions() as tx:
            await tx.store.add("cog")
            await tx.audit(
                "widget.made", by=DANA, subject="widgets/cog", after={"parts": [{name: "x"}]}
            )

    with pytest.raises(Internal, match="looks like a secret"):
        await attempt()
    assert [await row_count(db, table) for table in ("widgets", "audit_entries")] == [0, 0]


@pytest.mark.parametrize("action", ["", "made", "Widget.made", "widget made", "widget.", "a.%"])
async def test_an_action_is_dotted_words(transactions: Transactions[Widgets], action: str) -> None:
    with pytest.raises(Internal, match="no audit action"):
        await write(transactions, action)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'user:nobody'",
        "UPDATE audit_entries SET actor = 'user:nobody' WHERE false",
        "DELETE FROM audit_entries",
        "TRUNCATE audit_entries",
        "INSERT INTO audit_entries SELECT * FROM audit_entries"
        " ON CONFLICT (id) DO UPDATE SET actor = 'user:nobody'",
    ],
)
async def test_the_database_refuses_to_change_or_remove_an_entry(
    db: Database, transactions: Transactions[Widgets], statement: str
) -> None:
    await write(transactions)
    before = await found(db, Search())

    async def attempt() -> None:
        async with db.write() as connection:
            await connection.execute(text(statement))

    with pytest.raises(DBAPIError, match="audit entries are only ever added"):
        await attempt()
    assert await found(db, Search()) == before


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Search(), ["told", "painted", "moved", "made"]),
        (Search(project_id=ACME), ["moved", "made"]),
        (Search(actor=EVAN.key), ["painted"]),
        (Search(action="widget"), ["painted", "moved", "made"]),
        (Search(action="widget.part"), ["moved"]),
        (Search(action="widget.part.moved"), ["moved"]),
        (Search(action="widg"), []),
        (Search(action="widget_"), []),
        (Search(subject=f"projects/{ACME}"), ["moved", "made"]),
        (Search(subject=f"projects/{ACME}/widgets/cog"), ["moved", "made"]),
        (Search(subject=f"projects/{ACME}/widgets/co"), []),
        (Search(project_id=OTHER, actor=DANA.key), []),
    ],
)
async def test_entries_are_found_by_what_is_asked_for_the_newest_first(
    db: Database, transactions: Transactions[Widgets], wanted: Search, expected: list[str]
) -> None:
    await write(transactions, "widget.made")
    await write(transactions, "widget.part.moved", subject=f"projects/{ACME}/widgets/cog/arm")
    await write(transactions, "widget.painted", by=EVAN, subject=f"projects/{OTHER}/widgets/cog")
    await write(transactions, "widgets_of_old.told", subject="widgets/cog")

    assert await actions(db, wanted) == expected


async def test_a_span_of_time_has_its_beginning_and_not_its_end(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    for action in ("widget.made", "widget.painted", "widget.moved"):
        await write(transactions, action)
    moved, painted, _ = await found(db, Search())

    assert await actions(db, Search(since=painted.at, until=moved.at)) == ["painted"]
    assert await actions(db, Search(since=painted.at)) == ["moved", "painted"]
    assert await actions(db, Search(until=painted.at)) == ["made"]


async def test_pages_continue_where_they_ended_whatever_is_added_meanwhile(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    for number in "abcde":
        await write(transactions, f"widget.{number}")
    seen: list[str] = []
    cursor: str | None = None
    while True:
        async with db.read() as connection:
            page = await audit.search(connection, Search(), cursor=cursor, limit=2)
        seen += [entry.action for entry in page.items]
        await write(transactions, "widget.new")
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == [f"widget.{number}" for number in "edcba"]


async def test_a_cursor_of_another_projects_list_is_refused(
    db: Database, transactions: Transactions[Widgets]
) -> None:
    await write(transactions)
    (entry,) = await found(db, Search())

    for cursor in (encode_cursor(entry.id), encode_cursor(UUID(int=7)), encode_cursor(7), "%"):
        async with db.read() as connection:
            with pytest.raises(Invalid, match="does not belong to this list"):
                await audit.search(connection, Search(project_id=OTHER), cursor=cursor, limit=2)


def test_changes_are_the_fields_that_differ() -> None:
    before = {"name": "Acme", "role": "viewer", "projects": [1]}
    after = {"name": "Acme", "role": "admin", "projects": None}

    assert audit.changed(before, after) == (
        {"projects": [1], "role": "viewer"},
        {"projects": None, "role": "admin"},
    )
