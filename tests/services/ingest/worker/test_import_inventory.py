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
    assert set((await bench.stored_rows()).values()) == {0}
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
