"""The keys by which VMs are listed, made of the VMs when all of them are stored."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, case, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.persistence.codes import (
    EXCLUSIONS,
    MODE_CLASSES,
    OS_FAMILIES,
    POWER_STATES,
    RISK_BANDS,
)
from services.assessment.persistence.tables import assessed_vms, vm_keys
from shared.kernel.ids import AssessmentId

_SORT_MEMORY: Final = "64MB"
"""Enough to sort 100,000 VMs by name without a file."""

_LOOKED_AT: Final = "vm_keys (assessment_id, position, excluded), tenants (id)"
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
        "power_state": _number(_vms.power_state, POWER_STATES),
        "os_family": _number(_vms.os_family, OS_FAMILIES),
        "risk_band": _number(_vms.risk_band, RISK_BANDS),
        "mode_class": _number(_vms.mode_class, MODE_CLASSES),
        "excluded": _number(_vms.excluded_because, EXCLUSIONS),
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
    names = [column.name for column in vm_keys.columns]
    values = [derived[name] if name in derived else _vms[name] for name in names]
    keys = (
        select(*(value.label(name) for name, value in zip(names, values, strict=True)))
        .where(_vms.assessment_id == assessment_id)
        .order_by(text("position"))
    )
    await connection.execute(text(f"SET LOCAL work_mem = '{_SORT_MEMORY}'"))
    await connection.execute(insert(vm_keys).from_select(names, keys))
    # The first readers would come before the server looks by itself, and be planned for no rows.
    await connection.execute(text(f"ANALYZE (SKIP_LOCKED) {_LOOKED_AT}"))


def searchable(value: ColumnElement[str]) -> ColumnElement[str]:
    """``value`` as it is compared in a search: in no case."""
    return func.lower(value)


def _number(word: Column[Any], codes: Mapping[str, int]) -> ColumnElement[Any]:
    """The number of a word; null stays null."""
    return case({str(known): number for known, number in codes.items()}, value=word)
