"""Pulling plan snapshots from the planner's own routes."""

import httpx
import pytest

from services.exporter.adapters.plan_snapshots import PlannerSnapshots
from services.exporter.domain.exports import PlanSnapshot
from shared.auth.internal_token import TokenSigner, TokenVerifier
from shared.auth.keys import generate_keypair
from shared.contracts.records import PlannedVmRecord
from shared.contracts.snapshots import decode_page
from shared.http.app import create_app
from shared.http.pages import snapshots_router
from shared.kernel.errors import Invalid, NotFound, Unavailable
from shared.kernel.ids import SnapshotId
from shared.observability.health import Health
from shared.observability.metrics import Metrics
from tests.services.exporter.builders import a_planned_vm
from tests.services.exporter.upstream import FakePlanner, ServedSnapshots
from tests.services.planner.builders import an_id

PRIVATE, PUBLIC = generate_keypair()


def pulling(transport: httpx.AsyncBaseTransport) -> PlannerSnapshots:
    client = httpx.AsyncClient(transport=transport, base_url="http://planner")
    return PlannerSnapshots(client, TokenSigner("exporter", PRIVATE), Metrics("exporter"))


@pytest.fixture
def snapshots(planner: FakePlanner) -> PlannerSnapshots:
    app = create_app(
        service="planner",
        title="Planner",
        routers=[snapshots_router(ServedSnapshots(planner), readers=("exporter", "provisioner"))],
        verifier=TokenVerifier("planner", {"exporter": PUBLIC}),
        health=Health(),
        metrics=Metrics("planner"),
    )
    return pulling(httpx.ASGITransport(app))


async def test_manifest_and_pages_are_pulled(
    snapshots: PlannerSnapshots, planner: FakePlanner
) -> None:
    snapshot = planner.freezes([a_planned_vm(n) for n in range(1, 7)])
    manifest = await snapshots.manifest(snapshot)
    pages = [await snapshots.page(manifest, n) for n in range(manifest.page_count)]
    read = [vm.sequence for page in pages for vm in decode_page(page, PlannedVmRecord)]
    assert read == [1, 2, 3, 4, 5, 6]


async def test_an_unknown_snapshot_is_not_found(
    snapshots: PlannerSnapshots, planner: FakePlanner
) -> None:
    known = planner.freezes()
    with pytest.raises(NotFound):
        await snapshots.manifest(PlanSnapshot(SnapshotId(an_id("nothing")), known.digest))


async def test_another_digest_is_refused(snapshots: PlannerSnapshots, planner: FakePlanner) -> None:
    with pytest.raises(Invalid) as refused:
        await snapshots.manifest(PlanSnapshot(planner.freezes().id, "0" * 64))
    assert refused.value.code == "snapshot-mismatch"


async def test_nonsense_from_the_planner_is_refused(planner: FakePlanner) -> None:
    snapshots = pulling(httpx.MockTransport(lambda _: httpx.Response(200, content=b"{}")))
    with pytest.raises(Invalid):
        await snapshots.manifest(planner.freezes())


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_planner_that_cannot_answer_now_is_unavailable(
    planner: FakePlanner, status: int
) -> None:
    snapshots = pulling(httpx.MockTransport(lambda _: httpx.Response(status)))
    with pytest.raises(Unavailable):
        await snapshots.manifest(planner.freezes())


async def test_a_planner_that_is_away_is_unavailable(planner: FakePlanner) -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(Unavailable):
        await pulling(httpx.MockTransport(refuse)).manifest(planner.freezes())
