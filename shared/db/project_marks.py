"""What a service remembers of the life of projects, for facts that arrive late.

A project is cleared or deleted once, and the services hear of it in any order: an
``assessment.completed`` of an import that is gone may come after the ``project.changed`` that says
so. The mark stays, and such facts change nothing. Whoever writes what follows from an import asks
:func:`is_gone` first, which makes notes on the same project wait for one another.
"""

from typing import Final
from uuid import UUID

from sqlalchemy import Column, Integer, MetaData, Table, Text, Uuid, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.contracts.project import ProjectChanged
from shared.kernel.project_life import ProjectLife

PROJECT_MARKS: Final = Table(
    "project_marks",
    MetaData(),
    Column("project_id", Uuid, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("life", Text, nullable=False),
    Column("cleared_through", Integer, nullable=False),
)
"""One row for each project that was ever archived, cleared or deleted."""

_marks = PROJECT_MARKS


async def note(connection: AsyncConnection, changed: ProjectChanged) -> bool:
    """Remember how a project stands; False if a later change of it is known already."""
    await _lock(connection, changed.project_id)
    values = {
        "version": changed.project_version,
        "life": changed.life.value,
        "cleared_through": changed.cleared_through,
    }
    statement = insert(_marks).values(project_id=changed.project_id, **values)
    result = await connection.execute(
        statement.on_conflict_do_update(
            index_elements=[_marks.c.project_id],
            set_=values,
            where=_marks.c.version < changed.project_version,
        )
    )
    return result.rowcount == 1


async def is_gone(
    connection: AsyncConnection, project_id: UUID, inventory_number: int | None = None
) -> bool:
    """Whether the project is deleted, or its inventory with this number is cleared away."""
    await _lock(connection, project_id)
    row = (
        await connection.execute(
            select(_marks.c.life, _marks.c.cleared_through).where(_marks.c.project_id == project_id)
        )
    ).one_or_none()
    if row is None:
        return False
    is_cleared = inventory_number is not None and inventory_number <= row.cleared_through
    return is_cleared or ProjectLife(row.life) is ProjectLife.DELETED


async def life_of(connection: AsyncConnection, project_id: UUID) -> ProjectLife:
    """Whether the project is worked on, as far as this service has heard."""
    life = await connection.scalar(select(_marks.c.life).where(_marks.c.project_id == project_id))
    return ProjectLife(life) if life else ProjectLife.ACTIVE


async def _lock(connection: AsyncConnection, project_id: UUID) -> None:
    lock = func.hashtextextended(f"project_marks/{project_id}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(lock)))
