"""A workbook's way to a plan, through a platform of six processes: seconds, CPU, memory."""

import asyncio
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final
from uuid import UUID

from bench.floor import Floor, export_rows
from bench.processes import PARSER, PeakMemory, cpu_s
from bench.results import Report, Result, paired
from bench.site import Site
from bench.workbooks import workbook_of
from shared.testing.waiting import wait_until
from tests.support.platform_client import Document, PlatformClient

PARSE_AND_STORE_GOAL: Final = 2.5
WHOLE_GOAL: Final = 4.0
GROWTH_GOAL: Final = 1.2
PARSER_GOAL_MIB: Final = 1536
SERVICE_GOAL_MIB: Final = 350

POSTGRES: Final = "postgres"

LOOK_FIRST_S: Final = 0.05
LOOK_SHARE: Final = 0.05
"""The next look comes after so much of the time that has passed: asking costs little beside what
is asked about, and a time is right to 5 %."""
PATIENCE_S: Final = 1200


@dataclass(frozen=True, slots=True)
class Import:
    """What one import took."""

    inventory: str
    """The path of the inventory."""
    vms: int
    seconds: float
    """From the first byte sent to the plan."""
    import_seconds: float
    """From the last byte accepted to the ready inventory."""
    parse_and_store_cpu_s: float
    """CPU of the ingest, its parser and PostgreSQL in that time."""
    cpus_s: dict[str, float]
    """CPU of every service and PostgreSQL, from the first byte to the plan."""
    peaks_mib: dict[str, float]

    @property
    def cpu_s(self) -> float:
        """CPU of all of them together."""
        return sum(self.cpus_s.values())


def bench_import(site: Site, report: Report, *, name: str, vms: int, pairs: int) -> list[Import]:
    """Report imports of ``vms`` VMs, each paired with its floor.

    Who goes first takes turns; a floor stores what the first import has stored.
    """
    workbook = workbook_of(vms, cache=site.workbooks)
    rows = site.folder / name
    rows.mkdir()
    floor = _floor(site, workbook, rows)
    imports = [import_once(site, workbook)]
    inventory_id = UUID(imports[0].inventory.rpartition("/")[2])
    asyncio.run(export_rows(site.database.admin_dsn, inventory_id, rows))
    floors_s = [floor.measure()]
    for number in range(1, pairs):
        if number % 2:
            floors_s.append(floor.measure())
            imports.append(import_once(site, workbook))
        else:
            imports.append(import_once(site, workbook))
            floors_s.append(floor.measure())
    _report(report, name, imports, floors_s)
    return imports


def _floor(site: Site, workbook: Path, rows: Path) -> Floor:
    """Its server's work counts where that of the import's server is known too."""
    database = site.quiet_database
    pid = site.quiet_postgres.pid if site.postgres_pid else None
    return Floor(workbook, rows, database.admin_dsn, pid)


def growth(name: str, small: list[Import], large: list[Import]) -> Result:
    """CPU per VM of a large import, held against a small one's."""
    per_vm = [median(one.cpu_s / one.vms * 1000 for one in some) for some in (large, small)]
    return paired(name, "CPU ms/VM", [(per_vm[0], per_vm[1])], goal=GROWTH_GOAL)


def import_once(site: Site, workbook: Path) -> Import:
    """Import ``workbook`` into a new project and wait for its plan."""
    pids = {name: process.pid for name, process in site.platform.processes.items()}
    server = {POSTGRES: site.postgres_pid} if site.postgres_pid else {}
    everybody, ingest = pids | server, {"ingest": pids["ingest"]} | server
    client = site.platform.client()
    project = client.new_project(workbook.stem)
    memory = PeakMemory(pids)
    with memory.watched():
        begun_s, begun_cpus_s = time.monotonic(), _cpus_s(everybody)
        accepted = client.upload(project, workbook)
        assert accepted.status_code == 202, accepted.text
        accepted_s, accepted_cpus_s = time.monotonic(), _cpus_s(ingest)
        operation = _ended(client, accepted.headers["Location"])
        imported_s, imported_cpus_s = time.monotonic(), _cpus_s(ingest)
        _planned(client, project)
        planned_s, planned_cpus_s = time.monotonic(), _cpus_s(everybody)
    return Import(
        inventory=f"/v1/{operation['subject']}",
        vms=int(operation["result"]["vms"]),
        seconds=planned_s - begun_s,
        import_seconds=imported_s - accepted_s,
        parse_and_store_cpu_s=sum(imported_cpus_s.values()) - sum(accepted_cpus_s.values()),
        cpus_s={name: planned_cpus_s[name] - begun_cpus_s[name] for name in everybody},
        peaks_mib=memory.mib(),
    )


def _report(report: Report, name: str, imports: list[Import], floors_s: list[float]) -> None:
    report(Result(f"{name}.seconds", median(one.seconds for one in imports), "s"))
    report(Result(f"{name}.import_seconds", median(one.import_seconds for one in imports), "s"))
    stored = [
        (one.parse_and_store_cpu_s, floor) for one, floor in zip(imports, floors_s, strict=True)
    ]
    report(paired(f"{name}.parse_and_store", "CPU s", stored, goal=PARSE_AND_STORE_GOAL))
    whole = [(one.cpu_s, floor) for one, floor in zip(imports, floors_s, strict=True)]
    report(paired(f"{name}.whole", "CPU s", whole, goal=WHOLE_GOAL))
    for process in imports[0].cpus_s:
        spent_s = median(one.cpus_s[process] for one in imports)
        report(Result(f"{name}.cpu.{process}", spent_s, "CPU s"))
    for process in imports[0].peaks_mib:
        peak_mib = max(one.peaks_mib[process] for one in imports)
        goal = PARSER_GOAL_MIB if process == PARSER else SERVICE_GOAL_MIB
        report(Result(f"{name}.peak_memory.{process}", peak_mib, "MiB", goal=goal))


def _cpus_s(pids: Mapping[str, int]) -> dict[str, float]:
    return {name: cpu_s(pid) for name, pid in pids.items()}


def _ended(client: PlatformClient, operation: str) -> Document:
    found = _until(
        lambda: client.get(operation),
        lambda seen: seen["state"] in {"succeeded", "failed", "cancelled"},
    )
    assert found["state"] == "succeeded", found["error"]
    return found


def _planned(client: PlatformClient, project: str) -> None:
    _until(lambda: client.maybe(f"{project}/plan"), lambda seen: bool(seen.get("snapshot")))


def _until(look: Callable[[], Document], is_done: Callable[[Document], bool]) -> Document:
    seen: list[Document] = []
    begun_s = time.monotonic()

    def done() -> bool:
        time.sleep(max(LOOK_FIRST_S, LOOK_SHARE * (time.monotonic() - begun_s)))
        seen[:] = [look()]
        return is_done(seen[0])

    wait_until(done, within_s=PATIENCE_S, what=f"the wanted state; last seen: {seen}")
    return seen[0]
