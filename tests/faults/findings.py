"""What is really there, read from the database in one transaction."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

import asyncpg

from services import SERVICES
from shared.bus.rights import STATES
from shared.bus.topology import TOPOLOGY

_PRODUCERS: Final = {event: service for service, events in STATES.items() for event in events}
_WITH_JOBS: Final = ("ingest", "assessment", "planner", "provisioner", "exporter")

_CONTENTS: Final = """
SELECT concat_ws('/',
  (SELECT md5(string_agg(v::text, '|' ORDER BY name, moref, source_row)) FROM (
     SELECT name, moref, identity_basis, power_state, vcpus, memory_mib, disk_mib, used_mib,
            used_basis, disk_count, nic_count, derived_fields, source_row
     FROM ingest.vms WHERE inventory_id = $1) AS v),
  (SELECT md5(string_agg(d::text, '|' ORDER BY label, path, capacity_mib)) FROM (
     SELECT position, label, capacity_mib, datastore, path
     FROM ingest.disks WHERE inventory_id = $1) AS d),
  (SELECT md5(string_agg(n::text, '|' ORDER BY mac, network, label)) FROM (
     SELECT position, label, network, adapter, mac, ip_addresses
     FROM ingest.nics WHERE inventory_id = $1) AS n),
  (SELECT md5(string_agg(a::text, '|' ORDER BY name, moref)) FROM (
     SELECT name, moref, os_family, risk_score, mode_class FROM assessment.assessed_vms
     JOIN assessment.assessments ON assessments.id = assessment_id
     WHERE inventory_id = $1) AS a),
  (SELECT sum(record_count) FROM planner.plan_snapshots
     WHERE header->'based_on'->>'inventory_id' = $1::text))
"""


@dataclass(frozen=True, slots=True)
class Inventory:
    """An inventory's row, and a digest of all that belongs to it in every service."""

    id: str
    project_id: str
    is_ready: bool
    contents: str


@dataclass(frozen=True, slots=True)
class Findings:
    """What some projects have, and what the whole platform has not finished.

    Counters are by the id of the cause: the inventory, or the approval.
    """

    inventories: tuple[Inventory, ...] = ()
    imported_facts: Counter[str] = field(default_factory=Counter)
    assessments: Counter[str] = field(default_factory=Counter)
    assessed_facts: Counter[str] = field(default_factory=Counter)
    plans: Counter[str] = field(default_factory=Counter)
    approved_facts: Counter[str] = field(default_factory=Counter)
    approvals_by_project: Counter[str] = field(default_factory=Counter)
    preparations: Counter[str] = field(default_factory=Counter)
    exports: dict[str, bool] = field(default_factory=dict)
    """Whether each is complete."""
    exports_by_project: Counter[str] = field(default_factory=Counter)
    unsettled: dict[str, int] = field(default_factory=dict)
    """What is still under way, by its name."""
    failed_jobs: int = 0
    dead_letters: int = 0
    """Of the bus inside PostgreSQL; RabbitMQ's are in RabbitMQ."""

    @property
    def is_settled(self) -> bool:
        """Whether nothing is under way any more."""
        return not any(self.unsettled.values())


def findings(dsn: str, projects: list[str]) -> Findings:
    """What ``projects`` have now, as the superuser at ``dsn`` sees it. Blocks."""
    return asyncio.run(_findings(dsn, projects))


async def _findings(dsn: str, projects: list[str]) -> Findings:
    connection = await asyncpg.connect(dsn, timeout=10)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _Reader(connection, projects).read()
    finally:
        await connection.close()


class _Reader:
    """Queries about some projects, in one transaction."""

    def __init__(self, connection: asyncpg.Connection, projects: list[str]) -> None:
        self._connection = connection
        self._projects = projects

    async def read(self) -> Findings:
        """All of it."""
        data = "SELECT envelope->'data'->>'{}' FROM {}.outbox WHERE type = '{}' AND"
        of_projects = " envelope->'data'->>'project_id' = ANY($1::text[])"
        exports = await self._rows(
            "SELECT id, project_id, completed_at FROM exporter.exports WHERE project_id = ANY($1)"
        )
        return Findings(
            inventories=await self._inventories(),
            imported_facts=await self._count(
                data.format("inventory_id", "ingest", "inventory.imported") + of_projects
            ),
            assessments=await self._count(
                "SELECT inventory_id FROM assessment.assessments"
                " WHERE project_id = ANY($1) AND completed_at IS NOT NULL"
            ),
            assessed_facts=await self._count(
                data.format("inventory_id", "assessment", "assessment.completed") + of_projects
            ),
            plans=await self._count(
                "SELECT header->'based_on'->>'inventory_id' FROM planner.plan_snapshots"
                " WHERE project_id = ANY($1)"
            ),
            approved_facts=await self._count(
                data.format("approval_id", "planner", "plan.approved") + of_projects
            ),
            approvals_by_project=await self._count(
                data.format("project_id", "planner", "plan.approved") + of_projects
            ),
            preparations=await self._count(
                "SELECT approval_id FROM provisioner.preparations WHERE project_id = ANY($1)"
            ),
            exports={str(row["id"]): row["completed_at"] is not None for row in exports},
            exports_by_project=Counter(str(row["project_id"]) for row in exports),
            unsettled=await self._unsettled(),
            failed_jobs=await self._jobs("state = 'failed'"),
            dead_letters=await self._dead_letters(),
        )

    async def _inventories(self) -> tuple[Inventory, ...]:
        rows = await self._rows(
            "SELECT id, project_id, imported_at FROM ingest.inventories"
            " WHERE project_id = ANY($1) ORDER BY id"
        )
        return tuple(
            [
                Inventory(
                    id=str(row["id"]),
                    project_id=str(row["project_id"]),
                    is_ready=row["imported_at"] is not None,
                    contents=str(await self._value(_CONTENTS, row["id"])),
                )
                for row in rows
            ]
        )

    async def _unsettled(self) -> dict[str, int]:
        unpublished = " + ".join(
            f"(SELECT count(*) FROM {service}.outbox WHERE published_at IS NULL)"
            for service in SERVICES
        )
        unhandled = " + ".join(
            f"(SELECT count(*) FROM {_PRODUCERS[one.event]}.outbox WHERE type = '{one.event}'"
            f" AND id NOT IN (SELECT message_id FROM {one.service}.inbox"
            f" WHERE consumer = '{one.queue}'))"
            for one in TOPOLOGY.subscriptions
        )
        return {
            "unpublished facts": await self._value(f"SELECT {unpublished}"),
            "unhandled facts": await self._value(f"SELECT {unhandled}"),
            "unfinished jobs": await self._jobs("state IN ('queued', 'running')"),
        }

    async def _dead_letters(self) -> int:
        if await self._value("SELECT to_regclass('bus.dead_letters')") is None:
            return 0
        return int(await self._value("SELECT count(*) FROM bus.dead_letters"))

    async def _jobs(self, condition: str) -> int:
        counts = " + ".join(
            f"(SELECT count(*) FROM {service}.jobs WHERE {condition})" for service in _WITH_JOBS
        )
        return int(await self._value(f"SELECT {counts}"))

    async def _count(self, query: str) -> Counter[str]:
        return Counter(str(row[0]) for row in await self._rows(query))

    async def _rows(self, query: str) -> list[asyncpg.Record]:
        rows: list[asyncpg.Record] = await self._connection.fetch(query, self._projects)
        return rows

    async def _value(self, query: str, *arguments: object) -> Any:
        return await self._connection.fetchval(query, *arguments)
