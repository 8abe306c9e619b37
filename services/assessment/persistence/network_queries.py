"""Reads of the networks of an assessment: what they are made of, and who uses them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Select, Uuid, and_, any_, exists, func, literal, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.network_class import NetworkClass
from services.assessment.persistence.networks import unknown_network
from services.assessment.persistence.tables import (
    NAME_SORT_CHARS,
    assessed_networks,
    network_overrides,
    network_tenants,
    tenants,
)
from shared.kernel.ids import AssessmentId, NetworkId, ProjectId, TenantId
from shared.kernel.paging import Page, decode_cursor, encode_cursor

LISTED_TENANTS: Final = 20
"""Tenants that a list names of each network; one network alone is shown with all."""

_networks: Final = assessed_networks.c
_overrides: Final = network_overrides.c
_SORT_NAME: Final = func.left(_networks.name, NAME_SORT_CHARS)


@dataclass(frozen=True, slots=True)
class NetworkFilter:
    """Which networks to list; None does not restrict."""

    network_class: NetworkClass | None = None
    """The class that holds."""
    tenant_id: TenantId | None = None
    search: str | None = None
    """Part of its name or its switch's, ignoring case."""
    is_guessed: bool | None = None
    is_overridden: bool | None = None


async def list_networks(
    connection: AsyncConnection,
    project_id: ProjectId,
    assessment_id: AssessmentId,
    *,
    only: NetworkFilter,
    cursor: str | None,
    limit: int,
) -> Page[Mapping[str, Any]]:
    """Networks that VMs in scope use, by name, then id, each with the tenants that use it most.

    Raises:
        Invalid: the cursor is not one of this list.
    """
    statement = (
        _only(_networks_of(project_id, assessment_id), only)
        .order_by(_SORT_NAME, _networks.network_id)
        .limit(limit + 1)
    )
    if cursor is not None:
        after = decode_cursor(cursor, str, UUID)
        statement = statement.where(tuple_(_SORT_NAME, _networks.network_id) > after)
    rows = [dict(row._mapping) for row in await connection.execute(statement)]
    items, more = rows[:limit], len(rows) > limit
    await _add_tenants(connection, assessment_id, items, most=LISTED_TENANTS)
    if not more:
        return Page(items, None)
    last = items[-1]
    return Page(items, encode_cursor(last["name"][:NAME_SORT_CHARS], str(last["id"])))


async def find_network(
    connection: AsyncConnection,
    project_id: ProjectId,
    assessment_id: AssessmentId,
    network_id: NetworkId,
) -> Mapping[str, Any]:
    """One network with all tenants that use it. Raises NotFound."""
    found = await connection.execute(
        _networks_of(project_id, assessment_id).where(_networks.network_id == network_id)
    )
    rows = [dict(row._mapping) for row in found]
    if not rows:
        raise unknown_network(network_id)
    await _add_tenants(connection, assessment_id, rows, most=None)
    return rows[0]


def _networks_of(project_id: ProjectId, assessment_id: AssessmentId) -> Select[Any]:
    given = and_(_overrides.project_id == project_id, _overrides.network_id == _networks.network_id)
    return (
        select(
            _networks.network_id.label("id"),
            *[column for column in _networks if column.name not in ("assessment_id", "network_id")],
            _overrides.network_class.label("override_class"),
            _overrides.note.label("override_note"),
            _overrides.changed_at.label("override_changed_at"),
            _overrides.changed_by_name.label("override_changed_by_name"),
            func.coalesce(_overrides.version, 1).label("version"),
        )
        .outerjoin(network_overrides, given)
        .where(_networks.assessment_id == assessment_id)
    )


def _only(statement: Select[Any], only: NetworkFilter) -> Select[Any]:
    if only.network_class is not None:
        statement = statement.where(_networks.network_class == only.network_class)
    if only.tenant_id is not None:
        statement = statement.where(
            exists().where(
                network_tenants.c.assessment_id == _networks.assessment_id,
                network_tenants.c.network_id == _networks.network_id,
                network_tenants.c.tenant_id == only.tenant_id,
            )
        )
    if only.search:
        wanted = func.lower(only.search)
        statement = statement.where(
            func.strpos(
                func.lower(_networks.name + " " + func.coalesce(_networks.switch, "")), wanted
            )
            > 0
        )
    if only.is_guessed is not None:
        statement = statement.where(_networks.is_guessed == only.is_guessed)
    if only.is_overridden is not None:
        is_overridden = func.coalesce(_overrides.network_class, "") != ""
        statement = statement.where(is_overridden == only.is_overridden)
    return statement


async def _add_tenants(
    connection: AsyncConnection,
    assessment_id: AssessmentId,
    networks: Sequence[dict[str, Any]],
    *,
    most: int | None,
) -> None:
    """Gives each of ``networks`` its tenants, those with the most VMs first."""
    uses = network_tenants.c
    ids = [network["id"] for network in networks]
    rank = func.row_number().over(
        partition_by=uses.network_id, order_by=(uses.vms.desc(), tenants.c.name, tenants.c.id)
    )
    ranked = (
        select(
            uses.network_id,
            tenants.c.id,
            tenants.c.name,
            tenants.c.org_vdc,
            uses.vms,
            uses.nics,
            rank.label("rank"),
        )
        .join(tenants, tenants.c.id == uses.tenant_id)
        .where(
            uses.assessment_id == assessment_id,
            uses.network_id == any_(literal(ids, ARRAY(Uuid))),
        )
        .subquery()
    )
    statement = select(ranked).order_by(ranked.c.network_id, ranked.c.rank)
    if most is not None:
        statement = statement.where(ranked.c.rank <= most)
    by_id: dict[UUID, list[Mapping[str, Any]]] = {id_: [] for id_ in ids}
    for row in await connection.execute(statement):
        by_id[row.network_id].append(dict(row._mapping))
    for network in networks:
        network["tenants"] = by_id[network["id"]]
