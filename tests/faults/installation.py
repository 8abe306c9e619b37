"""A whole installation that tests may break: six processes, a RabbitMQ and a PostgreSQL of its own.

One serves all fault tests of a process, each with projects of its own; a test leaves it healed.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from services import SERVICES
from shared.bus.topology import TOPOLOGY, dead_queue
from shared.testing.killable_postgres import KillablePostgres
from shared.testing.local_rabbit import LocalRabbit
from shared.testing.postgres import FreshDatabase
from tests.faults.findings import Findings, findings
from tests.faults.history import History, Outcome
from tests.faults.judgement import judge
from tests.faults.nemesis import Fault
from tests.faults.workload import Workload
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import SeparatePlatform, separate_platform
from tests.support.rvtools_estate import estate, write_workbook

QUEUES: Final = tuple(subscription.queue for subscription in TOPOLOGY.subscriptions)


@dataclass
class Installation:
    """What runs, and what an undisturbed import of ``workbook`` leaves in it."""

    postgres: KillablePostgres
    rabbit: LocalRabbit
    database: FreshDatabase
    platform: SeparatePlatform
    client: PlatformClient
    workbook: Path
    contents: str | None = None

    def workload(self, history: History) -> Workload:
        """Clients that write ``history``."""
        return Workload(self.client, self.workbook, history)

    def found(self, history: History) -> Findings:
        """What the projects of ``history`` have now."""
        return findings(self.database.admin_dsn, history.projects())

    def judge(self, history: History, *, told: object = "") -> Findings:
        """See :func:`~tests.faults.judgement.judge`."""
        return judge(
            self.database.admin_dsn,
            history,
            contents=self.contents,
            told=told,
            dead_letters=self.dead_letters,
        )

    def dead_letters(self) -> int:
        """How many messages RabbitMQ has given up."""
        counts = 0
        for queue in QUEUES:
            reply = self.rabbit.server.call("GET", f"/api/queues/%2F/{dead_queue(queue)}")
            counts += reply.raise_for_status().json().get("messages", 0)
        return counts

    def faults(self) -> list[Fault]:
        """Everything that may be killed."""
        return [
            *(self._killed(service) for service in self.platform.processes),
            Fault("broker", self.rabbit.kill, self._ensure_broker),
            Fault("PostgreSQL", self.postgres.kill, self._ensure_postgres),
        ]

    def _killed(self, service: str) -> Fault:
        process = self.platform.processes[service]

        def strike() -> None:
            assert process.is_running(), f"{service} has died by itself\n{process.log_tail()}"
            process.kill()

        def heal() -> None:
            if not process.is_running():
                process.start()

        return Fault(service, strike, heal)

    def _ensure_broker(self) -> None:
        if not self.rabbit.server.answers():
            self.rabbit.restart()

    def _ensure_postgres(self) -> None:
        self.postgres.start()  # adopts what runs

    def metric(self, service: str, name: str) -> float:
        """A metric of a service since it started, summed over its labels."""
        text = self.platform.metrics_of(service)
        values = re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", text, re.MULTILINE)
        return sum(float(value) for value in values)

    def running(self) -> Mapping[str, int]:
        """The process id of each service that runs."""
        return {
            name: process.pid
            for name, process in self.platform.processes.items()
            if process.is_running()
        }


@contextmanager
def installation(folder: Path) -> Iterator[Installation]:
    """A running installation, all gone at the end."""
    postgres, rabbit = KillablePostgres(folder / "postgres"), LocalRabbit(folder / "rabbitmq")
    workbook = folder / "estate.xlsx"
    write_workbook(workbook, estate(vms=12, tenants=3))
    with ExitStack() as stack:
        stack.callback(postgres.stop)
        stack.callback(rabbit.stop)
        rabbit.start()
        server = postgres.start()
        database = server.new_platform_database(SERVICES)
        platform = stack.enter_context(separate_platform(database, rabbit.server.url, folder))
        rabbit.settle(*QUEUES)
        running = Installation(postgres, rabbit, database, platform, platform.client(), workbook)
        running.contents = _undisturbed(running)
        yield running


def _undisturbed(running: Installation) -> str:
    """What an import leaves that nobody disturbs."""
    history = History()
    workload = running.workload(history)
    attempt = workload.import_into(*workload.projects(1))
    assert attempt.outcome is Outcome.ACKNOWLEDGED, attempt
    return running.judge(history).inventories[0].contents
