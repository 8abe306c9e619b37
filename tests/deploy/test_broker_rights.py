"""On a real broker: a login can do its service's work, and nothing else."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel, AbstractConnection
from aiormq.exceptions import ChannelAccessRefused

from services import SERVICES
from services.__main__ import main
from services.credentials import rights_of
from shared.bus.ports import Delivery, Message, Permanent, Unconfirmed
from shared.bus.rabbit import RabbitBus, declare_topology
from shared.bus.rights import STATES, service_rights, topology_rights
from shared.bus.topology import (
    DEAD_EXCHANGE,
    EXCHANGE,
    SUBSCRIPTIONS,
    dead_queue,
)
from shared.contracts.assessment import AssessmentCompleted
from shared.contracts.inventory import InventoryImported
from shared.contracts.plan import PlanApproved
from shared.kernel.errors import Unavailable
from shared.testing.bus_probes import Recorder, consuming, everything_dies, started
from shared.testing.service_process import ServiceProcess
from shared.testing.waiting import eventually
from tests.deploy.conftest import Broker

QUEUES = [subscription.queue for subscription in SUBSCRIPTIONS]
NAMES = [EXCHANGE, DEAD_EXCHANGE, *QUEUES, *map(dead_queue, QUEUES)]
NEIGHBOURS = [
    "",
    "amq.default",
    "migplan",
    "migplan.events2",
    "migplanXevents",
    "other.migplan.events",
    *(f"{queue}.dead.dead" for queue in QUEUES),
    *(f"x{queue}" for queue in QUEUES),
    *(queue.replace(".", "X") for queue in QUEUES),
]


def admitted(expression: str) -> set[str]:
    """The names that the broker would let through; it searches, it does not match in full."""
    return {name for name in [*NAMES, *NEIGHBOURS] if re.search(expression, name)}


def test_the_topology_login_may_touch_what_the_topology_names_and_nothing_more() -> None:
    rights = topology_rights()
    assert admitted(rights.configure) == admitted(rights.read) == set(NAMES)
    # Replaying goes to one queue, through the exchange that permissions call by this name.
    assert admitted(rights.write) == {*NAMES, "amq.default"}


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_configures_nothing_states_its_facts_and_reads_its_queues(service: str) -> None:
    rights = service_rights(service)
    own = {s.queue for s in SUBSCRIPTIONS if s.service == service}

    assert admitted(rights.configure) <= {""}
    assert admitted(rights.write) - {""} == ({EXCHANGE} if service in STATES else set())
    assert admitted(rights.read) - {""} == own | {dead_queue(queue) for queue in own}
    facts = {fact for stated in STATES.values() for fact in stated}
    assert {fact for fact in facts if re.search(rights.publish, fact)} == set(
        STATES.get(service, ())
    )


def test_nobody_else_may_do_anything() -> None:
    rights = rights_of("autoscaler")
    assert all(
        admitted(expression) <= {""}
        for expression in (rights.configure, rights.write, rights.read, rights.publish)
    )


async def test_the_topology_command_makes_what_services_without_rights_wait_for(
    broker: Broker, tmp_path: Path
) -> None:
    async with (
        started(RabbitBus(broker.urls["assessment"], declare=False)) as bus,
        ServiceProcess(
            "topology",
            folder=tmp_path,
            env={"MIGPLAN_TOPOLOGY_BUS_URL": broker.urls["topology"]},
        ) as command,
    ):
        assert await command.exited() == 0, command.log_tail()
        await eventually(bus.healthy, within_s=15)


async def test_the_topology_command_may_be_repeated(broker: Broker) -> None:
    await declare_topology(broker.urls["topology"])
    await declare_topology(broker.urls["topology"])


@pytest.mark.parametrize("address", [None, "postgresql://somebody@host/db"])
def test_without_a_broker_s_address_the_topology_command_says_what_is_missing(
    address: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MIGPLAN_TOPOLOGY_BUS_URL", raising=False)
    if address is not None:
        monkeypatch.setenv("MIGPLAN_TOPOLOGY_BUS_URL", address)
    with pytest.raises(SystemExit, match="MIGPLAN_TOPOLOGY_BUS_URL is not set, or is not amqp"):
        main(["topology"])


async def test_a_login_that_may_not_declare_is_told_so(broker: Broker) -> None:
    with pytest.raises(Unavailable, match=r"access to exchange .* refused"):
        await declare_topology(broker.urls["ingest"], within_s=0.5)


async def test_a_fact_travels_between_logins_that_declare_nothing(declared: Broker) -> None:
    fact = Message(uuid4(), InventoryImported.TYPE, b"{}")
    recorder = Recorder()
    async with (
        started(RabbitBus(declared.urls["ingest"], declare=False)) as ingest,
        started(RabbitBus(declared.urls["assessment"], declare=False)) as assessment,
        consuming(assessment, "assessment.inventory.imported", recorder),
    ):
        assert await ingest.publish([fact]) == [None]
        await eventually(lambda: recorder.ids == [fact.id])


@pytest.fixture
async def empty(broker: Broker) -> Broker:
    """As ``declared``, for one test: what dies on it is that test's."""
    await declare_topology(broker.urls["topology"])
    return broker


