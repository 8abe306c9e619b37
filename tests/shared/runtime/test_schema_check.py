"""A service is ready when its schema is at least as new as its code."""

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url

from shared.db.bootstrap import bootstrap
from shared.db.engine import make_engine
from shared.db.migrate import migrate
from shared.db.uow import Database
from shared.observability.health import Health
from shared.runtime.clock import SystemClock
from shared.runtime.ids import Uuid7Ids
from shared.runtime.schema_check import SchemaIsCurrent, SchemaOutdated
from tests.shared.db.workshop import PASSWORD, SCRIPTS, SERVICE


@pytest.fixture
async def db(admin_dsn: str) -> AsyncIterator[Database]:
    prefix = f"t{uuid4().hex[:8]}_"
    await bootstrap(admin_dsn, {SERVICE: PASSWORD}, role_prefix=prefix)
    url = make_url(admin_dsn).set(username=prefix + SERVICE, password=PASSWORD)
    engine = make_engine(url.render_as_string(hide_password=False), schema=SERVICE)
    database = Database(engine, service=SERVICE, ids=Uuid7Ids(), clock=SystemClock())
    yield database
    await database.close()


async def run_migrations(db: Database) -> None:
    url = db.engine.url.set(drivername="postgresql")
    await migrate(SERVICE, url.render_as_string(hide_password=False), scripts=SCRIPTS)


async def set_revision(db: Database, revision: str) -> None:
    async with db.write() as connection:
        await connection.execute(
            text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision}
        )


async def test_a_schema_without_migrations_is_not_ready(db: Database) -> None:
    health = Health({"migrations": SchemaIsCurrent(db, scripts=SCRIPTS)})
    assert "migrations" in await health.failing()


async def test_a_migrated_schema_is_current(db: Database) -> None:
    await run_migrations(db)
    await SchemaIsCurrent(db, scripts=SCRIPTS)()


async def test_a_schema_behind_the_code_is_told_with_what_to_do(db: Database) -> None:
    await run_migrations(db)
    async with db.write() as connection:
        await connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(SchemaOutdated, match="python -m services migrate workshop"):
        await SchemaIsCurrent(db, scripts=SCRIPTS)()


async def test_a_schema_of_a_later_release_will_do(db: Database) -> None:
    await run_migrations(db)
    await set_revision(db, "9999")
    await SchemaIsCurrent(db, scripts=SCRIPTS)()
