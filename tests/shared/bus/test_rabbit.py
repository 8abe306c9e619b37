"""What only RabbitMQ does."""

import asyncio
from collections.abc import Coroutine
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import aio_pika
import pytest
from structlog.testing import capture_logs

from shared.bus import topology as topology_module
from shared.bus.ports import Message, Refused, Unconfirmed
from shared.bus.rabbit import RabbitBus
from shared.bus.topology import (
    DEAD_EXCHANGE,
    EXCHANGE,
    TOPOLOGY,
    Subscription,
    Topology,
    dead_queue,
    dead_queue_arguments,
    queue_arguments,
)
from shared.testing.bus_probes import Recorder, consuming, published, started
from shared.testing.local_rabbit import LocalRabbit
from shared.testing.rabbit_server import RabbitServer
from shared.testing.waiting import eventually

ONE = Topology((Subscription("reader", "thing.happened"),))
QUEUE = ONE.subscriptions[0].queue


def a_message(body: bytes = b"{}") -> Message:
    return Message(uuid4(), "thing.happened", body)


def asked(server: RabbitServer, url: str, what: str) -> Any:
    """What the management API says of the virtual host of ``url``."""
    vhost = urlsplit(url).path.lstrip("/")
    answer = server.call("GET", f"/api/{what.replace('VHOST', vhost)}")
    answer.raise_for_status()
    return answer.json()


async def test_the_platforms_queues_are_declared_with_every_argument(
    rabbitmq: RabbitServer, rabbit_url: str
) -> None:
    async with started(RabbitBus(rabbit_url, declare=True)) as bus:
        assert await bus.healthy()

    queues = {queue["name"]: queue for queue in asked(rabbitmq, rabbit_url, "queues/VHOST")}
    expected = {}
    for subscription in TOPOLOGY.subscriptions:
        name = subscription.queue
        expected[name] = queue_arguments(name, TOPOLOGY)
        expected[dead_queue(name)] = dead_queue_arguments()
    assert {name: queue["arguments"] for name, queue in queues.items()} == expected
    assert all(queue["durable"] and queue["type"] == "quorum" for queue in queues.values())
    exchanges = {e["name"]: e for e in asked(rabbitmq, rabbit_url, "exchanges/VHOST")}
    assert (exchanges[EXCHANGE]["type"], exchanges[EXCHANGE]["durable"]) == ("topic", True)
    assert (exchanges[DEAD_EXCHANGE]["type"], exchanges[DEAD_EXCHANGE]["durable"]) == (
        "direct",
        True,
    )


async def test_without_the_right_to_declare_a_bus_waits_until_the_queues_are_there(
    rabbitmq: RabbitServer, rabbit_url: str
) -> None:
    async with started(RabbitBus(rabbit_url, declare=False, topology=ONE)) as checking:
        assert not await checking.healthy()
        assert [type(error) for error in await checking.publish([a_message()])] == [Unconfirmed]
        assert asked(rabbitmq, rabbit_url, "queues/VHOST") == []

        async with started(RabbitBus(rabbit_url, declare=True, topology=ONE)):
            await published(checking, a_message())


