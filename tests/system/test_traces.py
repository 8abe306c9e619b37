"""One upload is one trace, from the gateway to the plan: in one process, and in six."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from services import SERVICES
from shared.testing.postgres import PostgresServer
from shared.testing.rabbit_server import RabbitServer
from shared.testing.shared_run import SharedRun
from shared.testing.waiting import wait_until
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import EmbeddedPlatform, separate_platform
from tests.support.trace_collector import CollectedSpan, TraceCollector, trace_collector
from tests.system.conftest import WORKBOOKS

pytestmark = pytest.mark.system

WORKBOOK = WORKBOOKS / "real-3.10-full-27vms.xlsx"
UPLOAD = "POST /v1/projects/{project_id}/inventories"
TO_THE_PLAN = [
    "planner: job build_plan",
    "planner: process assessment.completed",
    "assessment: job assess_inventory",
    "assessment: process inventory.imported",
    "ingest: job import_inventory",
    f"ingest: {UPLOAD}",
    "gateway: POST",
    f"gateway: {UPLOAD}",
]
ASIDE = [
    ["ingest: send inventory.imported", *TO_THE_PLAN[4:]],
    ["assessment: send assessment.completed", *TO_THE_PLAN[2:]],
    ["ingest: GET /internal/v1/snapshots/{snapshot_id}", "assessment: GET", *TO_THE_PLAN[2:]],
    ["assessment: GET /internal/v1/snapshots/{snapshot_id}", "planner: GET", *TO_THE_PLAN],
]

Started = tuple[PlatformClient, list[Path]]
Start = Callable[[Mapping[str, str]], AbstractContextManager[Started]]


@pytest.fixture
def one_process(data_dir: Path) -> Start:
    @contextmanager
    def start(env: Mapping[str, str]) -> Iterator[Started]:
        platform = EmbeddedPlatform(data_dir, env=env)
        client = platform.start()
        assert client is not None
        assert platform.process is not None
        try:
            yield client, [platform.process.log]
            assert platform.stop() == 0
        finally:
            platform.discard()

    return start


@pytest.fixture
def six_processes(
    postgres: PostgresServer, shared_run: SharedRun, rabbitmq: RabbitServer, tmp_path: Path
) -> Start:
    @contextmanager
    def start(env: Mapping[str, str]) -> Iterator[Started]:
        with (
            postgres.held_platform_database(shared_run, SERVICES) as database,
            rabbitmq.vhost() as amqp_url,
            separate_platform(database, amqp_url, tmp_path, env=env) as platform,
        ):
            yield platform.client(), [one.log for one in platform.processes.values()]

    return start


@pytest.mark.parametrize("how", ["one_process", "six_processes"])
def test_an_upload_and_all_that_follows_is_one_trace(
    request: pytest.FixtureRequest, how: str
) -> None:
    start: Start = request.getfixturevalue(how)
    with trace_collector() as collector:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200"}
        with start(told) as (client, logs):
            project = client.new_project("Traced")
            inventory = client.imported(project, WORKBOOK)
            client.planned(project, inventory["id"])
            planned = last_span(collector, TO_THE_PLAN[0])
            seen: list[list[str]] = []

            def is_complete() -> bool:
                seen[:] = collector.lines(planned.trace_id)
                return all(line in seen for line in [TO_THE_PLAN, *ASIDE])

            try:
                wait_until(is_complete, within_s=30, what="the whole trace")
            except AssertionError as error:
                error.add_note("\n".join(" < ".join(line) for line in seen))
                raise
            assert services_that_log(logs, planned.trace_id) >= {"gateway", "ingest"}
        assert not [span for span in collector.of_trace(planned.trace_id) if span.has_failed]


def last_span(collector: TraceCollector, name: str) -> CollectedSpan:
    wait_until(lambda: bool(collector.named(name)), within_s=30, what=f"{name} is sent")
    return collector.named(name)[-1]


def services_that_log(logs: list[Path], trace_id: str) -> set[str]:
    """Who has written lines with this trace's id."""
    texts = [line for log in logs for line in log.read_text().splitlines()]
    told = [json.loads(text) for text in texts if text.startswith("{")]
    return {line["service"] for line in told if line.get("trace_id") == trace_id}
