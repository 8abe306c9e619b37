"""Lists of what an inventory holds beside its VMs."""

from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import APIRouter, Query

from services.ingest.api.list_schemas import (
    ClusterReply,
    DatastoreReply,
    DiskReply,
    HostReply,
    NetworkReply,
    NicReply,
    PartitionReply,
    SnapshotReply,
)
from services.ingest.api.public import Reader
from services.ingest.persistence.list_queries import list_infrastructure, list_parts
from shared.db.uow import Database
from shared.http.models import ListReply, PageParameters, PageQuery, ReplyModel
from shared.http.security import VisibleProject
from shared.kernel.ids import InventoryId, ProjectId
from shared.kernel.paging import Page

R = TypeVar("R", bound=ReplyModel)
Search = Annotated[
    str | None,
    Query(
        description="Only what has this text in it, in either case", min_length=1, max_length=200
    ),
]
OfVm = Annotated[UUID | None, Query(description="Only what belongs to this VM")]
_NOT_READY: Final[dict[int | str, dict[str, Any]]] = {
    409: {"description": "The import is not complete"}
}


def part_routes(database: Database) -> APIRouter:
    """What belongs to VMs."""
    router = APIRouter(prefix="/v1/projects/{project_id}/inventories", tags=["inventories"])

    async def parts(
        reply: type[R],
        kind: str,
        inventory: tuple[ProjectId, UUID],
        page: PageQuery,
        *,
        vm_id: UUID | None,
        search: str | None,
    ) -> ListReply[R]:
        async with database.read() as connection:
            found = await list_parts(
                connection,
                inventory[0],
                InventoryId(inventory[1]),
                kind,
                vm_id=vm_id,
                search=search,
                cursor=page.cursor,
                limit=page.limit,
            )
        return _listed(reply, found)

    @router.get("/{inventory_id}/disks", responses=_NOT_READY)
    async def list_disks(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        vm_id: OfVm = None,
        search: Search = None,
    ) -> ListReply[DiskReply]:
        """The virtual disks of an inventory, by VM."""
        inventory = (project_id, inventory_id)
        return await parts(DiskReply, "disks", inventory, page, vm_id=vm_id, search=search)

    @router.get("/{inventory_id}/nics", responses=_NOT_READY)
    async def list_nics(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        vm_id: OfVm = None,
        search: Search = None,
    ) -> ListReply[NicReply]:
        """The virtual network adapters of an inventory, by VM."""
        inventory = (project_id, inventory_id)
        return await parts(NicReply, "nics", inventory, page, vm_id=vm_id, search=search)

    @router.get("/{inventory_id}/snapshots", responses=_NOT_READY)
    async def list_vm_snapshots(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        vm_id: OfVm = None,
        search: Search = None,
    ) -> ListReply[SnapshotReply]:
        """The VM snapshots of an inventory, by VM."""
        inventory = (project_id, inventory_id)
        return await parts(SnapshotReply, "snapshots", inventory, page, vm_id=vm_id, search=search)

    @router.get("/{inventory_id}/partitions", responses=_NOT_READY)
    async def list_partitions(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        vm_id: OfVm = None,
        search: Search = None,
    ) -> ListReply[PartitionReply]:
        """The file systems that VMware Tools report, by VM."""
        inventory = (project_id, inventory_id)
        return await parts(
            PartitionReply, "partitions", inventory, page, vm_id=vm_id, search=search
        )

    return router


def infrastructure_routes(database: Database) -> APIRouter:
    """The source's hosts, clusters, storage and networks."""
    router = APIRouter(prefix="/v1/projects/{project_id}/inventories", tags=["inventories"])

    async def things(
        reply: type[R],
        kind: str,
        inventory: tuple[ProjectId, UUID],
        page: PageQuery,
        search: str | None,
    ) -> ListReply[R]:
        async with database.read() as connection:
            found = await list_infrastructure(
                connection,
                inventory[0],
                InventoryId(inventory[1]),
                kind,
                search=search,
                cursor=page.cursor,
                limit=page.limit,
            )
        return _listed(reply, found)

    @router.get("/{inventory_id}/hosts", responses=_NOT_READY)
    async def list_hosts(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        search: Search = None,
    ) -> ListReply[HostReply]:
        """The ESXi hosts of an inventory, by name."""
        return await things(HostReply, "hosts", (project_id, inventory_id), page, search)

    @router.get("/{inventory_id}/clusters", responses=_NOT_READY)
    async def list_clusters(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        search: Search = None,
    ) -> ListReply[ClusterReply]:
        """The clusters of an inventory, by name."""
        return await things(ClusterReply, "clusters", (project_id, inventory_id), page, search)

    @router.get("/{inventory_id}/datastores", responses=_NOT_READY)
    async def list_datastores(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        search: Search = None,
    ) -> ListReply[DatastoreReply]:
        """The datastores of an inventory, by name."""
        return await things(DatastoreReply, "datastores", (project_id, inventory_id), page, search)

    @router.get("/{inventory_id}/networks", responses=_NOT_READY)
    async def list_networks(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        page: PageParameters,
        search: Search = None,
    ) -> ListReply[NetworkReply]:
        """The networks of an inventory and who uses them, by name."""
        return await things(NetworkReply, "networks", (project_id, inventory_id), page, search)

    return router


def _listed(reply: type[R], found: Page[Any]) -> ListReply[R]:
    items = [reply.model_validate(row) for row in found.items]
    return ListReply[R].of(Page(items, found.next_cursor))
