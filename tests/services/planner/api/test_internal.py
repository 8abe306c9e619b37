"""The exporter and the provisioner pull plan snapshots; nobody else does."""

import httpx
import pytest

from shared.auth.internal_token import TokenSigner
from shared.contracts.snapshots import SnapshotManifest, page_sha256
from tests.services.planner.api.conftest import PRIVATE, Caller
from tests.services.planner.builders import an_id
from tests.services.planner.upstream import an_estate
from tests.services.planner.workbench import Workbench


def as_service(name: str) -> dict[str, str]:
    token = TokenSigner(name, PRIVATE).sign_as_service("planner")
    return {"Authorization": f"Bearer {token}"}


@pytest.mark.parametrize("who", ["exporter", "provisioner"])
async def test_readers_pull_what_was_planned(
    client: httpx.AsyncClient, bench: Workbench, who: str
) -> None:
    result = await bench.plan(an_estate())
    path = f"/internal/v1/snapshots/{result['snapshot_id']}"

    reply = await client.get(path, headers=as_service(who))
    manifest = SnapshotManifest.model_validate_json(reply.content)
    page = await client.get(f"{path}/pages/0", headers=as_service(who))

    assert manifest.digest() == result["digest"]
    assert page_sha256(page.content) == manifest.page_sha256[0]


async def test_others_are_refused(client: httpx.AsyncClient, bench: Workbench, kim: Caller) -> None:
    result = await bench.plan(an_estate())
    path = f"/internal/v1/snapshots/{result['snapshot_id']}"

    assert (await client.get(path, headers=as_service("assessment"))).status_code == 403
    assert (await kim.get(path)).status_code == 403


async def test_an_unknown_snapshot_or_page_is_not_found(
    client: httpx.AsyncClient, bench: Workbench
) -> None:
    result = await bench.plan(an_estate())
    for path in (an_id("none"), f"{an_id('none')}/pages/0", f"{result['snapshot_id']}/pages/9"):
        reply = await client.get(f"/internal/v1/snapshots/{path}", headers=as_service("exporter"))
        assert reply.status_code == 404
