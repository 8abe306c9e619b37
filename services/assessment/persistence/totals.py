"""Sums over assessed VMs, made by the database. VMs out of scope are in none of them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Select,
    case,
    cast,
    column,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.network_class import NetworkClass
from services.assessment.domain.scope import Exclusion
from services.assessment.domain.totals import Totals
from services.assessment.domain.usage import IDLE
from services.assessment.persistence.tables import assessed_networks, assessed_vms
from services.assessment.persistence.usage_sums import is_disk_measured, usage_sums
from shared.contracts.records import (
    Confidence,
    ModeClass,
    OsFamily,
    PowerState,
    RiskBand,
    Severity,
    TargetSupport,
)
from shared.kernel.ids import AssessmentId

_vms: Final = assessed_vms.c
_BANDS: Final = (RiskBand.GREEN, RiskBand.YELLOW, RiskBand.RED)
_MODES: Final = (ModeClass.WARM_ELIGIBLE, ModeClass.WARM_RISKY, ModeClass.COLD_REQUIRED)


def tenant_totals_of(assessment_id: AssessmentId) -> Select[Any]:
    """The rows of ``tenant_totals``: one for each tenant that has a VM in scope."""
    is_measured = is_disk_measured(_vms)
    is_awake = _vms.power_state.not_in(sorted(IDLE))
    return (
        select(
            literal(assessment_id),
            _vms.tenant_id,
            func.mode().within_group(_vms.detection_method),
            func.count(),
            _count(_vms.power_state == PowerState.OFF),
            _sum(_vms.vcpus),
            _sum(_vms.memory_mib),
            _sum(_vms.disk_mib),
            _sum(_vms.used_mib),
            *(_count(_vms.risk_band == band) for band in _BANDS),
            *(_count(_vms.mode_class == mode) for mode in _MODES),
            _count(is_measured),
            _sum(case((is_measured, _vms.used_mib))),
            _sum(case((is_measured, _vms.provisioned_mib))),
            *usage_sums(_vms, is_awake=is_awake).values(),
        )
        .where(*_in_scope(assessment_id))
        .group_by(_vms.tenant_id)
    )


async def add_up(connection: AsyncConnection, assessment_id: AssessmentId) -> Totals:
    """The totals of a whole assessment."""
    is_unsized = or_(_vms.vcpus.is_(None), _vms.memory_mib.is_(None), _vms.disk_mib.is_(None))
    sums = await connection.execute(
        select(
            func.count().label("vms"),
            func.count(_vms.tenant_id.distinct()).label("tenants"),
            _count(_vms.power_state == PowerState.OFF).label("powered_off"),
            _count(is_unsized).label("unsized_vms"),
            _sum(_vms.vcpus).label("vcpus"),
            _sum(_vms.memory_mib).label("memory_mib"),
            _sum(_vms.disk_mib).label("disk_mib"),
            _sum(_vms.allocated_mib).label("allocated_mib"),
            _sum(_vms.used_mib).label("used_mib"),
        ).where(*_in_scope(assessment_id))
    )

    in_scope = _in_scope(assessment_id)
    excluded = (_vms.assessment_id == assessment_id, _vms.excluded_because.is_not(None))

    async def vms_by(
        by: Column[Any],
        words: Iterable[StrEnum],
        where: Iterable[ColumnElement[bool]] = in_scope,
    ) -> dict[str, int]:
        rows = await connection.execute(select(by, func.count()).where(*where).group_by(by))
        return dict.fromkeys((word.value for word in words), 0) | {
            value: count for value, count in rows
        }

    return Totals(
        **sums.one()._mapping,
        by_risk_band=await vms_by(_vms.risk_band, RiskBand),
        by_mode_class=await vms_by(_vms.mode_class, ModeClass),
        by_os_family=await vms_by(_vms.os_family, OsFamily),
        by_power_state=await vms_by(_vms.power_state, PowerState),
        excluded=await vms_by(_vms.excluded_because, Exclusion, excluded),
        by_gravest_finding=await _by_gravest_finding(connection, assessment_id),
        by_finding=await _by_finding(connection, assessment_id, is_waived=False),
        by_target_support=await vms_by(_vms.target_support, TargetSupport),
        by_tenant_confidence=await vms_by(_vms.tenant_confidence, Confidence),
        by_waived_finding=await _by_finding(connection, assessment_id, is_waived=True),
        by_network_class=await _by_network_class(connection, assessment_id),
    )


async def _by_network_class(
    connection: AsyncConnection, assessment_id: AssessmentId
) -> dict[str, int]:
    """Networks, not VMs; their own sums come first."""
    networks = assessed_networks.c
    rows = await connection.execute(
        select(networks.network_class, func.count())
        .where(networks.assessment_id == assessment_id)
        .group_by(networks.network_class)
    )
    return dict.fromkeys((word.value for word in NetworkClass), 0) | {
        word: count for word, count in rows
    }


async def _by_gravest_finding(
    connection: AsyncConnection, assessment_id: AssessmentId
) -> dict[str, int]:
    """VMs by the severity of their first finding: the gravest, unless all are waived."""
    first = _vms.findings[0]
    gravest = case((~_is_waived(first), first["severity"].astext))
    rows = await connection.execute(
        select(gravest, func.count())
        .where(*_in_scope(assessment_id), gravest.is_not(None))
        .group_by(gravest)
    )
    return dict.fromkeys((word.value for word in Severity), 0) | {
        word: count for word, count in rows
    }


async def _by_finding(
    connection: AsyncConnection, assessment_id: AssessmentId, *, is_waived: bool
) -> dict[str, int]:
    """VMs by the id of a finding, waived ones or the others."""
    finding = func.jsonb_array_elements(_vms.findings).table_valued(column("value", JSONB))
    value = finding.c.value
    kind = value["id"].astext
    rows = await connection.execute(
        select(kind, func.count(_vms.vm_id.distinct()))
        .select_from(assessed_vms)
        .join(finding, true())
        .where(*_in_scope(assessment_id), _is_waived(value) == is_waived)
        .group_by(kind)
    )
    return {id_: count for id_, count in rows}


def _is_waived(finding: ColumnElement[Any]) -> ColumnElement[bool]:
    """Findings that an older version stored say nothing of waivers."""
    return func.coalesce(finding["is_waived"].astext, "false") == "true"


def _in_scope(assessment_id: AssessmentId) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return _vms.assessment_id == assessment_id, _vms.excluded_because.is_(None)


def _count(where: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(where)


def _sum(column: ColumnElement[Any]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(column), 0), BigInteger)
