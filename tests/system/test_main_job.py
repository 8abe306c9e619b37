"""A workbook goes in at the gateway and a plan comes out: in one process, and in six."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest

from tests.support.counts import WorkbookCounts, count_workbook
from tests.support.platform_client import PlatformClient
from tests.system.conftest import SAMPLE, WORKBOOKS

pytestmark = pytest.mark.system


def test_the_sample_becomes_a_plan_whose_figures_are_the_workbook_s(
    platform: PlatformClient,
) -> None:
    expected = count_workbook(SAMPLE)
    project = platform.new_project("Sample")

    inventory = platform.imported(project, SAMPLE)
    platform.assessed(project, inventory["id"])
    plan = platform.planned(project, inventory["id"])
    document = json.loads(platform.exported(project, plan, "json"))

    summary = document["summary"]
    assert figures(summary) == figures_of(expected)
    assert summary == plan["summary"]
    assert summary["vms"] == 324
    assert summary["tenants"] == 120
    assert len(document["vms"]) == 324
    assert summary["finish_date"] == max(vm["end"] for vm in document["vms"])[:10]


def test_the_plan_workbook_has_the_same_figures_as_the_api(platform: PlatformClient) -> None:
    project = platform.new_project("Workbook")
    inventory = platform.imported(project, SAMPLE)
    plan = platform.planned(project, inventory["id"])

    book = openpyxl.load_workbook(io.BytesIO(platform.exported(project, plan, "xlsx")))

    texts = {str(cell) for row in book["Summary"].iter_rows(values_only=True) for cell in row}
    assert str(plan["summary"]["vms"]) in texts
    assert str(plan["summary"]["vcpus"]) in texts
    assert plan["summary"]["finish_date"] in {text[:10] for text in texts}
    assert len(list(book["VMs"].iter_rows())) >= 324


@pytest.mark.parametrize(
    "workbook",
    [
        "real-3.10-full-27vms.xlsx",
        "real-3.10-custom-attributes-131vms.xlsx",
        "real-3.x-3tabs-805vms.xlsx",
        "real-4.7-huge-dimensions-9vms.xlsx",
        "mixed-3.x-4.x-headers-805vms.xlsx",
    ],
)
def test_real_workbooks_import_and_their_totals_are_right(
    client: PlatformClient, workbook: str
) -> None:
    expected = count_workbook(WORKBOOKS / workbook)
    project = client.new_project(workbook)

    inventory = client.imported(project, WORKBOOKS / workbook)
    totals = client.assessed(project, inventory["id"])["totals"]

    assert inventory["report"]["totals"]["templates"] == expected.templates
    assert {
        "vms": totals["vms"],
        "powered_off": totals["powered_off"],
        "vcpus": totals["vcpus"],
        "memory_mib": totals["memory_mib"],
        "disk_mib": totals["disk_mib"],
    } == {
        "vms": expected.vms,
        "powered_off": expected.powered_off,
        "vcpus": expected.vcpus,
        "memory_mib": expected.memory_mib,
        "disk_mib": expected.disk_mib,
    }
    assert client.planned(project, inventory["id"])["summary"]["vms"] == expected.vms


def test_an_approved_plan_may_be_prepared(platform: PlatformClient) -> None:
    project = platform.new_project("Approval")
    inventory = platform.imported(project, SAMPLE)
    plan = platform.planned(project, inventory["id"])
    digest = plan["snapshot"]["digest"]

    asked = platform.post(
        f"{project}/plan/approval-requests", {"snapshot_digest": digest, "note": "please"}
    )
    decided = platform.post(
        f"{project}/plan/approval-requests/{asked.json()['id']}/decision",
        {"decision": "approve", "note": "agreed"},
    )

    assert asked.status_code == 201, asked.text
    assert decided.status_code == 200, decided.text
    preparation = platform.wait(lambda: platform.maybe(f"{project}/preparation"), bool)
    assert preparation["snapshot"]["digest"] == digest
    assert (preparation["vm_count"], preparation["tenant_count"]) == (324, 120)
    assert platform.ended(preparation["operation"])["state"] == "succeeded"
    run = platform.get(f"{project}/preparation")["run"]
    tasks = platform.everything(f"{project}/preparation/tasks")
    assert run["state"] == "draft"
    assert run["tasks"] == len(tasks)
    assert {task["state"] for task in tasks} == {"pending"}
    assert [task["position"] for task in tasks] == list(range(1, len(tasks) + 1))
    assert [task["stage"] for task in tasks] == sorted(task["stage"] for task in tasks)
    assert [(task["key"], task["blocker"]) for task in tasks if task["blocker"]] == []
    quotas = [task for task in tasks if task["kind"] == "quota"]
    assert sum(quota["desired"]["need"]["instances"] for quota in quotas) == 324
    assert len({tenant for quota in quotas for tenant in quota["tenant_ids"]}) == 120


def test_two_people_editing_one_project_the_second_gets_412(client: PlatformClient) -> None:
    project = client.new_project("Edited")
    etag = client.http.get(project).headers["ETag"]

    first = client.http.patch(project, json={"name": "One"}, headers={"If-Match": etag})
    second = client.http.patch(project, json={"name": "Two"}, headers={"If-Match": etag})

    assert (first.status_code, second.status_code) == (200, 412)
    assert client.get(project)["name"] == "One"


def test_one_upload_twice_with_one_key_is_one_import(client: PlatformClient) -> None:
    project = client.new_project("Twice")

    first = client.upload(project, SAMPLE, key="one-key")
    second = client.upload(project, SAMPLE, key="one-key")

    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json()["id"] == second.json()["id"]
    client.ended(first.headers["Location"])
    assert len(client.get(f"{project}/inventories")["items"]) == 1


def test_the_same_workbook_again_is_answered_with_the_former_inventory(
    client: PlatformClient,
) -> None:
    project = client.new_project("Again")
    inventory = client.imported(project, SAMPLE)

    again = client.upload(project, SAMPLE)

    assert again.status_code == 200
    assert again.json()["id"] == inventory["id"]


def figures(summary: dict[str, object]) -> dict[str, object]:
    names = ("vms", "powered_off", "vcpus", "memory_gib", "disk_gib")
    return {name: summary[name] for name in names}


def figures_of(counts: WorkbookCounts) -> dict[str, object]:
    gib: Callable[[int], float] = lambda mib: round(mib / 1024, 2)  # noqa: E731
    return {
        "vms": counts.vms,
        "powered_off": counts.powered_off,
        "vcpus": counts.vcpus,
        "memory_gib": gib(counts.memory_mib),
        "disk_gib": gib(counts.disk_mib),
    }


def test_the_samples_of_this_test_are_there() -> None:
    assert SAMPLE.is_file()
    assert len(list(Path(WORKBOOKS).glob("*.xlsx"))) >= 5
