"""A service made for these tests: the workshop, whose only aggregate is the widget."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import ClassVar

from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.envelope import EventData
from shared.db.uow import Database

SERVICE = "workshop"
PASSWORD = "workshop-pw"
SCRIPTS = str(Path(__file__).parent / "workshop_migrations")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


class WidgetMade(EventData):
    """A fact of the workshop."""

    TYPE: ClassVar[str] = "widget.made"

    name: str

    @property
    def subject(self) -> str:
        return f"widgets/{self.name}"


class NoonClock:
    """A clock that stands still."""

    def now(self) -> datetime:
        return NOON


@dataclass
class Widgets:
    """The workshop's store."""

    connection: AsyncConnection

    async def add(self, name: str) -> None:
        await self.connection.execute(
            text("INSERT INTO widgets (name, weight_g) VALUES (:name, 1)"), {"name": name}
        )

    async def names(self) -> Sequence[str]:
        rows = await self.connection.execute(text("SELECT name FROM widgets ORDER BY name"))
        return rows.scalars().all()


async def widget_names(db: Database) -> list[str]:
    """What has been committed."""
    async with db.read() as connection:
        return list(await Widgets(connection).names())


async def row_count(db: Database, table: str) -> int:
    """How many rows of ``table`` have been committed."""
    async with db.read() as connection:
        return int(await connection.scalar(text(f"SELECT count(*) FROM {table}")) or 0)


async def end_sessions(db: Database, *, which: str = "true") -> None:
    """Breaks the workshop's connections, as a restart of the server would.

    ``which`` is a condition on ``pg_stat_activity``.
    """
    connection = await db.connect()
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = current_user"
        f" AND pid <> pg_backend_pid() AND {which}"
    )
    await connection.close()


def as_role(dsn: str, role: str, password: str) -> str:
    """The libpq URL of the same database for another role."""
    url = make_url(dsn).set(username=role, password=password)
    return url.render_as_string(hide_password=False)
