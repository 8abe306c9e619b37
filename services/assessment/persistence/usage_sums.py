"""What VMs use of CPU and memory, added up by the database: only those that are not off."""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, and_, cast, func
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from services.assessment.domain.usage import MEASURES, UNMEASURED

Columns = ReadOnlyColumnCollection[str, Any]


def usage_sums(vms: Columns, *, is_awake: ColumnElement[bool]) -> dict[str, ColumnElement[Any]]:
    """The sums by name, as ``tenant_totals`` has them. ``vms`` has the fields of a VM.

    A sum over no VM is null: nobody knows, which is not 0.
    """
    sums: dict[str, ColumnElement[Any]] = {"awake_vms": func.count().filter(is_awake)}
    for measure in MEASURES:
        used, whole = vms[measure.used], vms[measure.whole]
        both = and_(is_awake, used.is_not(None), whole > 0)
        sums[measure.vms] = func.count(used).filter(is_awake)
        sums[measure.of("used")] = _sum(used, is_awake)
        sums[measure.of("compared")] = _sum(used, both)
        sums[measure.of("whole")] = _sum(whole, both)
    return sums


def is_disk_measured(vms: Columns) -> ColumnElement[bool]:
    """Whether the used share of a VM's disk is known."""
    return and_(
        vms.used_basis.not_in(sorted(UNMEASURED)),
        vms.used_mib.is_not(None),
        vms.provisioned_mib > 0,
    )


def _sum(column: ColumnElement[Any], where: ColumnElement[bool]) -> ColumnElement[int | None]:
    return cast(func.sum(column).filter(where), BigInteger)
