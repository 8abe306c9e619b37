"""The statements in the runbooks are ones that the database takes, the calls ones of the API."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from shared.bus.postgres import PostgresBus
from shared.db.bootstrap import BUS
from shared.db.engine import raw_connection
from shared.testing.postgres import FreshDatabase

ROOT = Path(__file__).resolve().parents[2]
RUNBOOKS = ROOT / "docs" / "runbooks"
API = json.loads((ROOT / "docs" / "api" / "openapi.json").read_text(encoding="utf-8"))
STATEMENT = re.compile(r'psql "\$(DSN|BUS_DSN)" -c "([^"]+)"')

CALL = re.compile(r"curl (?:[^\n]|(?<=\\)\n)*?\$GATEWAY(?:[^\n]|(?<=\\)\n)*")
"""A call of the public API; what goes to ``$ADMIN`` is no part of it."""


def statements() -> list[tuple[str, str, str]]:
    """Page, whose role, and statement."""
    return [
        (page.name, role, statement)
        for page in sorted(RUNBOOKS.glob("*.md"))
        for role, statement in STATEMENT.findall(page.read_text())
    ]


def calls() -> list[tuple[str, str]]:
    """Page, and command line."""
    return [
        (page.name, call)
        for page in sorted(RUNBOOKS.glob("*.md"))
        for call in CALL.findall(page.read_text())
    ]


def operations_meant(call: str) -> list[dict[str, Any]]:
    """The operations of the API that a command line may stand for: ``<service>`` is any."""
    method = re.search(r"(?:-X|--request) (\w+)", call)
    (path,) = re.findall(r"\$GATEWAY(/(?:<[^>]*>|[^\s<\"'])*)", call)
    told = [None if part.startswith("<") else part for part in path.split("/")]
    return [
        operations[(method[1] if method else "GET").lower()]
        for template, operations in API["paths"].items()
        if (method[1] if method else "GET").lower() in operations
        and _fits(told, template.split("/"))
    ]


def _fits(told: list[str | None], template: list[str]) -> bool:
    return len(told) == len(template) and all(
        part is None or part == there or there.startswith("{")
        for part, there in zip(told, template, strict=True)
    )


def headers_needed(operation: dict[str, Any]) -> set[str]:
    required = {
        one["name"].lower()
        for one in operation.get("parameters", ())
        if one["in"] == "header" and one["required"]
    }
    return required | (
        {"authorization"} if operation.get("security", API.get("security")) else set()
    )


def test_every_call_is_one_of_the_api_with_the_headers_that_it_takes() -> None:
    told = calls()
    assert told
    for page, call in told:
        given = {name.lower() for name in re.findall(r"""(?:-H|--header) ["']([\w-]+):""", call)}
        meant = operations_meant(call)
        assert meant, f"{page}: the API has no {call}"
        for operation in meant:
            assert headers_needed(operation) <= given, f"{page}: {call}"


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
