"""What the wanted VMs add up to, in every way that a dashboard shows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    FromClause,
    SmallInteger,
    case,
    cast,
    func,
    literal_column,
    or_,
    select,
    true,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.usage import IDLE
from services.assessment.domain.vm_list import VmFilter
from services.assessment.persistence.codes import POWER_STATES, SEVERITIES, words
from services.assessment.persistence.grouping import grouped
from services.assessment.persistence.tables import vm_keys, vm_terms
from services.assessment.persistence.usage_sums import usage_sums
from services.assessment.persistence.vm_facets import CODED, as_filter, tenant_names
from services.assessment.persistence.vm_list import wanted_keys
from shared.kernel.ids import AssessmentId
from shared.kernel.quantities import MIB_PER_GIB

TOP: Final = 10
"""How many clusters, tenants, networks and OS products are told by name."""
DISK_STEPS_MIB: Final = tuple(
    gib * MIB_PER_GIB for gib in (0, 20, 50, 100, 250, 500, 1024, 2048, 5120, 10_240)
)
"""Where the classes of the histogram of disk begin; the last one has no end."""
SCORE_STEP: Final = 10

_keys: Final = vm_keys.c
_SUMMED: Final = ("vcpus", "memory_mib", "disk_mib", "used_mib")
_TOP_ONLY: Final = ("os_product", "cluster", "tenant_id", "network")


@dataclass(frozen=True, slots=True)
class Group:
    """VMs that have ``value``, and their sums; what is unknown adds nothing."""

    value: str
    label: str | None
    """The name of a tenant."""
    vms: int
    vcpus: int
    memory_mib: int
    disk_mib: int
    used_mib: int


@dataclass(frozen=True, slots=True)
class Class:
    """VMs from ``least`` to under ``below``; None: no end."""

    least: int
    below: int | None
    vms: int
    disk_mib: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """All of it. In ``by_network`` a VM on two networks counts for both."""

    totals: Mapping[str, int | None]
    groups: Mapping[str, Sequence[Group]]
    disk_classes: Sequence[Class]
    score_classes: Sequence[Class]


async def vm_statistics(
    connection: AsyncConnection, assessment_id: AssessmentId, only: VmFilter
) -> Statistics:
    """Statistics of the VMs that ``only`` admits, powered-off ones included."""
    source, wanted = wanted_keys(assessment_id, only)
    with_terms, _ = wanted_keys(assessment_id, only, with_terms=True)
    sums = [func.count(), *(_sum(_keys[name]) for name in _SUMMED)]
    found = await grouped(connection, _groupings(), sums, source=source, where=wanted)
    each = func.unnest(vm_terms.c.networks).table_valued("value").render_derived()
    by_network = await connection.execute(
        select(each.c.value, *sums)
        .select_from(with_terms.outerjoin(each, true()))
        .where(wanted)
        .group_by(each.c.value)
    )
    found["network"] = [tuple(row) for row in by_network]
    disks, scores = found.pop("disk_class"), found.pop("score_class")
    names = await tenant_names(connection, found["tenant_id"])
    return Statistics(
        totals=await _totals(connection, source, wanted),
        groups={name: _groups(name, rows, names) for name, rows in found.items()},
        disk_classes=_classes(disks, DISK_STEPS_MIB),
        score_classes=_classes(scores, range(0, 101, SCORE_STEP)),
    )


def _groupings() -> dict[str, ColumnElement[Any]]:
    # Constants, not parameters: what is selected must be what is grouped by, to the letter.
    steps: ColumnElement[Any] = literal_column(
        f"'{{{','.join(map(str, DISK_STEPS_MIB))}}}'::bigint[]"
    )
    score_step = literal_column(str(SCORE_STEP), SmallInteger)
    columns = ("os_product", "datacenter", "cluster", "tenant_id")
    return {
        **{name: _keys[name] for name in (*CODED, *columns)},
        "gravest_finding": _gravest_bit(),
        "disk_class": func.width_bucket(_keys.disk_mib, steps),
        "score_class": _keys.risk_score // score_step + literal_column("1"),
    }


def _gravest_bit() -> ColumnElement[int]:
    bits: list[ColumnElement[int]] = [
        literal_column(str(bit)) for bit in sorted(SEVERITIES.values(), reverse=True)
    ]
    return case(*((_keys.severities >= bit, bit) for bit in bits))


def _groups(name: str, rows: Iterable[Sequence[Any]], names: Mapping[str, str]) -> list[Group]:
    coded = CODED.get(name) or (words(SEVERITIES) if name == "gravest_finding" else None)
    found = []
    for stored, *sums in rows:
        value = as_filter(coded[stored] if coded and stored is not None else stored)
        found.append(Group(value, names.get(value) if name == "tenant_id" else None, *sums))
    found.sort(key=lambda group: (-group.vms, -group.disk_mib, group.value))
    return found[:TOP] if name in _TOP_ONLY else found


def _classes(rows: Iterable[Sequence[Any]], starts: Sequence[int]) -> list[Class]:
    """A class for each of ``starts``, also where it is empty; the unknown is in none."""
    by_number = {number: sums for number, *sums in rows}
    ends = [below for _, below in pairwise(starts)]
    classes = []
    for number, (least, below) in enumerate(zip(starts, [*ends, None], strict=True), 1):
        vms, _, _, disk_mib, _ = by_number.get(number, (0, 0, 0, 0, 0))
        classes.append(Class(least, below, vms, disk_mib))
    return classes


async def _totals(
    connection: AsyncConnection, source: FromClause, wanted: ColumnElement[bool]
) -> Mapping[str, int | None]:
    lacking = or_(_keys.vcpus.is_(None), _keys.memory_mib.is_(None), _keys.disk_mib.is_(None))
    is_off = _keys.power_state == POWER_STATES["poweredOff"]
    is_awake = _keys.power_state.not_in([POWER_STATES[word] for word in sorted(IDLE)])
    is_measured = _keys.disk_used_percent.is_not(None)
    summed = ("disk_count", "nic_count", "provisioned_mib", "allocated_mib", *_SUMMED)
    row = await connection.execute(
        select(
            func.count().label("vms"),
            func.count().filter(is_off).label("powered_off"),
            func.count().filter(lacking).label("unsized_vms"),
            func.count(_keys.tenant_id.distinct()).label("tenants"),
            *(_sum(_keys[name]).label(name) for name in summed),
            func.count().filter(is_measured).label("measured_vms"),
            *(
                _sum(case((is_measured, _keys[name]))).label(f"measured_{name}")
                for name in ("used_mib", "provisioned_mib")
            ),
            *(one.label(name) for name, one in usage_sums(_keys, is_awake=is_awake).items()),
        )
        .select_from(source)
        .where(wanted)
    )
    return {str(name): value for name, value in row.one()._mapping.items()}


def _sum(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)
