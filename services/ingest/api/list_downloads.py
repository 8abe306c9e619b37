"""The lists of what an inventory holds beside its VMs, as CSV."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

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
from services.ingest.api.lists import OfVm, Search
from services.ingest.api.public import Reader
from services.ingest.persistence.list_queries import list_infrastructure, list_parts
from shared.db.uow import Database
from shared.http.csv_lists import CSV_RESPONSE, CsvResponse, every_row, fields
from shared.http.models import ReplyModel
from shared.http.security import VisibleProject
from shared.kernel.ids import InventoryId
from shared.kernel.paging import Page

PARTS: Final[Mapping[str, type[ReplyModel]]] = {
    "disks": DiskReply,
    "nics": NicReply,
    "snapshots": SnapshotReply,
    "partitions": PartitionReply,
}
INFRASTRUCTURE: Final[Mapping[str, type[ReplyModel]]] = {
    "hosts": HostReply,
    "clusters": ClusterReply,
    "datastores": DatastoreReply,
    "networks": NetworkReply,
}
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = CSV_RESPONSE | {
    409: {"description": "The import is not complete"}
}


def download_routes(database: Database) -> APIRouter:
    """A file for each list, with its filter, order and fields."""
    router = APIRouter(prefix="/v1/projects/{project_id}/inventories", tags=["inventories"])
    for kind, reply in PARTS.items():
        _add_part(router, database, kind, reply)
    for kind, reply in INFRASTRUCTURE.items():
        _add_thing(router, database, kind, reply)
    return router


def _add_part(router: APIRouter, database: Database, kind: str, reply: type[ReplyModel]) -> None:
    async def download(
        project_id: VisibleProject,
        inventory_id: UUID,
        caller: Reader,
        vm_id: OfVm = None,
        search: Search = None,
    ) -> Response:
        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                return await list_parts(
                    connection,
                    project_id,
                    InventoryId(inventory_id),
                    kind,
                    vm_id=vm_id,
                    search=search,
                    cursor=cursor,
                    limit=limit,
                )

        columns = fields(*reply.model_fields)
        return CsvResponse(f"inventory-{kind}", columns, await every_row(read))

    _add(router, kind, download)


def _add_thing(router: APIRouter, database: Database, kind: str, reply: type[ReplyModel]) -> None:
    async def download(
        project_id: VisibleProject, inventory_id: UUID, caller: Reader, search: Search = None
    ) -> Response:
        async def read(cursor: str | None, limit: int) -> Page[Mapping[str, Any]]:
            async with database.read() as connection:
                return await list_infrastructure(
                    connection,
                    project_id,
                    InventoryId(inventory_id),
                    kind,
                    search=search,
                    cursor=cursor,
                    limit=limit,
                )

        columns = fields(*reply.model_fields)
        return CsvResponse(f"inventory-{kind}", columns, await every_row(read))

    _add(router, kind, download)


def _add(router: APIRouter, kind: str, download: Any) -> None:
    router.get(
        f"/{{inventory_id}}/{kind}.csv",
        name=f"download_{kind}",
        description=f"All {kind} of the list as CSV, with the same filter. Text that a spreadsheet "
        "would take for a formula has an apostrophe in front.",
        response_class=Response,
        responses=_RESPONSES,
    )(download)
