"""What the code believes of the schema is what the migrations make."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from services.provisioner.persistence.tables import metadata
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
