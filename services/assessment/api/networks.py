"""Networks of the newest complete assessment, and what people say of them."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.api.networks_schemas import (
    AssessedNetwork,
    NetworkChangedReply,
    NetworkPatch,
)
from services.assessment.domain.errors import NOT_ASSESSED
from services.assessment.domain.network_class import NetworkClass
from services.assessment.persistence.network_queries import (
    NetworkFilter,
    find_network,
    list_networks,
)
from services.assessment.persistence.runs import find_newest
from services.assessment.usecases.override_network import override_network
from services.assessment.usecases.ports import AssessmentStore
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.db.uow import Database, Transactions
from shared.http.etags import BaseVersion, etag
from shared.http.models import ListReply, PageParameters
from shared.http.security import VisibleProject, require
from shared.kernel.errors import NotFound
from shared.kernel.ids import AssessmentId, NetworkId, ProjectId, TenantId

Reader = Annotated[Principal, require(Permission.READ)]
Writer = Annotated[Principal, require(Permission.WRITE)]


def _network_filter(
    network_class: Annotated[
        NetworkClass | None, Query(description="Only networks of this class")
    ] = None,
    tenant_id: Annotated[UUID | None, Query(description="Only those that this one uses")] = None,
    search: Annotated[
        str | None,
        Query(description="In its name or its switch's, ignoring case", max_length=200),
    ] = None,
    is_guessed: Annotated[
        bool | None, Query(description="Only those whose class is (not) a guess")
    ] = None,
    is_overridden: Annotated[
        bool | None, Query(description="Only those of which people said (nothing) something")
    ] = None,
) -> NetworkFilter:
    return NetworkFilter(
        network_class=network_class,
        tenant_id=TenantId(tenant_id) if tenant_id else None,
        search=search,
        is_guessed=is_guessed,
        is_overridden=is_overridden,
    )


NetworkParameters = Annotated[NetworkFilter, Depends(_network_filter)]


def networks_routes(database: Database, transactions: Transactions[AssessmentStore]) -> APIRouter:
    """Networks that VMs in scope use, each with its class, why, and an override."""
    router = APIRouter(prefix="/v1/projects/{project_id}/assessment/networks", tags=["networks"])

    @router.get("")
    async def list_assessed_networks(
        project_id: VisibleProject, caller: Reader, page: PageParameters, only: NetworkParameters
    ) -> ListReply[AssessedNetwork]:
        """Networks of the NICs of all VMs in scope by name, of the newest complete assessment."""
        async with database.read() as connection:
            found = await list_networks(
                connection,
                project_id,
                await _newest_complete(connection, project_id),
                only=only,
                cursor=page.cursor,
                limit=page.limit,
            )
        return ListReply(
            items=[AssessedNetwork.of(row) for row in found.items], next_cursor=found.next_cursor
        )

    @router.get("/{network_id}")
    async def show_assessed_network(
        project_id: VisibleProject, network_id: UUID, caller: Reader, response: Response
    ) -> AssessedNetwork:
        """A network with all tenants that use it."""
        async with database.read() as connection:
            row = await _shown(connection, project_id, NetworkId(network_id))
        response.headers["ETag"] = etag(row["version"])
        return AssessedNetwork.of(row)

    @router.patch("/{network_id}")
    async def patch_assessed_network(
        project_id: VisibleProject,
        network_id: UUID,
        caller: Writer,
        based_on: BaseVersion,
        patch: NetworkPatch,
        response: Response,
    ) -> NetworkChangedReply:
        """Say what a network is made of, or leave it to the detection again. It holds against
        every import but one that replaces."""
        async with transactions() as tx:
            change = await override_network(
                tx,
                project_id,
                NetworkId(network_id),
                patch.override_changes(),
                based_on=based_on,
                assessment_id=AssessmentId(database.ids.new()),
                by=caller,
            )
            row = await _shown(tx.connection, project_id, change.network.id)
        response.headers["ETag"] = etag(change.override.version)
        return NetworkChangedReply.after(row, change.assessment)

    return router


async def _shown(
    connection: AsyncConnection, project_id: ProjectId, network_id: NetworkId
) -> Mapping[str, Any]:
    assessment_id = await _newest_complete(connection, project_id)
    return await find_network(connection, project_id, assessment_id, network_id)


async def _newest_complete(connection: AsyncConnection, project_id: ProjectId) -> AssessmentId:
    run = await find_newest(connection, project_id, is_complete=True)
    if run is None:
        raise NotFound(
            "No inventory of this project has been assessed yet. Import a workbook, or wait until "
            "its assessment is complete.",
            code=NOT_ASSESSED,
        )
    return run.id
