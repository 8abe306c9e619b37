"""Who listens hears of an import while it happens: pages by stream, other platforms by AMQP."""

import asyncio
from itertools import islice
from pathlib import Path

import pytest

from shared.testing.rabbit_server import RabbitServer
from shared.testing.waiting import wait_until
from tests.support.event_streams import open_stream_blocking
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import SeparatePlatform
from tests.support.subscriber_process import (
    ROOT,
    documented_permissions,
    running_subscriber,
)
from tests.system.conftest import WORKBOOKS

pytestmark = pytest.mark.system

WORKBOOK = WORKBOOKS / "real-3.10-full-27vms.xlsx"
FACTS = ["inventory.imported", "assessment.completed"]


def test_a_page_hears_of_an_import_and_of_what_follows(platform: PlatformClient) -> None:
    project = platform.new_project("Live")
    with open_stream_blocking(platform.http, f"{project}/stream") as events:
        platform.imported(project, WORKBOOK)

        told = list(islice(events, 2))

    subject = project.removeprefix("/v1/")
    assert [event.data["type"] for event in told] == FACTS
    assert [event.id for event in told] == [1, 2]
    assert {event.data["subject"] for event in told} == {subject}
    assert all(event.data.keys() == {"type", "subject", "version"} for event in told)


def test_another_platform_hears_of_an_import_with_read_only_rights(
    separate: SeparatePlatform, rabbitmq: RabbitServer, tmp_path: Path
) -> None:
    client = separate.client()
    project = client.new_project("Outside")
    permissions = documented_permissions(ROOT / "docs" / "events" / "README.md")
    with (
        rabbitmq.user(separate.amqp_url, **permissions) as url,
        running_subscriber(url, tmp_path) as subscriber,
    ):
        subscriber.listens()
        inventory = client.imported(project, WORKBOOK)
        wait_until(lambda: len(subscriber.printed()) >= 2, within_s=60, what="two facts")
        first, second, *_ = subscriber.printed()

    assert [first["type"], second["type"]] == FACTS
    assert first["data"]["inventory_id"] == second["data"]["inventory_id"] == inventory["id"]
    assert first["subject"] == project.removeprefix("/v1/")


def test_a_gateway_that_stops_ends_its_streams_in_good_order(separate: SeparatePlatform) -> None:
    client = separate.client()
    project = client.new_project("Stopping")
    gateway = separate.processes["gateway"]
    with open_stream_blocking(client.http, f"{project}/stream") as events:
        code = asyncio.run(gateway.stop(within_s=20))

        assert list(events) == []
    assert code == 0
