"""The keys by which VMs are listed, made of the VMs when all of them are stored."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Double,
    Table,
    case,
    cast,
    func,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.persistence.codes import CODES, EXCLUSIONS
from services.assessment.persistence.tables import assessed_vms, vm_keys, vm_terms
from services.assessment.persistence.usage_sums import is_disk_measured
from shared.kernel.ids import AssessmentId

_SORT_MEMORY: Final = "64MB"
"""Enough to sort 100,000 VMs by name without a file."""

_LOOKED_AT: Final = (
    "vm_keys (assessment_id, position, excluded), vm_terms (assessment_id, position), tenants (id)"
)
"""What the server has to know to plan the reads: how many rows there are of an assessment."""

_vms: Final = assessed_vms.c


async def fill_vm_keys(connection: AsyncConnection, assessment_id: AssessmentId) -> None:
    """Make the keys of an assessment that has none, in the order of their positions: so they lie
    together, and reading all of them is reading few pages.

    The rest of the transaction may use more memory for sorting.
    """
    derived: dict[str, ColumnElement[Any]] = {
        "position": func.row_number().over(order_by=(_vms.name, _vms.vm_id)),
        "finding_count": func.cardinality(_vms.finding_ids),
        **{name: _number(_vms[name], codes) for name, codes in CODES.items()},
        "excluded": _number(_vms.excluded_because, EXCLUSIONS),
        # As ``disk_used_percent`` has it: of doubles the server too rounds a half to even.
        "disk_used_percent": case(
            (
                is_disk_measured(_vms),
                func.round(cast(100 * _vms.used_mib, Double) / _vms.provisioned_mib),
            )
        ),
        "search": searchable(
            func.concat_ws(
                literal("\n"),
                _vms.name,
                _vms.dns_name,
                _vms.moref,
                func.array_to_string(_vms.ip_addresses, literal("\n")),
            )
        ),
    }
    keys, terms = _names(vm_keys), _names(vm_terms)
    every = list(dict.fromkeys([*keys, *terms]))
    values = [derived[name] if name in derived else _vms[name] for name in every]
    numbered = (
        select(*(value.label(name) for name, value in zip(every, values, strict=True)))
        .where(_vms.assessment_id == assessment_id)
        .order_by(text("position"))
        .cte("numbered")
    )
    fill_keys = insert(vm_keys).from_select(keys, select(*(numbered.c[name] for name in keys)))
    fill_terms = insert(vm_terms).from_select(terms, select(*(numbered.c[name] for name in terms)))
    await connection.execute(text(f"SET LOCAL work_mem = '{_SORT_MEMORY}'"))
    await connection.execute(fill_terms.add_cte(fill_keys.cte("keys")))
    # The first readers would come before the server looks by itself, and be planned for no rows.
    await connection.execute(text(f"ANALYZE (SKIP_LOCKED) {_LOOKED_AT}"))


def _names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def searchable(value: ColumnElement[str]) -> ColumnElement[str]:
    """``value`` as it is compared in a search: in no case."""
    return func.lower(value)


def _number(word: Column[Any], codes: Mapping[str, int]) -> ColumnElement[Any]:
    """The number of a word; null stays null."""
    return case({str(known): number for known, number in codes.items()}, value=word)
