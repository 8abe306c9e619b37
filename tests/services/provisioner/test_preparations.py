"""What an approval leaves, and who may see it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.provisioner.app import build
from services.provisioner.handlers.on_plan_approved import on_plan_approved
from services.provisioner.persistence.store import PostgresPreparationStore
from services.provisioner.settings import ProvisionerSettings
from shared.auth.internal_token import TokenSigner
from shared.auth.keys import generate_keypair
from shared.auth.permissions import Permission
from shared.auth.principal import Principal
from shared.bus.ports import Message
from shared.bus.postgres import PostgresBus
from shared.contracts.envelope import Envelope
from shared.contracts.plan import PlanApproved
from shared.contracts.registry import schema_id
from shared.contracts.snapshots import SnapshotRef
from shared.db.bootstrap import BUS
from shared.db.engine import make_engine
from shared.db.uow import Database
from shared.kernel.paging import encode_cursor
from shared.runtime.clock import SystemClock
from shared.runtime.ids import Uuid7Ids
from shared.runtime.service import Service
from shared.testing.postgres import FreshDatabase
from shared.testing.waiting import eventually
from tests.services.provisioner.builders import a_record, an_estate
from tests.services.provisioner.upstream import FakePlanner
from tests.services.provisioner.workbench import Workbench

PROJECT = UUID("0193a1b2-0000-7000-8000-000000000001")
OTHER = UUID("0193a1b2-0000-7000-8000-000000000002")
APPROVER = UUID("0193a1b2-0000-7000-8000-00000000000a")
PATH = f"/v1/projects/{PROJECT}/preparation"
PRIVATE_KEY, PUBLIC_KEY = generate_keypair()


def an_approval(number: int) -> PlanApproved:
    snapshot_id = UUID(int=number)
    return PlanApproved(
        project_id=PROJECT,
        approval_id=UUID(int=1000 + number),
        approval_number=number,
        inventory_id=UUID(int=7),
        snapshot=SnapshotRef(
            id=snapshot_id,
            record_count=324,
            page_count=1,
            digest=f"{number:064x}",
            path=f"/internal/v1/snapshots/{snapshot_id}",
        ),
        tenant_count=120,
        vm_count=324,
        approved_at=datetime(2026, 11, 23, 9, number, tzinfo=UTC),
        approved_by=APPROVER,
    )


def an_envelope(event: PlanApproved) -> Envelope:
    return Envelope(
        id=Uuid7Ids().new(),
        source="/services/planner",
        type=event.TYPE,
        subject=event.subject,
        time=event.approved_at,
        dataschema=schema_id(PlanApproved),
        aggregateversion=event.approval_number,
        data=event.model_dump(mode="json"),
    )


def headers(*permissions: Permission, projects: frozenset[UUID] | None = None) -> dict[str, str]:
    """What the gateway sends along for a user."""
    user = Principal("user", str(APPROVER), "dana", frozenset(permissions), projects)
    token = TokenSigner("gateway", PRIVATE_KEY).sign(user, "provisioner")
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def service(platform_database: FreshDatabase) -> Service:
    """The provisioner, not started."""
    told: dict[str, Any] = {
        "database_dsn": platform_database.dsn("provisioner"),
        "bus_url": platform_database.dsn(BUS),
        "signing_key": PRIVATE_KEY,
        "public_keys": {"gateway": PUBLIC_KEY},
        "upstreams": {"planner": "http://planner.invalid"},
    }
    return build(ProvisionerSettings(**told))


@pytest.fixture
async def client(service: Service) -> AsyncIterator[httpx.AsyncClient]:
    """A caller on the provisioner's own address."""
    transport = httpx.ASGITransport(app=service.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://provisioner") as client:
        yield client
    for hook in reversed(service.on_close):
        await hook()


@pytest.fixture
async def database(platform_database: FreshDatabase) -> AsyncIterator[Database]:
    """The provisioner's database."""
    engine = make_engine(platform_database.dsn("provisioner"), schema="provisioner")
    yield (database := Database(engine, service="provisioner", ids=Uuid7Ids(), clock=SystemClock()))
    await database.close()


@pytest.fixture
def bench(database: Database) -> Workbench:
    """A planner whose approvals are compiled by hand."""
    return Workbench(database, FakePlanner())


async def handle(database: Database, event: PlanApproved) -> None:
    async with database.transactions(PostgresPreparationStore)() as tx:
        await on_plan_approved(event, an_envelope(event), tx)


async def test_before_an_approval_there_is_nothing_to_prepare(client: httpx.AsyncClient) -> None:
    reply = await client.get(PATH, headers=headers(Permission.READ))

    assert reply.status_code == 404
    assert reply.json()["code"] == "nothing-approved"


async def test_an_approved_snapshot_may_be_prepared(
    client: httpx.AsyncClient, database: Database
) -> None:
    await handle(database, an_approval(1))

    reply = (await client.get(PATH, headers=headers(Permission.READ))).json()

    assert reply["snapshot"] == {"id": str(UUID(int=1)), "digest": f"{1:064x}"}
    assert (reply["vm_count"], reply["tenant_count"]) == (324, 120)
    assert reply["approved_by"] == str(APPROVER)


@pytest.mark.parametrize("order", [(1, 2), (2, 1), (1, 2, 1, 2), (2, 2, 1)])
async def test_the_newest_approval_counts_however_they_are_delivered(
    client: httpx.AsyncClient, database: Database, order: tuple[int, ...]
) -> None:
    for number in order:
        await handle(database, an_approval(number))

    reply = (await client.get(PATH, headers=headers(Permission.READ))).json()

    assert reply["approval_number"] == 2
    assert reply["snapshot"]["digest"] == f"{2:064x}"


async def test_a_foreign_project_is_not_found(
    client: httpx.AsyncClient, database: Database
) -> None:
    await handle(database, an_approval(1))

    limited = headers(Permission.READ, projects=frozenset({OTHER}))

    assert (await client.get(PATH, headers=limited)).status_code == 404


async def test_until_the_tasks_are_listed_the_operation_says_how_far_it_is(
    client: httpx.AsyncClient, database: Database
) -> None:
    await handle(database, an_approval(1))

    preparation = (await client.get(PATH, headers=headers(Permission.READ))).json()
    operation = await client.get(preparation["operation"], headers=headers(Permission.READ))
    tasks = await client.get(f"{PATH}/tasks", headers=headers(Permission.READ))

    assert (preparation["run"], preparation["error"]) == (None, None)
    assert operation.json()["state"] == "queued"
    assert operation.json()["kind"] == "compile_preparation"
    assert tasks.status_code == 409
    assert tasks.json()["code"] == "preparation-not-compiled"


async def test_the_run_is_counted_by_kind(client: httpx.AsyncClient, bench: Workbench) -> None:
    await bench.compile(bench.planner.approves([*an_estate(), a_record(19, "Default")]))

    run = (await client.get(PATH, headers=headers(Permission.READ))).json()["run"]

    assert (run["state"], run["tasks"], run["blocked"]) == ("draft", 23, 7)
    assert [(kind["kind"], kind["stage"], kind["total"]) for kind in run["kinds"]] == [
        ("domain", 1, 4),
        ("project", 2, 4),
        ("quota", 3, 4),
        ("network", 4, 2),
        ("flavor", 5, 1),
        ("user", 6, 4),
        ("role", 7, 4),
    ]
    assert run["kinds"][0]["states"]["pending"] == 4
    assert run["kinds"][0]["blocked"] == 1


async def test_tasks_say_what_would_be_done_in_order(
    client: httpx.AsyncClient, bench: Workbench
) -> None:
    await bench.compile(bench.planner.approves([*an_estate(), a_record(19, "Default")]))

    first = (await client.get(f"{PATH}/tasks?limit=3", headers=headers(Permission.READ))).json()
    rest = await client.get(
        f"{PATH}/tasks?limit=500&cursor={first['next_cursor']}", headers=headers(Permission.READ)
    )

    positions = [task["position"] for task in first["items"] + rest.json()["items"]]
    assert positions == list(range(1, 24))
    assert rest.json()["next_cursor"] is None
    acme = first["items"][0]
    assert (acme["key"], acme["kind"], acme["stage"]) == ("domain:acme", "domain", 1)
    assert (acme["desired"], acme["defaults"]) == ({"name": "acme"}, ["name"])
    assert (acme["state"], acme["depends_on"], acme["blocker"]) == ("pending", [], None)


async def test_tasks_are_listed_by_kind_state_and_blocker(
    client: httpx.AsyncClient, bench: Workbench
) -> None:
    await bench.compile(bench.planner.approves([*an_estate(), a_record(19, "Default")]))

    async def keys(query: str) -> list[str]:
        reply = await client.get(f"{PATH}/tasks?{query}", headers=headers(Permission.READ))
        return [task["key"] for task in reply.json()["items"]]

    assert await keys("kind=domain&blocked=true") == ["domain:default"]
    assert await keys("kind=flavor&state=pending") == ["flavor:2x4096"]
    assert await keys("state=running") == []
    odd = await client.get(f"{PATH}/tasks?kind=subnet", headers=headers(Permission.READ))
    assert odd.status_code == 422


@pytest.mark.parametrize(
    "cursor", ["x", encode_cursor("other", 1), encode_cursor(UUID(int=1), 1), encode_cursor(1)]
)
async def test_a_foreign_cursor_is_refused(
    client: httpx.AsyncClient, bench: Workbench, cursor: str
) -> None:
    await bench.compile(bench.planner.approves(an_estate()))

    reply = await client.get(f"{PATH}/tasks?cursor={cursor}", headers=headers(Permission.READ))

    assert (reply.status_code, reply.json()["code"]) == (400, "invalid-cursor")


async def test_tasks_of_a_foreign_project_are_not_found(
    client: httpx.AsyncClient, bench: Workbench
) -> None:
    await bench.compile(bench.planner.approves(an_estate()))

    limited = headers(Permission.READ, projects=frozenset({OTHER}))

    assert (await client.get(f"{PATH}/tasks", headers=limited)).status_code == 404


async def test_without_the_permission_to_read_nothing_is_shown(client: httpx.AsyncClient) -> None:
    assert (await client.get(PATH, headers=headers())).status_code == 403


async def test_the_service_hears_of_an_approval_on_the_bus(
    service: Service, client: httpx.AsyncClient, platform_database: FreshDatabase
) -> None:

    bus = PostgresBus(platform_database.dsn(BUS))
    await bus.start()
    for hook in service.on_start:
        await hook()
    stop = asyncio.Event()
    consuming = asyncio.create_task(service.background["consumers"](stop))
    envelope = an_envelope(an_approval(3))

    message = Message(envelope.id, envelope.type, envelope.encode())
    assert await bus.publish([message, message]) == [None, None]

    async def is_there() -> bool:
        return (await client.get(PATH, headers=headers(Permission.READ))).status_code == 200

    await eventually(is_there, what="the preparation")
    stop.set()
    await consuming
    await bus.close()
