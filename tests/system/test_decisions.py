"""What somebody decides is assessed again and planned again, without another import."""

import pytest

from tests.support.platform_client import Document, PlatformClient
from tests.system.conftest import SAMPLE

pytestmark = pytest.mark.system


def test_changed_rules_reach_the_plan(client: PlatformClient) -> None:
    project = client.new_project("Decisions")
    inventory = client.imported(project, SAMPLE)
    first = client.planned(project, inventory["id"])
    assert first["summary"]["tenants"] == 120
    read = client.http.get(f"{project}/assessment/rules")
    rules = read.json()["rules"]
    rules["detection"]["rules"].insert(
        0,
        {
            "id": "everybody",
            "kind": "pattern",
            "field": "name",
            "syntax": "regex",
            "pattern": "^(.)",
            "tenant": "Everybody",
            "org_vdc": "one",
        },
    )

    changed = client.http.put(
        f"{project}/assessment/rules", json=rules, headers={"If-Match": read.headers["ETag"]}
    )

    assert changed.status_code == 200, changed.text
    assert client.ended(changed.json()["assessment"]["operation"])["state"] == "succeeded"

    def is_of_the_second(plan: Document) -> bool:
        has_snapshot = plan["snapshot"] is not None and not plan["stale"]
        return has_snapshot and plan["based_on"]["assessment_number"] == 2

    plan = client.wait(lambda: client.get(f"{project}/plan"), is_of_the_second)
    assert plan["summary"]["tenants"] == 1
    assert plan["summary"]["vms"] == first["summary"]["vms"]
