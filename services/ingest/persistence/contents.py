"""What a project holds here, for whoever is about to clear or delete it."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from services.ingest.persistence.queries import find_project
from services.ingest.persistence.tables import inventories
from shared.db.jobs import ENDED
from shared.db.tables import TABLES
from shared.kernel.ids import ProjectId


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Imports of a project and the rows in all of them."""

    name: str
    imports: int
    running_imports: int
    vms: int
    disks: int
    nics: int


async def show_contents(connection: AsyncConnection, project_id: ProjectId) -> Contents:
    """What clearing or deleting the project would remove here. Raises NotFound."""
    project = await find_project(connection, project_id)
    job = TABLES.jobs.c
    row = (
        await connection.execute(
            select(
                func.count(),
                func.count().filter(job.state.not_in(ENDED)),
                *(
                    func.coalesce(func.sum(column), 0)
                    for column in (
                        inventories.c.vm_count,
                        inventories.c.disk_count,
                        inventories.c.nic_count,
                    )
                ),
            )
            .select_from(inventories)
            .outerjoin(TABLES.jobs, job.id == inventories.c.job_id)
            .where(inventories.c.project_id == project_id, inventories.c.removed_at.is_(None))
        )
    ).one()
    imports, running, vms, disks, nics = row
    return Contents(
        name=project.name,
        imports=imports,
        running_imports=running,
        vms=int(vms),
        disks=int(disks),
        nics=int(nics),
    )
