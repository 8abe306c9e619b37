"""The VMs that people decide about: those in scope of the newest complete assessment."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from sqlalchemy import ColumnElement, Uuid, and_, any_, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONPATH
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.errors import NOT_ASSESSED
from services.assessment.persistence.runs import find_newest
from services.assessment.persistence.tables import (
    assessed_vms,
    finding_waivers,
    tenant_assignments,
)
from services.assessment.usecases.decision_ports import ChosenVm, VmChoice
from shared.kernel.errors import NotFound
from shared.kernel.ids import ProjectId, TenantId, VmId

_vms: Final = assessed_vms.c


class PostgresChosenVms:
    """VMs inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def choose(self, project_id: ProjectId, choice: VmChoice) -> Sequence[ChosenVm]:
        """The VMs of ``choice``, by name and id. Raises NotFound before the first assessment."""
        run = await find_newest(self._connection, project_id, is_complete=True)
        if run is None:
            raise NotFound(
                "No inventory of this project has been assessed yet. Wait until one is.",
                code=NOT_ASSESSED,
            )
        waived = (
            select(func.array_agg(finding_waivers.c.finding))
            .where(
                finding_waivers.c.project_id == project_id, finding_waivers.c.vm_id == _vms.vm_id
            )
            .scalar_subquery()
        )
        is_assigned = and_(
            tenant_assignments.c.project_id == project_id,
            tenant_assignments.c.vm_id == _vms.vm_id,
        )
        rows = await self._connection.execute(
            select(
                _vms.vm_id,
                _vms.name,
                tenant_assignments.c.tenant_id,
                func.jsonb_path_query_array(_vms.findings, cast("$[*].id", JSONPATH)),
                waived,
            )
            .outerjoin(tenant_assignments, is_assigned)
            .where(
                _vms.assessment_id == run.id,
                _vms.excluded_because.is_(None),
                *_conditions(choice),
            )
            .order_by(_vms.name, _vms.vm_id)
        )
        return [
            ChosenVm(
                id=VmId(vm_id),
                name=name,
                assigned_to=None if tenant_id is None else TenantId(tenant_id),
                findings=frozenset(findings),
                waived=frozenset(waivers or ()),
            )
            for vm_id, name, tenant_id, findings, waivers in rows
        ]


def _conditions(choice: VmChoice) -> Iterator[ColumnElement[bool]]:
    equal: dict[Any, Any] = {
        _vms.tenant_id: choice.tenant_id,
        _vms.cluster: choice.cluster,
        _vms.host: choice.host,
        _vms.datacenter: choice.datacenter,
        _vms.vcenter: choice.vcenter,
        _vms.app_group: choice.app_group,
    }
    yield from (column == value for column, value in equal.items() if value is not None)
    if choice.vm_ids is not None:
        yield _vms.vm_id == any_(literal(list(choice.vm_ids), ARRAY(Uuid)))
    if choice.name_pattern is not None:
        yield _vms.name.ilike(_like(choice.name_pattern), escape="\\")
    if choice.finding is not None:
        yield _vms.findings.contains([{"id": choice.finding}])


def _like(glob: str) -> str:
    r"""``*`` and ``?`` as LIKE writes them.

    >>> _like("db_*-0?")
    'db\\_%-0_'
    """
    words = {"*": "%", "?": "_", "%": r"\%", "_": r"\_", "\\": "\\\\"}
    return "".join(words.get(char, char) for char in glob)
