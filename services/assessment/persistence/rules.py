"""Versions of a project's rules in PostgreSQL."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from services.assessment.domain.errors import NO_RULES_VERSION
from services.assessment.domain.rule_set import (
    RuleSet,
    default_rule_set,
    rule_set_from_json,
    rule_set_json,
)
from services.assessment.persistence.tables import rule_versions
from services.assessment.usecases.decision_ports import Author, StoredRules
from shared.kernel.errors import NotFound
from shared.kernel.ids import ProjectId
from shared.kernel.paging import Page, decode_cursor, encode_cursor


class PostgresRuleStore:
    """Rules inside one transaction."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def current(self, project_id: ProjectId) -> StoredRules:
        """The newest version; the defaults, version 0, if nobody has changed them."""
        row = (
            await self._connection.execute(
                select(rule_versions)
                .where(rule_versions.c.project_id == project_id)
                .order_by(rule_versions.c.version.desc())
                .limit(1)
            )
        ).one_or_none()
        return StoredRules(0, default_rule_set()) if row is None else _stored(row)

    async def version(self, project_id: ProjectId, version: int) -> StoredRules:
        """One version. Raises NotFound."""
        if version == 0:
            return StoredRules(0, default_rule_set())
        row = (
            await self._connection.execute(
                select(rule_versions).where(
                    rule_versions.c.project_id == project_id, rule_versions.c.version == version
                )
            )
        ).one_or_none()
        if row is None:
            raise NotFound(
                f"These rules have no version {version}; the list of versions says which there "
                "are.",
                code=NO_RULES_VERSION,
            )
        return _stored(row)

    async def add(
        self, project_id: ProjectId, version: int, rules: RuleSet, *, is_reset: bool, by: Author
    ) -> bool:
        """Store ``version``; False if it is there already."""
        result = await self._connection.execute(
            insert(rule_versions)
            .values(
                project_id=project_id,
                version=version,
                rules=rule_set_json(rules),
                is_reset=is_reset,
                changed_by=by.key,
                changed_by_name=by.name,
            )
            .on_conflict_do_nothing()
        )
        return result.rowcount == 1

    async def forget(self, project_id: ProjectId) -> None:
        """The project has the defaults."""
        await self._connection.execute(
            delete(rule_versions).where(rule_versions.c.project_id == project_id)
        )


async def list_versions(
    connection: AsyncConnection, project_id: ProjectId, *, cursor: str | None, limit: int
) -> Page[Mapping[str, Any]]:
    """Versions that people made, the newest first.

    Raises:
        Invalid: the cursor is not one of this list.
    """
    columns = [column for column in rule_versions.columns if column.name not in _NOT_LISTED]
    statement = (
        select(*columns)
        .where(rule_versions.c.project_id == project_id)
        .order_by(rule_versions.c.version.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        (before,) = decode_cursor(cursor, int)
        statement = statement.where(rule_versions.c.version < before)
    rows = [dict(row._mapping) for row in await connection.execute(statement)]
    items = rows[:limit]
    return Page(items, encode_cursor(items[-1]["version"]) if len(rows) > limit else None)


_NOT_LISTED = frozenset({"project_id", "rules", "changed_by"})


def _stored(row: Row[Any]) -> StoredRules:
    return StoredRules(
        version=row.version,
        rules=rule_set_from_json(row.rules),
        is_reset=row.is_reset,
        changed_at=row.changed_at,
        changed_by_name=row.changed_by_name,
    )
