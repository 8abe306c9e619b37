"""VMs of an assessment in any order, filtered by anything: one scan of narrow rows (ADR 0020)."""

from array import array
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import astuple
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Uuid,
    and_,
    any_,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.usage import disk_used_percent
from services.assessment.domain.vm_list import (
    UNKNOWN,
    Range,
    SortOrder,
    VmFilter,
    VmOrder,
    VmSort,
)
from services.assessment.persistence.codes import CODES, EXCLUSIONS, SEVERITIES, gravest
from services.assessment.persistence.tables import assessed_vms, tenants, vm_keys, vm_terms
from services.assessment.persistence.vm_keys import searchable
from shared.db.uow import Database
from shared.kernel.errors import Unavailable
from shared.kernel.ids import AssessmentId
from shared.kernel.paging import Page, decode_cursor, encode_cursor, foreign_cursor, list_digest

Row = Mapping[str, Any]

_keys: Final = vm_keys.c
_SORT_KEYS: Final[Mapping[VmSort, ColumnElement[Any]]] = {
    VmSort.NAME: _keys.position,
    VmSort.TENANT: tenants.c.name,
    VmSort.GRAVEST_FINDING: func.nullif(_keys.severities, 0),
    **{sort: _keys[sort.value] for sort in VmSort if sort.value in _keys},
}
_IN_TERMS: Final = frozenset({"network", "finding", "search"})
"""The filters that ``vm_terms`` answers."""
_NOT_LISTED: Final = ("assessment_id", "page_number", "page_line")
_LISTED: Final = [
    *(column for column in assessed_vms.columns if column.name not in _NOT_LISTED),
    tenants.c.name.label("tenant_name"),
    tenants.c.org_vdc,
]
_NAMES: Final = [str(column.name) for column in _LISTED]
BATCH_ROWS: Final = 500
"""Rows of a CSV that are read at once."""


async def list_vms(
    connection: AsyncConnection,
    assessment_id: AssessmentId,
    *,
    only: VmFilter,
    order: VmOrder,
    cursor: str | None,
    limit: int,
) -> Page[Row]:
    """A page of the VMs that ``only`` admits.

    Raises:
        Invalid: the cursor is not one of this list with this filter and order.
    """
    wanted = _wanted(assessment_id, only, order)
    if cursor is not None:
        digest = _digest(assessment_id, only, order)
        wanted = wanted.where(await _after(connection, assessment_id, order, cursor, digest))
    found = (await connection.execute(wanted.limit(limit + 1))).all()
    rows = await vm_rows(connection, assessment_id, [row.vm_id for row in found[:limit]])
    if len(found) <= limit:
        return Page(rows, None)
    last = found[limit - 1].position
    return Page(rows, vm_cursor(assessment_id, only=only, order=order, position=last))


def vm_cursor(assessment_id: AssessmentId, *, only: VmFilter, order: VmOrder, position: int) -> str:
    """The cursor of the page after the VM at ``position``."""
    return encode_cursor(_digest(assessment_id, only, order), position)


async def vm_positions(
    connection: AsyncConnection, assessment_id: AssessmentId, *, only: VmFilter, order: VmOrder
) -> Sequence[int]:
    """The places by name of all VMs that ``only`` admits, in the list's order: 4 bytes each."""
    wanted = _wanted(assessment_id, only, order).with_only_columns(_keys.position)
    return array("i", (await connection.scalars(wanted)).all())


async def vm_batches(
    database: Database, assessment_id: AssessmentId, positions: Sequence[int]
) -> AsyncIterator[Sequence[Row]]:
    """The VMs at ``positions``, each batch in a transaction of its own: who reads slowly holds no
    connection.

    Raises:
        Unavailable: a newer assessment has taken this one's place meanwhile.
    """
    for start in range(0, len(positions), BATCH_ROWS):
        batch = positions[start : start + BATCH_ROWS]
        async with database.read() as connection:
            placed = await connection.execute(
                select(_keys.position, _keys.vm_id).where(
                    _keys.assessment_id == assessment_id,
                    _keys.position == any_(literal(list(batch), ARRAY(Integer))),
                )
            )
            ids = {position: vm_id for position, vm_id in placed}
            if len(ids) < len(batch):
                raise Unavailable(
                    "A newer assessment has taken the place of the one that was read. Ask again."
                )
            rows = await vm_rows(connection, assessment_id, [ids[place] for place in batch])
        yield rows


def _digest(assessment_id: AssessmentId, only: VmFilter, order: VmOrder) -> str:
    return list_digest(assessment_id, astuple(order), *astuple(only))


def wanted_keys(
    assessment_id: AssessmentId,
    only: VmFilter,
    *,
    ignoring: str | None = None,
    with_terms: bool = False,
) -> tuple[FromClause, ColumnElement[bool]]:
    """The keys of the VMs that ``only`` admits, without its field ``ignoring``: where to select
    from, and what to ask. ``vm_terms`` is joined where it is asked, or if ``with_terms``."""
    asked = {name: one for name, one in _conditions(only) if name != ignoring}
    where = and_(_keys.assessment_id == assessment_id, *asked.values())
    if not with_terms and not _IN_TERMS & asked.keys():
        return vm_keys, where
    same = and_(
        vm_terms.c.assessment_id == _keys.assessment_id, vm_terms.c.position == _keys.position
    )
    return vm_keys.join(vm_terms, same), where


