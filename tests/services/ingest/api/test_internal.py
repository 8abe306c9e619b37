"""The assessment pulls snapshots of inventories; nobody else does."""

import httpx

from shared.auth.internal_token import TokenSigner
from shared.contracts.records import VmRecord
from shared.contracts.snapshots import SnapshotRef, decode_page
from shared.http.pages import SnapshotClient, snapshot_path
from tests.services.ingest.api.callers import PRIVATE, Caller, as_service, problem
from tests.services.ingest.workbooks import workbook, workbook_of
from tests.services.ingest.worker.workbench import Workbench


async def announced(bench: Workbench, content: bytes) -> SnapshotRef:
    await bench.upload(content)
    await bench.work()
    (envelope,) = await bench.announced()
    return SnapshotRef.model_validate(envelope["data"]["snapshot"])


async def test_the_assessment_pulls_what_was_announced(
    client: httpx.AsyncClient, bench: Workbench
) -> None:
    ref = await announced(bench, workbook_of(1001))
    puller = SnapshotClient(client, TokenSigner("assessment", PRIVATE), "ingest", deadline_s=1)

    manifest = await puller.manifest(ref)  # which checks its digest, as page() does
    pages = [await puller.page(ref, manifest, number) for number in range(ref.page_count)]

    records = [list(decode_page(page, VmRecord)) for page in pages]
    assert [len(page) for page in records] == [1000, 1]
    assert {str(record.vm_id) for page in records for record in page} == {
        str(vm["vm_id"]) for vm in await bench.rows("vms")
    }
    too_far = await client.get(f"{ref.path}/pages/2", headers=as_service("assessment"))
    assert problem(too_far) == (404, "snapshot-not-found")


async def test_nobody_else_may_pull(
    client: httpx.AsyncClient, dana: Caller, bench: Workbench
) -> None:
    path = snapshot_path((await bench.upload(workbook())).id)

    for address in (path, f"{path}/pages/0"):
        for headers in (as_service("planner"), as_service("gateway"), dana.headers):
            reply = await client.get(address, headers=headers)
            assert problem(reply) == (403, "forbidden")
        assert problem(await client.get(address)) == (401, "unauthenticated")


async def test_there_is_no_snapshot_before_the_import_is_done(
    client: httpx.AsyncClient, bench: Workbench
) -> None:
    path = snapshot_path((await bench.upload(workbook())).id)

    for address in (path, f"{path}/pages/0"):
        reply = await client.get(address, headers=as_service("assessment"))
        assert problem(reply) == (404, "snapshot-not-found")
