"""Waived findings in PostgreSQL."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Text, Uuid, any_, delete, func, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.waivers import Waiver
from services.assessment.persistence.tables import finding_waivers
from services.assessment.usecases.decision_ports import Author
from shared.kernel.ids import ProjectId, VmId
from shared.kernel.paging import Page, decode_cursor, encode_cursor


class PostgresWaiverStore:
    """Waivers inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def of(
        self, project_id: ProjectId, vm_ids: Sequence[VmId]
    ) -> Mapping[VmId, Mapping[str, Waiver]]:
        """The waivers of these VMs by finding."""
        rows = await self._connection.execute(
            select(
                finding_waivers.c.vm_id,
                finding_waivers.c.finding,
                finding_waivers.c.note,
                finding_waivers.c.waived_by_name,
                finding_waivers.c.waived_at,
            ).where(finding_waivers.c.project_id == project_id, _is_one_of(vm_ids))
        )
        found: dict[VmId, dict[str, Waiver]] = defaultdict(dict)
        for vm_id, finding, note, by, at in rows:
            found[VmId(vm_id)][finding] = Waiver(note, by, at)
        return found

    async def add(
        self,
        project_id: ProjectId,
        finding: str,
        vms: Mapping[VmId, str],
        *,
        note: str,
        by: Author,
    ) -> None:
        """Waive a finding of VMs, given with their names; a waiver that is there is replaced."""
        if not vms:
            return
        names = (
            func.unnest(literal(list(vms), ARRAY(Uuid)), literal(list(vms.values()), ARRAY(Text)))
            .table_valued("vm_id", "vm_name")
            .render_derived()
        )
        source = select(
            literal(project_id),
            literal(finding),
            names.c.vm_id,
            names.c.vm_name,
            literal(note),
            func.now(),
            literal(by.key),
            literal(by.name),
        )
        statement = insert(finding_waivers).from_select(
            [column.name for column in finding_waivers.columns], source
        )
        new = statement.excluded
        await self._connection.execute(
            statement.on_conflict_do_update(
                index_elements=list(finding_waivers.primary_key.columns),
                set_={
                    name: new[name]
                    for name in ("vm_name", "note", "waived_at", "waived_by", "waived_by_name")
                },
            )
        )

    async def remove(self, project_id: ProjectId, finding: str, vm_ids: Sequence[VmId]) -> None:
        """The finding counts again."""
        await self._connection.execute(
            delete(finding_waivers).where(
                finding_waivers.c.project_id == project_id,
                finding_waivers.c.finding == finding,
                _is_one_of(vm_ids),
            )
        )

    async def forget(self, project_id: ProjectId) -> None:
        """Every finding of the project counts again."""
        await self._connection.execute(
            delete(finding_waivers).where(finding_waivers.c.project_id == project_id)
        )


async def list_waivers(
    connection: AsyncConnection,
    project_id: ProjectId,
    *,
    finding: str | None,
    vm_id: VmId | None,
    cursor: str | None,
    limit: int,
) -> Page[Mapping[str, Any]]:
    """Waivers by finding, then VM id; those of VMs that no import has any more too.

    Raises:
        Invalid: the cursor is not one of this list.
    """
    table = finding_waivers.c
    statement = (
        select(finding_waivers)
        .where(table.project_id == project_id)
        .order_by(table.finding, table.vm_id)
        .limit(limit + 1)
    )
    if finding is not None:
        statement = statement.where(table.finding == finding)
    if vm_id is not None:
        statement = statement.where(table.vm_id == vm_id)
    if cursor is not None:
        after = decode_cursor(cursor, str, UUID)
        statement = statement.where(tuple_(table.finding, table.vm_id) > after)
    rows = [dict(row._mapping) for row in await connection.execute(statement)]
    items = rows[:limit]
    more = len(rows) > limit
    return Page(
        items, encode_cursor(items[-1]["finding"], str(items[-1]["vm_id"])) if more else None
    )


def _is_one_of(vm_ids: Sequence[VmId]) -> Any:
    return finding_waivers.c.vm_id == any_(literal(list(vm_ids), ARRAY(Uuid)))
