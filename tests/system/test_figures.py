"""Where the figures of a running platform are, and where they are not."""

import json

import httpx
import pytest

from services import SERVICES
from tests.support.platform_client import PlatformClient
from tests.support.platform_processes import EmbeddedPlatform

pytestmark = pytest.mark.system


def test_one_scrape_on_a_port_of_this_machine_shows_all_services(
    embedded: EmbeddedPlatform, client: PlatformClient
) -> None:
    admin = json.loads((embedded.data_dir / "run.json").read_text())["admin_address"]

    text = httpx.get(f"{admin}/metrics").text
    public = client.http.get("/metrics")

    assert admin.startswith("http://127.0.0.1:")
    for service in SERVICES:
        assert f'outbox_oldest_unpublished_seconds{{service="{service}"}}' in text
    assert public.status_code == 404
    assert httpx.get(f"{admin}/readyz").json() == {"status": "ready"}
