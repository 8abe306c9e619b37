"""The planner pulls assessed snapshots; nobody else does."""

from collections.abc import Callable

import httpx

from shared.contracts.snapshots import SnapshotManifest, SnapshotRef
from tests.services.assessment.api.conftest import Headers
from tests.services.assessment.builders import a_vm
from tests.services.assessment.workbench import Workbench

AN_ESTATE = [a_vm(number, folder=f"/DC1/T{number % 2}") for number in range(1, 10)]


async def assessed(bench: Workbench) -> SnapshotRef:
    await bench.assess(bench.ingest.imports(AN_ESTATE))
    (envelope,) = await bench.announced()
    return SnapshotRef.model_validate(envelope["data"]["snapshot"])


async def test_the_planner_pulls_what_was_announced(
    client: httpx.AsyncClient, bench: Workbench, as_service: Callable[[str], Headers]
) -> None:
    ref = await assessed(bench)

    reply = await client.get(ref.path, headers=as_service("planner"))
    page = await client.get(f"{ref.path}/pages/1", headers=as_service("planner"))

    assert SnapshotManifest.model_validate_json(reply.content).digest() == ref.digest
    assert page.content == (await bench.pages(ref.id))[1]


async def test_nobody_else_may_pull(
    client: httpx.AsyncClient,
    bench: Workbench,
    as_service: Callable[[str], Headers],
    as_person: Callable[..., Headers],
) -> None:
    ref = await assessed(bench)

    for headers in (as_service("exporter"), as_service("gateway"), as_person()):
        assert (await client.get(ref.path, headers=headers)).status_code == 403