async def test_a_queue_that_exists_with_other_arguments_is_not_used(
    rabbit_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with started(RabbitBus(rabbit_url, declare=True, topology=ONE)) as bus:
        assert await bus.healthy()
    monkeypatch.setattr(topology_module, "MAX_QUEUE_LENGTH", 7)

    async with started(RabbitBus(rabbit_url, declare=True, topology=ONE)) as bus:
        assert not await bus.healthy()


async def test_a_full_queue_refuses_and_takes_more_when_it_has_room(
    rabbit_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(topology_module, "MAX_QUEUE_LENGTH", 3)
    async with started(RabbitBus(rabbit_url, declare=True, topology=ONE)) as bus:

        async def is_refused() -> bool:
            [error] = await bus.publish([a_message()])
            return isinstance(error, Refused)

        await eventually(is_refused)

        async with consuming(bus, QUEUE, Recorder()):
            await published(bus, a_message())


async def test_a_message_whose_id_is_not_ours_is_a_dead_letter_at_once(
    rabbitmq: RabbitServer, rabbit_url: str
) -> None:
    async with started(RabbitBus(rabbit_url, declare=True, topology=ONE)) as bus:
        connection = await aio_pika.connect(rabbit_url)
        async with connection:
            channel = await connection.channel()
            exchange = await channel.get_exchange(EXCHANGE)
            await exchange.publish(aio_pika.Message(b"what?", message_id="a-1"), "thing.happened")

        recorder = Recorder()
        async with consuming(bus, QUEUE, recorder):

            async def is_dead() -> bool:
                return await bus.dead_letter_count(QUEUE) == 1

            await eventually(is_dead)
        assert await bus.dead_letters(QUEUE) == []

    assert recorder.deliveries == []


async def test_a_consumer_whose_queue_was_deleted_resumes_when_it_is_back(
    rabbitmq: RabbitServer, rabbit_url: str
) -> None:
    vhost = urlsplit(rabbit_url).path.lstrip("/")
    recorder = Recorder()
    first, second = a_message(), a_message()
    async with (
        started(RabbitBus(rabbit_url, declare=True, topology=ONE)) as bus,
        consuming(bus, QUEUE, recorder),
    ):
        await published(bus, first)
        await recorder.has_seen([first])

        with capture_logs() as logs:
            path = f"/api/queues/{vhost}/{QUEUE}"
            deleted = await asyncio.to_thread(rabbitmq.call, "DELETE", path)
            deleted.raise_for_status()
            # Made again within milliseconds, 3.10 may forget to tell the consumer.
            await eventually(lambda: any("consumer lost" in log["event"] for log in logs))
        async with started(RabbitBus(rabbit_url, declare=True, topology=ONE)):
            await published(bus, second)
            await recorder.has_seen([second])


async def test_a_killed_broker_costs_no_confirmed_message_and_no_restart(
    own_rabbit: LocalRabbit,
) -> None:
    recorder = Recorder()
    async with started(RabbitBus(own_rabbit.server.url, declare=True, topology=ONE)) as bus:
        async with consuming(bus, QUEUE, recorder):
            before = [a_message() for _ in range(5)]
            await published(bus, *before)
            await recorder.has_seen(before)
        await asyncio.to_thread(own_rabbit.settle, QUEUE, dead_queue(QUEUE))
        waiting = [a_message() for _ in range(20)]
        await published(bus, *waiting)

        async with consuming(bus, QUEUE, recorder, prefetch=1):
            await asyncio.to_thread(own_rabbit.kill)
            during = a_message()
            [error] = await bus.publish([during])
            assert isinstance(error, Unconfirmed)
            assert not await bus.healthy()

            await asyncio.to_thread(own_rabbit.start)
            await published(bus, during)
            await recorder.has_seen([*waiting, during])


async def test_messages_published_while_the_broker_dies_are_confirmed_or_reported(
    own_rabbit: LocalRabbit,
) -> None:
    """What was confirmed is there after the restart; what is there without was reported unknown."""
    async with started(RabbitBus(own_rabbit.server.url, declare=True, topology=ONE)) as bus:
        await asyncio.to_thread(own_rabbit.settle, QUEUE, dead_queue(QUEUE))
        outcomes: dict[bytes, bool] = {}
        await publish_until_away(bus, outcomes, asyncio.to_thread(own_rabbit.kill))

        await asyncio.to_thread(own_rabbit.start)
        confirmed = {body for body, is_confirmed in outcomes.items() if is_confirmed}
        recorder = Recorder()
        last = a_message(b"last")
        await published(bus, last)
        async with consuming(bus, QUEUE, recorder):
            await recorder.has_seen([last])
        found = {delivery.message.body for delivery in recorder.deliveries}
        assert confirmed
        assert confirmed <= found
        assert found - {b"last"} <= set(outcomes)


async def publish_until_away(
    bus: RabbitBus, outcomes: dict[bytes, bool], kill: Coroutine[None, None, None]
) -> None:
    """Publish batch after batch while ``kill`` runs; note by body which were confirmed."""
    killing: asyncio.Task[None] | None = None
    while killing is None or not killing.done() or all(outcomes.values()):
        batch = [a_message(str(len(outcomes) + n).encode()) for n in range(10)]
        results = await bus.publish(batch)
        assert {type(error) for error in results} <= {type(None), Unconfirmed}
        outcomes |= {
            message.body: error is None for message, error in zip(batch, results, strict=True)
        }
        killing = killing or asyncio.create_task(kill)
        await asyncio.sleep(0)  # without a connection, publish answers at once
    await killing