def _conditions(only: VmFilter) -> Iterator[tuple[str, ColumnElement[bool]]]:
    """Each with the name of its field."""
    if only.excluded:
        yield "excluded", _keys.excluded.in_([EXCLUSIONS[word] for word in only.excluded])
    else:
        yield "excluded", _keys.excluded.is_(None)
    yield from _word_conditions(only)
    for name in ("os_product", "datacenter", "cluster", "host"):
        if values := getattr(only, name):
            yield name, _one_of(_keys[name], values)
    if only.tenant_id:
        yield "tenant_id", _keys.tenant_id.in_(only.tenant_id)
    if only.network:
        yield "network", _has_network(only.network)
    if only.finding:
        yield "finding", vm_terms.c.finding_ids.overlap(sorted(only.finding))
    if only.severity:
        bits = sum(SEVERITIES[word] for word in only.severity)
        yield "severity", _keys.severities.bitwise_and(bits) > 0
    for name in ("vcpus", "memory_mib", "disk_mib", "risk_score"):
        if (within := _within(_keys[name], getattr(only, name))) is not None:
            yield name, within
    if only.search:
        yield "search", func.strpos(vm_terms.c.search, searchable(literal(only.search))) > 0


def _word_conditions(only: VmFilter) -> Iterator[tuple[str, ColumnElement[bool]]]:
    for name, codes in CODES.items():
        if words := getattr(only, name):
            yield name, _keys[name].in_([codes[word] for word in words])


def _one_of(column: Column[Any], values: frozenset[str]) -> ColumnElement[bool]:
    known = column.in_(sorted(values - {UNKNOWN}))
    return or_(known, column.is_(None)) if UNKNOWN in values else known


def _has_network(values: frozenset[str]) -> ColumnElement[bool]:
    known = vm_terms.c.networks.overlap(sorted(values - {UNKNOWN}))
    return or_(known, func.cardinality(vm_terms.c.networks) == 0) if UNKNOWN in values else known


def _within(column: Column[Any], wanted: Range) -> ColumnElement[bool] | None:
    bounds: list[ColumnElement[bool]] = []
    # Not as numbers of the column's own width: who asks may ask for more than fits.
    if wanted.least is not None:
        bounds.append(column >= literal(wanted.least, BigInteger))
    if wanted.most is not None:
        bounds.append(column <= literal(wanted.most, BigInteger))
    return and_(*bounds) if bounds else None


def _wanted(assessment_id: AssessmentId, only: VmFilter, order: VmOrder) -> Select[Any]:
    key = _SORT_KEYS[order.by]
    towards = key.desc() if order.order is SortOrder.DESCENDING else key.asc()
    by = [towards.nulls_last(), _keys.position] if order.by is not VmSort.NAME else [towards]
    source, where = wanted_keys(assessment_id, only)
    wanted = select(_keys.vm_id, _keys.position).select_from(_ordered(source, order))
    return wanted.where(where).order_by(*by)


def _ordered(source: FromClause, order: VmOrder) -> FromClause:
    """With the table that the order needs besides."""
    if order.by is VmSort.TENANT:
        return source.join(tenants, tenants.c.id == _keys.tenant_id)
    return source


async def _after(
    connection: AsyncConnection,
    assessment_id: AssessmentId,
    order: VmOrder,
    cursor: str,
    digest: str,
) -> ColumnElement[bool]:
    """What comes after the VM at which ``cursor`` points."""
    of, position = decode_cursor(cursor, str, int)
    key = _SORT_KEYS[order.by]
    last = (
        await connection.execute(
            select(key.label("key"))
            .select_from(_ordered(vm_keys, order))
            .where(_keys.assessment_id == assessment_id, _keys.position == position)
        )
    ).one_or_none()
    if of != digest or last is None:
        raise foreign_cursor()
    is_down = order.order is SortOrder.DESCENDING
    if order.by is VmSort.NAME:
        return key < position if is_down else key > position
    if last.key is None:
        return and_(key.is_(None), _keys.position > position)
    beyond = key < last.key if is_down else key > last.key
    return or_(beyond, and_(key == last.key, _keys.position > position), key.is_(None))


async def vm_rows(
    connection: AsyncConnection, assessment_id: AssessmentId, vm_ids: Sequence[UUID]
) -> list[Row]:
    """These VMs of an assessment, all of which there are, in this order."""
    found = await connection.execute(
        select(*_LISTED)
        .join(tenants, tenants.c.id == assessed_vms.c.tenant_id)
        .where(
            assessed_vms.c.assessment_id == assessment_id,
            assessed_vms.c.vm_id == any_(literal(list(vm_ids), ARRAY(Uuid))),
        )
    )
    rows = {row.vm_id: _listed(dict(zip(_NAMES, row, strict=True))) for row in found}
    return [rows[vm_id] for vm_id in vm_ids]


def _listed(row: dict[str, Any]) -> Row:
    """A row with what follows from it."""
    return row | {
        "gravest_finding": gravest(row.pop("severities")),
        "finding_count": len(row.pop("finding_ids")),
        "disk_used_percent": disk_used_percent(
            row["used_mib"], row["provisioned_mib"], row["used_basis"]
        ),
    }
