"""A readiness check: the schema is at least as new as this release needs."""

import asyncio
from typing import Final

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from shared.db.uow import Database

_VERSIONS: Final = text("SELECT version_num FROM alembic_version")


class SchemaOutdated(Exception):
    """The newest migration of this release has not run."""


class SchemaIsCurrent:
    """Passes when the schema of ``database`` has the newest revision of this release.

    It passes too when the schema is at a revision that this release does not know: then a later
    release has migrated already, in a way that this one can live with.
    """

    def __init__(self, database: Database, *, scripts: str | None = None) -> None:
        """``scripts`` is where the history lies; by default ``services.<service>:migrations``."""
        self._database = database
        self._location = scripts or f"services.{database.service}:migrations"
        self._history: tuple[str, frozenset[str]] | None = None

    async def __call__(self) -> None:
        """The check.

        Raises:
            SchemaOutdated: the schema is older than this release needs.
            Unavailable: the database is away.
        """
        if self._history is None:
            self._history = await asyncio.to_thread(self._read_history)
        newest, known = self._history
        async with self._database.read() as connection:
            present = set((await connection.scalars(_VERSIONS)).all())
        if newest not in present and present <= known:
            raise SchemaOutdated(
                f"{self._database.service} is at {sorted(present) or 'nothing'}, not at {newest}; "
                f"run: python -m services migrate {self._database.service}"
            )

    def _read_history(self) -> tuple[str, frozenset[str]]:
        config = Config()
        config.set_main_option("script_location", self._location)
        history = ScriptDirectory.from_config(config)
        known = frozenset(script.revision for script in history.walk_revisions())
        return history.get_current_head() or "", known
