"""The least that an import costs: reading the tabs that it reads, and COPY of the rows it stores.

The tabs are read with the import's own reader, every row of them, and nothing is done with it. Run
as a process of its own (``python -m bench.floor``), so that its CPU time counts from the start of
the interpreter, as the parser's does; with a PostgreSQL of its own, so that it does not pay for
services that poll, nor for the vacuum of what was imported just before.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import asyncpg
from python_calamine import CalamineWorkbook

from bench.processes import cpu_s
from services.ingest.domain.stored_tables import STORED_TABLES

TABS: Final = (
    *("vInfo", "vDisk", "vNetwork", "vPartition", "vCPU", "vMemory", "vTools", "vSnapshot"),
    *("vHost", "vCluster", "vDatastore", "vPort", "dvPort", "vSource", "vMetaData"),
)
"""What an import reads of a generated workbook: all of it."""
TABLES: Final = tuple(STORED_TABLES)
SCHEMA: Final = "floor"
"""Where copies of the tables, with their indexes, are filled."""


@dataclass(frozen=True, slots=True)
class Floor:
    """What to read, and the rows to store, as files in COPY's text format."""

    workbook: Path
    rows: Path
    admin_dsn: str
    """Of a database with the platform's tables, on a server that nobody else uses."""
    postgres_pid: int | None
    """That server's process; None leaves its work out."""

    def measure(self) -> float:
        """CPU seconds of one run, the server's included where it counts."""
        asyncio.run(_empty_tables(self.admin_dsn))
        with _server_cpu(self.postgres_pid) as server:
            process = subprocess.Popen(
                [sys.executable, "-m", "bench.floor", self.workbook, self.rows, self.admin_dsn],
                cwd=Path(__file__).resolve().parents[1],
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise subprocess.CalledProcessError(process.returncode, process.args)
        return used.ru_utime + used.ru_stime + server[0]


async def export_rows(admin_dsn: str, inventory_id: UUID, to: Path) -> None:
    """Write the rows of an imported inventory into the folder ``to``."""
    connection = await asyncpg.connect(admin_dsn)
    try:
        for table in TABLES:
            await connection.copy_from_query(
                f"SELECT * FROM ingest.{table} WHERE inventory_id = $1",
                inventory_id,
                output=to / table,
            )
    finally:
        await connection.close()


async def _empty_tables(admin_dsn: str) -> None:
    connection = await asyncpg.connect(admin_dsn)
    try:
        await connection.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
        for table in TABLES:
            await connection.execute(
                f"CREATE TABLE {SCHEMA}.{table} (LIKE ingest.{table} INCLUDING ALL)"
            )
    finally:
        await connection.close()


@contextmanager
def _server_cpu(pid: int | None) -> Iterator[list[float]]:
    """Its first item is, after the block, the CPU seconds of the server inside of it."""
    spent = [0.0]
    before_s = cpu_s(pid) if pid else 0.0
    yield spent
    spent[0] = cpu_s(pid) - before_s if pid else 0.0


async def _read_and_copy(workbook: Path, rows: Path, admin_dsn: str) -> None:
    book = CalamineWorkbook.from_path(workbook)
    for tab in TABS:
        for _ in book.get_sheet_by_name(tab).iter_rows():
            pass
    connection = await asyncpg.connect(admin_dsn)
    try:
        async with connection.transaction():
            for table in TABLES:
                await connection.copy_to_table(table, source=rows / table, schema_name=SCHEMA)
    finally:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(_read_and_copy(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
