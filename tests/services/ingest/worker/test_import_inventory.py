"""A workbook becomes an inventory, or is refused and leaves nothing."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from services.ingest.domain.errors import (
    DAMAGED_WORKBOOK,
    STRAY_CELL,
    SUSPICIOUS_WORKBOOK,
    TAB_MISSING,
    UPLOAD_EXPIRED,
)
from services.ingest.settings import IngestSettings
from shared.contracts.inventory import InventoryImported
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import SnapshotManifest, decode_page, page_sha256
from shared.db.jobs import JobState
from tests.services.ingest.api.callers import settings_for
from tests.services.ingest.workbooks import (
    VDISK,
    with_stray_cell,
    workbook,
    workbook_of,
    zip_bomb,
)
from tests.services.ingest.worker.workbench import NOW, Workbench

A_WORKBOOK = workbook()


async def test_an_import_stores_rows_report_and_snapshot_and_announces_them_once(
    bench: Workbench,
) -> None:
    uploaded = await bench.upload(workbook_of(1001))
    await bench.run_jobs()

    inventory = await bench.inventory(uploaded.id)
    assert (inventory["vm_count"], inventory["disk_count"], inventory["nic_count"]) == (1001,) * 3
    assert inventory["imported_at"] == NOW
    assert inventory["report"]["totals"]["vms"] == 1001
    vms, pages = await bench.rows("vms"), await bench.rows("snapshot_pages")
    manifest = SnapshotManifest.model_validate(inventory["manifest"])
    assert manifest.page_sha256 == [page_sha256(page["content"]) for page in pages]
    records = [record for page in pages for record in decode_page(page["content"], VmRecord)]
    assert {record.vm_id: record.name for record in records} == {
        vm["vm_id"]: vm["name"] for vm in vms
    }
    assert await bench.stored_rows() == {
        "vms": 1001,
        "disks": 1001,
        "nics": 1001,
        "networks": 1,
        "snapshot_pages": 2,
    }

    (envelope,) = await bench.announced()
    fact = InventoryImported.model_validate(envelope["data"])
    assert (envelope["type"], envelope["subject"]) == ("inventory.imported", fact.subject)
    assert (fact.project_id, fact.inventory_id) == (uploaded.project_id, uploaded.id)
    assert (fact.inventory_number, fact.imported_at) == (1, NOW)
    ref = fact.snapshot
    assert (ref.id, ref.digest) == (manifest.id, manifest.digest())
    assert (ref.record_count, ref.page_count) == (1001, 2)

    job = await bench.job(uploaded.job_id)
    assert job.state == JobState.SUCCEEDED
    assert job.result == {
        "inventory_id": str(uploaded.id),
        "vms": 1001,
        "disks": 1001,
        "nics": 1001,
        "snapshot_digest": ref.digest,
    }
    assert await bench.uploaded() == {}
    assert list(bench.scratch.iterdir()) == []


async def test_every_tab_arrives_in_its_table_whatever_its_texts_hold(bench: Workbench) -> None:
    nasty = 'tab\there, "quotes", back\\slash, \\N, line\nend, {"a": 1} \U0001f408'
    await bench.upload(
        workbook(
            vInfo=[
                ["VM", "VM ID", nasty, "PowerOn"],
                ["web", "vm-1", nasty, "2026/01/02 03:04:05"],
            ],
            vSnapshot=[["VM", "VM ID", "Name", "Description"], ["web", "vm-1", nasty, nasty]],
            vPartition=[["VM", "VM ID", "Disk", "Free %"], ["web", "vm-1", nasty, 12.5]],
            vUSB=[["VM", "VM ID", "Device Node"], ["web", "vm-1", nasty]],
            vHost=[["Host", "Speed"], [nasty, 2000]],
            vCluster=[["Name", "TotalMemory"], [nasty, 1 << 40]],
            vDatastore=[["Name", "Type"], [nasty, "VMFS"]],
            vRP=[["Resource Pool name", "Resource Pool path"], ["gold", nasty]],
            dvPort=[["Port", "Switch", "VLAN"], [nasty, "dvs", 7]],
            vNIC=[["Network Device", "Host", "Speed"], ["vmnic0", nasty, 10000]],
            vHealth=[["Name", "Message", "Message type"], ["web", nasty, "x"]],
        )
    )
    await bench.run_jobs()

    (vm,) = await bench.rows("vms")
    assert vm["attributes"] == {nasty.strip(): nasty}
    assert vm["powered_on_at"].isoformat() == "2026-01-02T03:04:05"
    for table, column in (
        ("snapshots", "description"),
        ("partitions", "mount"),
        ("media", "label"),
        ("hosts", "name"),
        ("clusters", "name"),
        ("datastores", "name"),
        ("resource_pools", "path"),
        ("networks", "name"),
        ("host_nics", "host"),
        ("health_messages", "message"),
    ):
        assert [row[column] for row in await bench.rows(table)] == [nasty], table


@pytest.mark.parametrize(
    ("content", "code", "places"),
    [
        (A_WORKBOOK[:-2000], DAMAGED_WORKBOOK, []),
        (zip_bomb(), SUSPICIOUS_WORKBOOK, []),
        (workbook(vDisk=VDISK), TAB_MISSING, [{"detail": "Not found.", "tab": "vInfo"}]),
        (
            with_stray_cell("XFD1048576"),
            STRAY_CELL,
            [
                {
                    "detail": "Delete the content of XFD1048576.",
                    "tab": "vInfo",
                    "row": 1048576,
                    "column": "XFD",
                }
            ],
        ),
    ],
    ids=["truncated", "bomb", "no vInfo", "stray cell"],
)
async def test_a_refused_workbook_leaves_its_reason_and_no_rows(
    bench: Workbench, content: bytes, code: str, places: list[object]
) -> None:
    inventory = await bench.upload(content)
    await bench.run_jobs()

    job = await bench.job(inventory.job_id)
    assert job.error is not None
    assert (job.state, job.attempts) == (JobState.FAILED, 1)
    assert (job.error["code"], job.error["errors"]) == (code, places)
    assert job.error["detail"]
    assert await bench.stored_rows() == {}
    assert (await bench.inventory(inventory.id))["imported_at"] is None
    assert await bench.announced() == []
    assert await bench.uploaded() == {inventory.id: content}
    assert list(bench.scratch.iterdir()) == []


async def test_an_import_whose_bytes_are_gone_says_so(bench: Workbench) -> None:
    inventory = await bench.upload(A_WORKBOOK)
    await bench.execute("DELETE FROM uploads")
    await bench.run_jobs()

    job = await bench.job(inventory.job_id)
    assert job.error is not None
    assert (job.state, job.error["code"]) == (JobState.FAILED, UPLOAD_EXPIRED)


def test_a_folder_for_parsing_that_does_not_exist_is_told_at_the_start(tmp_path: Path) -> None:
    settings = settings_for("postgresql://nobody@nowhere/")
    IngestSettings.model_validate(settings | {"scratch_dir": str(tmp_path)})
    with pytest.raises(ValidationError, match="scratch_dir"):
        IngestSettings.model_validate(settings | {"scratch_dir": str(tmp_path / "gone")})
