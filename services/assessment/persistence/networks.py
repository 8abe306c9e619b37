"""Networks of assessments and what people said of them, in PostgreSQL."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Integer,
    Subquery,
    Text,
    Uuid,
    and_,
    any_,
    case,
    cast,
    delete,
    func,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import aggregate_order_by, distinct_on, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.errors import NETWORK_NOT_FOUND
from services.assessment.domain.network_class import NetworkClass
from services.assessment.domain.networks import Network, NetworkOverride, NetworkUse
from services.assessment.persistence.runs import find_newest
from services.assessment.persistence.tables import (
    assessed_networks,
    assessments,
    network_overrides,
    network_tenants,
    network_uses,
)
from services.assessment.usecases.decision_ports import Author
from shared.db.uow import copy_records
from shared.kernel.errors import NotFound
from shared.kernel.ids import AssessmentId, NetworkId, ProjectId

_uses: Final = network_uses.c
_overrides: Final = network_overrides.c


class PostgresNetworkStore:
    """Networks inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def get(self, project_id: ProjectId, network_id: NetworkId) -> Network:
        """A network of the newest complete assessment. Raises NotFound."""
        run = await find_newest(self._connection, project_id, is_complete=True)
        listed = assessed_networks.c
        row = (
            await self._connection.execute(
                select(listed.vcenter, listed.name, listed.switch).where(
                    listed.assessment_id == (run.id if run else None),
                    listed.network_id == network_id,
                )
            )
        ).one_or_none()
        if row is None:
            raise unknown_network(network_id)
        return Network(network_id, row.vcenter, row.name, row.switch)

    async def override(self, project_id: ProjectId, network_id: NetworkId) -> NetworkOverride:
        """What people said of it; version 1 if nobody has yet."""
        row = (
            await self._connection.execute(
                select(_overrides.network_class, _overrides.note, _overrides.version).where(
                    _overrides.project_id == project_id, _overrides.network_id == network_id
                )
            )
        ).one_or_none()
        if row is None:
            return NetworkOverride()
        given = None if row.network_class is None else NetworkClass(row.network_class)
        return NetworkOverride(given, row.note, row.version)

    async def overrides(
        self, project_id: ProjectId, network_ids: Sequence[NetworkId]
    ) -> Mapping[NetworkId, NetworkClass]:
        """The classes that people gave those of ``network_ids``."""
        rows = await self._connection.execute(
            select(_overrides.network_id, _overrides.network_class).where(
                _overrides.project_id == project_id,
                _overrides.network_class.is_not(None),
                _overrides.network_id == any_(literal(list(network_ids), ARRAY(Uuid))),
            )
        )
        return {NetworkId(id_): NetworkClass(given) for id_, given in rows}

    async def save(
        self, project_id: ProjectId, network: Network, override: NetworkOverride, *, by: Author
    ) -> None:
        """Store what people say of it now."""
        said = {
            "network_class": override.network_class,
            "note": override.note,
            "version": override.version,
            "changed_at": func.now(),
            "changed_by": by.key,
            "changed_by_name": by.name,
        }
        await self._connection.execute(
            insert(network_overrides)
            .values(
                project_id=project_id,
                network_id=network.id,
                vcenter=network.vcenter,
                name=network.name,
                switch=network.switch,
                **said,
            )
            .on_conflict_do_update(
                index_elements=list(network_overrides.primary_key.columns), set_=said
            )
        )

    async def reset(self, project_id: ProjectId) -> None:
        """Every network has the class that is detected; versions go on."""
        await self._connection.execute(
            update(network_overrides)
            .where(_overrides.project_id == project_id, _overrides.network_class.is_not(None))
            .values(network_class=None, note=None, version=_overrides.version + 1)
        )

    async def forget(self, project_id: ProjectId) -> None:
        """Nobody has said anything."""
        await self._connection.execute(
            delete(network_overrides).where(_overrides.project_id == project_id)
        )

    async def add_uses(
        self, assessment_id: AssessmentId, page: int, uses: Iterable[NetworkUse]
    ) -> None:
        """Keep what a page has counted until the whole is added up."""
        await copy_records(
            self._connection,
            network_uses.name,
            [column.name for column in network_uses.columns],
            _use_rows(assessment_id, page, uses),
        )

    async def add_up(self, assessment_id: AssessmentId) -> None:
        """Store each network with its sums and its tenants; what the pages counted goes."""
        ours = _uses.assessment_id == assessment_id
        await self._connection.execute(
            insert(assessed_networks).from_select(
                [column.name for column in assessed_networks.columns], _networks_of(assessment_id)
            )
        )
        await self._connection.execute(
            insert(network_tenants).from_select(
                [column.name for column in network_tenants.columns],
                select(
                    literal(assessment_id),
                    _uses.network_id,
                    _uses.tenant_id,
                    func.sum(_uses.vms),
                    func.sum(_uses.nics),
                )
                .where(ours)
                .group_by(_uses.network_id, _uses.tenant_id),
            )
        )
        await self._connection.execute(delete(network_uses).where(ours))


