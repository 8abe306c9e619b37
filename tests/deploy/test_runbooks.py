"""The statements in the runbooks are ones that the database takes."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from shared.bus.postgres import PostgresBus
from shared.db.bootstrap import BUS
from shared.db.engine import raw_connection
from shared.testing.postgres import FreshDatabase

RUNBOOKS = Path(__file__).resolve().parents[2] / "docs" / "runbooks"
STATEMENT = re.compile(r'psql "\$(DSN|BUS_DSN)" -c "([^"]+)"')


def statements() -> list[tuple[str, str, str]]:
    """Page, whose role, and statement."""
    return [
        (page.name, role, statement)
        for page in sorted(RUNBOOKS.glob("*.md"))
        for role, statement in STATEMENT.findall(page.read_text())
    ]


@pytest.fixture
async def connections(
    platform_database: FreshDatabase,
) -> AsyncIterator[dict[str, asyncpg.Connection]]:
    """A session of the planner, which has all tables that are named, and one of the bus."""
    bus = PostgresBus(platform_database.dsn(BUS))
    await bus.start()
    sessions = {
        "DSN": await raw_connection(platform_database.dsn("planner"), schema="planner"),
        "BUS_DSN": await raw_connection(platform_database.dsn(BUS), schema=BUS),
    }
    yield sessions
    for session in sessions.values():
        await session.close()
    await bus.close()


async def test_every_statement_runs(connections: dict[str, asyncpg.Connection]) -> None:
    told = statements()
    assert len(told) >= 7

    for page, role, statement in told:
        concrete = statement.replace("<message_id>", str(uuid4()))
        try:
            await connections[role].execute(concrete)
        except asyncpg.PostgresError as error:
            pytest.fail(f"{page}: {error}\n{statement}")
