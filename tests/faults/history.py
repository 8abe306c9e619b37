"""What really happened, read from the database of an embedded platform."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import asyncpg

from shared.runtime.local_postgres import LocalPostgres

_ROWS: Final = {
    "vms": "SELECT md5(string_agg(v::text, '|' ORDER BY name, moref, source_row)) FROM ("
    "SELECT name, moref, identity_basis, power_state, vcpus, memory_mib, disk_mib, used_mib,"
    " used_basis, disk_count, nic_count, derived_fields, source_row"
    " FROM ingest.vms WHERE inventory_id = $1) AS v",
    "disks": "SELECT md5(string_agg(d::text, '|' ORDER BY label, path, capacity_mib)) FROM ("
    "SELECT position, label, capacity_mib, datastore, path"
    " FROM ingest.disks WHERE inventory_id = $1) AS d",
    "nics": "SELECT md5(string_agg(n::text, '|' ORDER BY mac, network, label)) FROM ("
    "SELECT position, label, network, adapter, mac, ip_addresses"
    " FROM ingest.nics WHERE inventory_id = $1) AS n",
}


@dataclass(frozen=True)
class History:
    """What one project's import has left behind."""

    ready_inventories: int
    imported_facts: int
    assessments: int
    assessed_facts: int
    plan_snapshots: int
    waiting_uploads: int
    rows: dict[str, str]


def history_of(data_dir: Path, project_id: str) -> History:
    """The history of a project. Its PostgreSQL runs on afterwards."""
    return asyncio.run(_history(data_dir, project_id))


async def _history(data_dir: Path, project_id: str) -> History:
    postgres = LocalPostgres(data_dir / "postgres")
    await postgres.start()
    connection = await asyncpg.connect(postgres.admin_dsn)
    try:
        return await _read(connection, project_id)
    finally:
        await connection.close()


async def _read(connection: asyncpg.Connection, project_id: str) -> History:
    async def count(query: str) -> int:
        return int(await connection.fetchval(query, project_id))

    inventory_id = await connection.fetchval(
        "SELECT id FROM ingest.inventories WHERE project_id = $1 AND imported_at IS NOT NULL",
        project_id,
    )
    facts = "SELECT count(*) FROM {}.outbox WHERE envelope->'data'->>'project_id' = $1::text"
    return History(
        ready_inventories=await count(
            "SELECT count(*) FROM ingest.inventories"
            " WHERE project_id = $1 AND imported_at IS NOT NULL"
        ),
        imported_facts=await count(facts.format("ingest")),
        assessments=await count(
            "SELECT count(*) FROM assessment.assessments WHERE project_id = $1"
        ),
        assessed_facts=await count(facts.format("assessment")),
        plan_snapshots=await count(
            "SELECT count(*) FROM planner.plan_snapshots WHERE project_id = $1"
        ),
        waiting_uploads=await count("SELECT count(*) FROM ingest.uploads WHERE project_id = $1"),
        rows={
            table: str(await connection.fetchval(query, inventory_id))
            for table, query in _ROWS.items()
        },
    )