def unknown_network(network_id: NetworkId) -> NotFound:
    """The error for a network that no list shows."""
    return NotFound(
        f"No VM of this project's newest assessment uses a network {network_id}; its list of "
        "networks says which there are.",
        code=NETWORK_NOT_FOUND,
    )


def _networks_of(assessment_id: AssessmentId) -> Any:
    """The rows of ``assessed_networks``, with the classes that people gave."""
    sums, verdict = _sums_of(assessment_id), _verdicts_of(assessment_id)
    project = (
        select(assessments.c.project_id).where(assessments.c.id == assessment_id).scalar_subquery()
    )
    given = and_(_overrides.project_id == project, _overrides.network_id == sums.c.network_id)
    namesakes = func.count().over(partition_by=(sums.c.vcenter, sums.c.name))
    qualified = sums.c.name + " (" + func.coalesce(sums.c.switch, "no switch stated") + ")"
    return (
        select(
            literal(assessment_id),
            sums.c.network_id,
            sums.c.vcenter,
            sums.c.name,
            sums.c.switch,
            case((namesakes > 1, qualified), else_=sums.c.name),
            func.coalesce(_overrides.network_class, verdict.c.detected_class),
            verdict.c.detected_class,
            verdict.c.rule,
            verdict.c.evidence,
            verdict.c.is_guessed,
            sums.c.vlan_ids,
            sums.c.vlan_trunks,
            sums.c.is_vlan_guessed,
            sums.c.vms,
            sums.c.nics,
            sums.c.tenant_count,
        )
        .join(verdict, verdict.c.network_id == sums.c.network_id)
        .outerjoin(network_overrides, given)
    )


def _sums_of(assessment_id: AssessmentId) -> Subquery:
    """Each network with who uses it, and its VLANs: more than one where hosts differ."""
    has_vlan = or_(_uses.vlan_id.is_not(None), _uses.vlan_trunk.is_not(None))
    return (
        select(
            _uses.network_id,
            func.min(_uses.vcenter).label("vcenter"),
            func.min(_uses.name).label("name"),
            func.min(_uses.switch).label("switch"),
            _distinct(_uses.vlan_id, Integer).label("vlan_ids"),
            _distinct(_uses.vlan_trunk, Text).label("vlan_trunks"),
            func.coalesce(func.bool_and(_uses.is_vlan_guessed).filter(has_vlan), False).label(
                "is_vlan_guessed"
            ),
            func.sum(_uses.vms).label("vms"),
            func.sum(_uses.nics).label("nics"),
            func.count(_uses.tenant_id.distinct()).label("tenant_count"),
        )
        .where(_uses.assessment_id == assessment_id)
        .group_by(_uses.network_id)
        .subquery("sums")
    )


def _verdicts_of(assessment_id: AssessmentId) -> Subquery:
    """One verdict of each network. Where its port groups differ from host to host, what is not
    guessed counts first, then what most NICs have."""
    verdict = (_uses.network_id, _uses.detected_class, _uses.rule, _uses.evidence, _uses.is_guessed)
    return (
        select(*verdict)
        .ext(distinct_on(_uses.network_id))
        .where(_uses.assessment_id == assessment_id)
        .group_by(*verdict)
        .order_by(
            _uses.network_id,
            _uses.is_guessed,
            func.sum(_uses.nics).desc(),
            _uses.rule,
            _uses.evidence,
        )
        .subquery("verdict")
    )


def _distinct(column: ColumnElement[Any], type_: type[Integer] | type[Text]) -> Any:
    """The values of ``column`` as an array, each once, in order."""
    values = func.array_agg(aggregate_order_by(column.distinct(), column.asc()))
    return func.coalesce(values.filter(column.is_not(None)), cast([], ARRAY(type_)))


def _use_rows(
    assessment_id: AssessmentId, page: int, uses: Iterable[NetworkUse]
) -> Iterator[tuple[object, ...]]:
    for position, use in enumerate(uses):
        network, vlan, verdict = (
            use.attachment.network,
            use.attachment.vlan,
            use.attachment.verdict,
        )
        yield (
            assessment_id,
            page,
            position,
            network.id,
            network.vcenter,
            network.name,
            network.switch,
            use.tenant_id,
            vlan.id,
            vlan.trunk,
            vlan.is_guessed,
            verdict.network_class,
            verdict.rule,
            verdict.evidence,
            verdict.is_guessed,
            use.vms,
            use.nics,
        )
