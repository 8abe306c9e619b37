"""Preparations in PostgreSQL."""

from dataclasses import asdict

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.provisioner.domain.preparation import Preparation
from services.provisioner.persistence.tables import preparations
from shared.kernel.ids import ProjectId


class PostgresPreparationStore:
    """The provisioner's tables inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def latest(self, project_id: ProjectId) -> Preparation | None:
        """The project's preparation; approvals of one project wait for one another."""
        await self._connection.execute(
            select(func.pg_advisory_xact_lock(func.hashtextextended(str(project_id), 0)))
        )
        return await find_preparation(self._connection, project_id)

    async def put(self, preparation: Preparation) -> None:
        """Make this the project's preparation."""
        values = asdict(preparation)
        await self._connection.execute(
            insert(preparations)
            .values(values)
            .on_conflict_do_update(index_elements=[preparations.c.project_id], set_=values)
        )


async def find_preparation(
    connection: AsyncConnection, project_id: ProjectId
) -> Preparation | None:
    """The project's preparation."""
    row = (
        await connection.execute(
            select(preparations).where(preparations.c.project_id == project_id)
        )
    ).one_or_none()
    return Preparation(**row._mapping) if row else None