async def test_what_a_service_gives_up_on_becomes_a_dead_letter_that_it_may_look_at(
    empty: Broker,
) -> None:
    fact = Message(uuid4(), InventoryImported.TYPE, b"{}")

    async def refuse(_: Delivery) -> None:
        raise Permanent("never")

    queue = "assessment.inventory.imported"
    async with (
        started(RabbitBus(empty.urls["ingest"], declare=False)) as ingest,
        started(RabbitBus(empty.urls["assessment"], declare=False)) as assessment,
        consuming(assessment, queue, refuse),
    ):
        assert await ingest.publish([fact]) == [None]

        async def is_dead() -> bool:
            return await assessment.dead_letter_count(queue) == 1

        await eventually(is_dead)
        assert [letter.message.id for letter in await assessment.dead_letters(queue)] == [fact.id]

        (refused,) = (await assessment.replay(queue, {fact.id})).values()
        assert isinstance(refused, Unconfirmed)
        await eventually(assessment.healthy, within_s=15)
        await eventually(is_dead)


async def test_the_topology_s_login_may_replay_what_a_service_gave_up_on(empty: Broker) -> None:
    fact = Message(uuid4(), InventoryImported.TYPE, b"{}")
    queue = "assessment.inventory.imported"
    recorder = Recorder()
    async with (
        started(RabbitBus(empty.urls["ingest"], declare=False)) as ingest,
        started(RabbitBus(empty.urls["assessment"], declare=False)) as assessment,
        started(RabbitBus(empty.urls["topology"], declare=False)) as operator,
    ):
        assert await ingest.publish([fact]) == [None]
        await everything_dies(assessment, queue, 1)

        assert await operator.replay(queue, {fact.id}) == {fact.id: None}

        async with consuming(assessment, queue, recorder):
            await eventually(lambda: recorder.ids == [fact.id])


@asynccontextmanager
async def channel(url: str) -> AsyncIterator[AbstractChannel]:
    """A channel with confirms."""
    connection: AbstractConnection = await aio_pika.connect(url)
    async with connection:
        yield await connection.channel()


async def publish(channel: AbstractChannel, exchange: str, key: str) -> None:
    target = await channel.get_exchange(exchange, ensure=False)
    await target.publish(aio_pika.Message(json.dumps({}).encode()), routing_key=key)


async def read(channel: AbstractChannel, queue: str) -> None:
    await (await channel.get_queue(queue, ensure=False)).get(fail=False)


Attempt = Callable[[AbstractChannel], Awaitable[object]]

FORBIDDEN: dict[str, tuple[str, Attempt]] = {
    "state a fact of another": (
        "ingest",
        lambda c: publish(c, EXCHANGE, PlanApproved.TYPE),
    ),
    "state a fact as the gateway": (
        "gateway",
        lambda c: publish(c, EXCHANGE, InventoryImported.TYPE),
    ),
    "state a fact as the exporter": (
        "exporter",
        lambda c: publish(c, EXCHANGE, AssessmentCompleted.TYPE),
    ),
    "go round the exchange": (
        "ingest",
        lambda c: publish(c, "amq.topic", InventoryImported.TYPE),
    ),
    "forge a dead letter": (
        "planner",
        lambda c: publish(c, DEAD_EXCHANGE, "planner.assessment.completed"),
    ),
    "read another's queue": (
        "assessment",
        lambda c: read(c, "planner.assessment.completed"),
    ),
    "read another's dead letters": (
        "planner",
        lambda c: read(c, "provisioner.plan.approved.dead"),
    ),
    "read anything as the autoscaler": (
        "autoscaler",
        lambda c: read(c, "planner.assessment.completed"),
    ),
    "make a queue": ("ingest", lambda c: c.declare_queue("mine")),
    "empty its own queue for good": (
        "planner",
        lambda c: c.queue_delete("planner.assessment.completed"),
    ),
    "make a queue as the topology's login that is not in the topology": (
        "topology",
        lambda c: c.declare_queue("mine"),
    ),
}


@pytest.mark.parametrize("what", FORBIDDEN)
async def test_the_broker_refuses_to(declared: Broker, what: str) -> None:
    login, attempt = FORBIDDEN[what]
    async with channel(declared.urls[login]) as opened:
        with pytest.raises(ChannelAccessRefused):
            await asyncio.wait_for(attempt(opened), 10)


async def test_a_login_without_rights_may_ask_how_long_a_queue_is(declared: Broker) -> None:
    async with channel(declared.urls["autoscaler"]) as opened:
        queue = await opened.declare_queue("planner.assessment.completed", passive=True)
        assert queue.declaration_result.message_count == 0
