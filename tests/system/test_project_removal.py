"""A cleared project starts again in every service; a deleted one is nowhere."""

import pytest

from shared.testing.waiting import wait_until
from tests.support.platform_client import PlatformClient
from tests.system.conftest import WORKBOOKS

pytestmark = pytest.mark.system

WORKBOOK = WORKBOOKS / "real-3.10-full-27vms.xlsx"


def nothing_at(platform: PlatformClient, *paths: str) -> None:
    """Wait until none of the paths shows anything."""
    for path in paths:
        wait_until(lambda path=path: not platform.maybe(path), within_s=60, what=f"{path} is gone")


def test_clearing_and_deleting_reach_every_service(platform: PlatformClient) -> None:
    project = platform.new_project("Once more")
    first = platform.imported(project, WORKBOOK)
    platform.assessed(project, first["id"])
    platform.planned(project, first["id"])

    cleared = platform.post(f"{project}/clearance", {"name": "Once more"})
    assert platform.ended(cleared.headers["Location"])["state"] == "succeeded"
    nothing_at(platform, f"{project}/assessment", f"{project}/plan")

    second = platform.imported(project, WORKBOOK)
    assert second["number"] == 2
    assert platform.assessed(project, second["id"])["number"] == 2
    plan = platform.planned(project, second["id"])
    assert plan["snapshot"] is not None

    gone = platform.http.delete(project, params={"name": "Once more"})
    assert platform.ended(gone.headers["Location"])["state"] == "succeeded"
    nothing_at(platform, project, f"{project}/assessment", f"{project}/plan")
