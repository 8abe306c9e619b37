"""How many of the wanted VMs have which value, for panels of filters.

A facet ignores its own filter: who has chosen one cluster still sees what the others would give.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Uuid,
    any_,
    cast,
    func,
    literal,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.finding_catalogue import KINDS
from services.assessment.domain.vm_list import UNKNOWN, VmFilter
from services.assessment.persistence.codes import CODES, POWER_STATES, SEVERITIES, words
from services.assessment.persistence.grouping import Groups, grouped
from services.assessment.persistence.tables import tenants, vm_keys, vm_terms
from services.assessment.persistence.vm_list import wanted_keys
from shared.kernel.ids import AssessmentId

MOST_VALUES: Final = 200
"""Values of a facet that are told, those of most VMs first."""

Counted = tuple[Any, ...]
"""A value as it is stored, and how many VMs have it."""

_keys: Final = vm_keys.c
CODED: Final[Mapping[str, Mapping[int, str]]] = {
    name: words(codes) for name, codes in CODES.items()
}
"""Fields that are stored as numbers, with their words."""
_SCALARS: Final = (*CODED, "os_product", "cluster", "datacenter", "tenant_id")
_LISTS: Final = {"network": vm_terms.c.networks, "finding": vm_terms.c.finding_ids}


@dataclass(frozen=True, slots=True)
class Count:
    """VMs that have ``value``, which is what the filter takes; empty is the unknown."""

    value: str
    label: str | None
    """The name of a tenant, the title of a finding."""
    vms: int


@dataclass(frozen=True, slots=True)
class Sums:
    """Of the VMs that the whole filter admits, powered-off ones included; the unknown is 0."""

    vms: int
    powered_off: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    used_mib: int


@dataclass(frozen=True, slots=True)
class Facet:
    """The values of one field, those of most VMs first, and how many values there are in all."""

    counts: Sequence[Count]
    value_count: int


async def vm_facets(
    connection: AsyncConnection, assessment_id: AssessmentId, only: VmFilter
) -> tuple[Sums, Mapping[str, Facet]]:
    """The sums of the VMs that ``only`` admits, and the facets by the name of their filter."""
    counting = _Counting(connection, assessment_id, only)
    sums = await counting.sums()
    free = [name for name in _SCALARS if not getattr(only, name)]
    found = await counting.scalars(free, ignoring=None)
    for name in _SCALARS:
        if name not in free:
            found |= await counting.scalars([name], ignoring=name)
    for name, values in _LISTS.items():
        found[name] = await counting.values_of_list(name, values)
    found["severity"] = await counting.severities()
    facets = {name: _facet(name, counts) for name, counts in found.items()}
    names = await tenant_names(connection, found["tenant_id"])
    facets["tenant_id"] = _facet("tenant_id", found["tenant_id"], names)
    titles = {id_: kind.title for id_, kind in KINDS.items()}
    with_one = [(id_, vms) for id_, vms in found["finding"] if id_ is not None]
    facets["finding"] = _facet("finding", with_one, titles)
    return sums, facets


class _Counting:
    """Counts over the keys of one assessment."""

    def __init__(
        self, connection: AsyncConnection, assessment_id: AssessmentId, only: VmFilter
    ) -> None:
        self._connection = connection
        self._assessment_id = assessment_id
        self._only = only

    async def sums(self) -> Sums:
        """Of what the whole filter admits."""
        source, where = self._wanted(None)
        is_off = _keys.power_state == POWER_STATES["poweredOff"]
        row = await self._connection.execute(
            select(
                func.count().label("vms"),
                func.count().filter(is_off).label("powered_off"),
                *(
                    cast(func.coalesce(func.sum(_keys[name]), 0), BigInteger).label(name)
                    for name in ("vcpus", "memory_mib", "disk_mib", "used_mib")
                ),
            )
            .select_from(source)
            .where(where)
        )
        return Sums(**row.one()._mapping)

    async def scalars(self, names: Sequence[str], *, ignoring: str | None) -> Groups:
        """Values of these fields with their counts, all in one scan."""
        by = {name: _keys[name] for name in names}
        source, where = self._wanted(ignoring)
        return await grouped(self._connection, by, [func.count()], source=source, where=where)

    async def values_of_list(self, name: str, values: Column[Any]) -> list[Counted]:
        """VMs by each of the values that they have several of; None for those without any."""
        each = func.unnest(values).table_valued("value").render_derived()
        source, where = self._wanted(name, with_terms=True)
        rows = await self._connection.execute(
            select(each.c.value, func.count())
            .select_from(source.outerjoin(each, true()))
            .where(where)
            .group_by(each.c.value)
        )
        return [(value, vms) for value, vms in rows]

    async def severities(self) -> list[Counted]:
        """VMs that have a finding of each severity; a VM counts for all of its own."""
        counts = [
            func.count().filter(_keys.severities.bitwise_and(bit) > 0)
            for bit in SEVERITIES.values()
        ]
        source, where = self._wanted("severity")
        row = await self._connection.execute(select(*counts).select_from(source).where(where))
        return [(word, vms) for word, vms in zip(SEVERITIES, row.one(), strict=True) if vms]

    def _wanted(
        self, ignoring: str | None, *, with_terms: bool = False
    ) -> tuple[FromClause, ColumnElement[bool]]:
        return wanted_keys(
            self._assessment_id, self._only, ignoring=ignoring, with_terms=with_terms
        )


async def tenant_names(connection: AsyncConnection, found: Sequence[Counted]) -> dict[str, str]:
    """The names of the tenants in ``found`` by id."""
    ids = [tenant_id for tenant_id, *_ in found]
    rows = await connection.execute(
        select(tenants.c.id, tenants.c.name).where(tenants.c.id == any_(literal(ids, ARRAY(Uuid))))
    )
    return {str(id_): name for id_, name in rows}


def _facet(name: str, counts: Iterable[Counted], labels: Mapping[str, str] | None = None) -> Facet:
    coded = CODED.get(name)
    told = [
        Count(text, (labels or {}).get(text), vms)
        for value, vms in counts
        for text in [as_filter(coded[value] if coded else value)]
    ]
    told.sort(key=lambda count: (-count.vms, count.label or count.value, count.value))
    return Facet(told[:MOST_VALUES], len(told))


def as_filter(value: object) -> str:
    """``value`` as the filter takes it."""
    return UNKNOWN if value is None else str(value)
