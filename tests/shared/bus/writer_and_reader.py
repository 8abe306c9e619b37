"""Two services made for these tests: the writer states facts, the reader keeps a ledger of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID, uuid4

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.bus.topology import Subscription, Topology
from shared.contracts.envelope import Envelope, EventData
from shared.contracts.inventory import InventoryImported
from shared.contracts.snapshots import SnapshotRef
from shared.db.ddl import create_mechanism_v1
from shared.db.engine import raw_connection
from shared.db.uow import Database, Transaction

EVENT = InventoryImported.TYPE
TOPOLOGY = Topology((Subscription("reader", EVENT),))
QUEUE = TOPOLOGY.subscriptions[0].queue


@dataclass
class Ledger:
    """The store of both services."""

    connection: AsyncConnection

    async def enter(self, inventory_id: UUID, number: int) -> None:
        """One line per effect: nothing prevents a second one."""
        await self.connection.execute(
            text("INSERT INTO ledger (inventory_id, number) VALUES (:inventory_id, :number)"),
            {"inventory_id": inventory_id, "number": number},
        )

    async def remember(self, project_id: UUID, inventory_id: UUID, version: int) -> None:
        """The newest of a project; an older one changes nothing."""
        await self.connection.execute(
            text(
                "INSERT INTO standing (project_id, inventory_id, version)"
                " VALUES (:project_id, :inventory_id, :version)"
                " ON CONFLICT (project_id) DO UPDATE SET"
                " inventory_id = excluded.inventory_id, version = excluded.version"
                " WHERE standing.version < excluded.version"
            ),
            {"project_id": project_id, "inventory_id": inventory_id, "version": version},
        )


def an_import(project_id: UUID | None = None, *, number: int = 1) -> InventoryImported:
    """A fact about a project; its number is its version."""
    return InventoryImported(
        project_id=project_id or uuid4(),
        inventory_id=uuid4(),
        inventory_number=number,
        snapshot=SnapshotRef(
            id=uuid4(), record_count=1, page_count=1, digest="0" * 64, path="/internal/v1/x"
        ),
        imported_at=datetime(2026, 3, 1, 12, tzinfo=UTC),
    )


async def state(db: Database, *events: InventoryImported) -> None:
    """Commit ``events`` as facts of ``db``'s service."""
    async with db.transactions(Ledger)() as tx:
        for event in events:
            await tx.publish(event, aggregate_version=event.inventory_number)


async def enter(event: EventData, _: Envelope, tx: Transaction[Ledger]) -> None:
    """The reader's handler: one line in the ledger."""
    assert isinstance(event, InventoryImported)
    await tx.store.enter(event.inventory_id, event.inventory_number)


async def ledger(db: Database) -> Sequence[UUID]:
    """The committed lines, in order."""
    async with db.read() as connection:
        rows = await connection.execute(text("SELECT inventory_id FROM ledger ORDER BY line"))
        return rows.scalars().all()


async def unpublished_count(db: Database) -> int:
    """How many committed facts the relay has not published."""
    async with db.read() as connection:
        count = await connection.scalar(
            text("SELECT count(*) FROM outbox WHERE published_at IS NULL")
        )
        return int(count or 0)


class _Statements:
    def __init__(self) -> None:
        self.all: list[str] = []

    def execute(self, sqltext: str) -> None:
        self.all.append(sqltext)


async def make_tables(dsn: str, schema: str) -> None:
    """The mechanism, the ledger and what the reader remembers."""
    statements = _Statements()
    create_mechanism_v1(statements)
    connection: asyncpg.Connection = await raw_connection(dsn, schema=schema)
    try:
        for statement in statements.all:
            await connection.execute(statement)
        await connection.execute(
            "CREATE TABLE ledger (line bigint GENERATED ALWAYS AS IDENTITY,"
            " inventory_id uuid NOT NULL, number integer NOT NULL)"
        )
        await connection.execute(
            "CREATE TABLE standing (project_id uuid PRIMARY KEY, inventory_id uuid NOT NULL,"
            " version integer NOT NULL)"
        )
    finally:
        await connection.close()
