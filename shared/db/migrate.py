"""A service's own Alembic history, run from code.

Every service has ``migrations/env.py`` (which calls :func:`run_env`) and ``migrations/versions``;
the version table lives in the service's schema. Revisions run one transaction each, with the lock
and statement timeouts of every connection, so that a migration gives up rather than block the
running release.
"""

import asyncio
import threading
import time
from typing import Final

from alembic import command, context
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.db.engine import make_engine, unavailable_when_lost
from shared.kernel.errors import Unavailable

LOCK_DEADLINE_S: Final = 60.0
LOCK_RETRY_S: Final = 0.2

_alembic_is_free = threading.Lock()
"""Alembic's ``op`` and ``context`` are one per process."""


async def migrate(service: str, dsn: str, *, scripts: str | None = None) -> None:
    """Brings the schema of ``service`` to its newest revision. Safe to repeat, and at once from
    several processes: they take turns, and the later ones find nothing to do.

    ``dsn`` belongs to the service's own role. ``scripts`` is where the history lies, as a folder
    or ``package:folder``; by default ``services.<service>:migrations``.

    Raises:
        Unavailable: the database is away, or another process migrates for more than 60 s.
    """
    location = scripts or f"services.{service}:migrations"
    # In a thread, with a loop of its own: reading revisions must not hold up the caller's loop.
    await asyncio.to_thread(_migrate_in_turn, service, dsn, location)


def run_env() -> None:
    """The whole of every ``migrations/env.py``.

    Raises:
        RuntimeError: Alembic was started by its own command line, which knows no connection.
    """
    connection: Connection | None = context.config.attributes.get("connection")
    if connection is None:
        raise RuntimeError("Run migrations with: python -m services migrate <name>")
    context.configure(
        connection=connection,
        version_table_schema=context.config.attributes["schema"],
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _migrate_in_turn(service: str, dsn: str, location: str) -> None:
    with _alembic_is_free:
        asyncio.run(_migrate(service, dsn, location))


async def _migrate(service: str, dsn: str, location: str) -> None:
    config = Config()
    config.set_main_option("script_location", location)
    config.attributes["schema"] = service
    engine = make_engine(dsn, schema=service, pool_size=1)
    try:
        with unavailable_when_lost():
            async with engine.connect() as connection:
                await _take_turn(connection, service)
                await connection.run_sync(_upgrade, config)
    finally:
        await engine.dispose()  # ends the session, and with it the lock


async def _take_turn(connection: AsyncConnection, service: str) -> None:
    """Waits for the session lock by asking again: waiting in the server would time out."""
    deadline = time.monotonic() + LOCK_DEADLINE_S
    try_lock = text("SELECT pg_try_advisory_lock(hashtextextended(:name, 0))")
    while not await connection.scalar(try_lock, {"name": f"{service}.migrations"}):
        if time.monotonic() > deadline:
            raise Unavailable(f"Another process has been migrating {service} for a minute.")
        await asyncio.sleep(LOCK_RETRY_S)
    await connection.commit()  # Alembic begins its own transactions


def _upgrade(connection: Connection, config: Config) -> None:
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
