"""What the code believes of the schema is what the migrations make."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from services.ingest.domain.stored_tables import STORED_TABLES
from services.ingest.persistence.tables import metadata
from shared.db.uow import Database


def differences(connection: Connection) -> list[object]:
    def is_ours(_object: object, name: str | None, type_: str, *_: object) -> bool:
        return type_ == "column" or (type_ == "table" and name in metadata.tables)

    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "include_object": is_ours}
    )
    found: list[object] = compare_metadata(context, metadata)
    return found


async def test_the_tables_are_those_of_the_migrations(db: Database) -> None:
    async with db.read() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("table", STORED_TABLES)
async def test_the_parser_writes_the_columns_of_the_tables(db: Database, table: str) -> None:
    def columns(connection: Connection) -> list[str]:
        return [column["name"] for column in inspect(connection).get_columns(table)]

    async with db.read() as connection:
        migrated = await connection.run_sync(columns)
    assert list(STORED_TABLES[table]) == migrated == list(metadata.tables[table].columns.keys())
