"""Somebody outside may hear the platform's facts with the documented permissions, and no more."""

import ast
import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path

import aio_pika
import pytest
from aio_pika.abc import AbstractConnection, AbstractQueue
from aiormq.exceptions import ChannelAccessRefused

from shared.bus.ports import Message
from shared.bus.rabbit import RabbitBus
from shared.bus.topology import EXCHANGE, SUBSCRIPTIONS, dead_queue
from shared.contracts.envelope import Envelope
from shared.contracts.events import event_facts
from shared.testing.rabbit_server import RabbitServer
from shared.testing.waiting import eventually
from tests.support.subscriber_process import (
    PROGRAM,
    QUEUE,
    ROOT,
    documented_permissions,
    running_subscriber,
)

CONTRACT = ROOT / "docs" / "events" / "README.md"
EXAMPLE = PROGRAM.with_name("README.md")
ENVELOPES = [Envelope.model_validate(event.example) for event in event_facts()]
MESSAGES = [Message(e.id, e.type, e.encode()) for e in ENVELOPES]


@pytest.fixture
async def bus(rabbit_url: str) -> AsyncIterator[RabbitBus]:
    """The platform's side: its exchange and queues are there."""
    bus = RabbitBus(rabbit_url, declare=True)
    await bus.start()
    yield bus
    await bus.close()


@pytest.fixture
def outsider_url(rabbitmq: RabbitServer, rabbit_url: str, bus: RabbitBus) -> Iterator[str]:
    """A user of the broker with the documented permissions."""
    with rabbitmq.user(rabbit_url, **documented_permissions(CONTRACT)) as url:
        yield url


@pytest.fixture
async def outsider(outsider_url: str) -> AsyncIterator[AbstractConnection]:
    """That user, connected."""
    async with await aio_pika.connect(outsider_url) as connection:
        yield connection


async def test_the_subscriber_prints_each_event_once(
    bus: RabbitBus, outsider_url: str, tmp_path: Path
) -> None:
    with running_subscriber(outsider_url, tmp_path) as subscriber:
        await asyncio.to_thread(subscriber.listens)

        results = await bus.publish(MESSAGES) + await bus.publish(MESSAGES[:1])

        assert results == [None] * (len(MESSAGES) + 1)
        await eventually(
            lambda: len(subscriber.printed()) == len(MESSAGES), within_s=20, what="a line for each"
        )
    printed = {event["id"]: event for event in subscriber.printed()}
    assert sorted(printed) == sorted(str(envelope.id) for envelope in ENVELOPES)
    assert subscriber.process.returncode == 0, subscriber.log
    for envelope in ENVELOPES:
        event = printed[str(envelope.id)]
        assert event["type"] == envelope.type
        assert event["subject"] == envelope.subject
        assert event["data"] == envelope.data


async def test_what_happens_while_the_subscriber_is_away_is_printed_when_it_is_back(
    bus: RabbitBus, outsider_url: str, tmp_path: Path
) -> None:
    with running_subscriber(outsider_url, tmp_path) as subscriber:
        await asyncio.to_thread(subscriber.listens)
    assert await bus.publish(MESSAGES[:2]) == [None, None]

    with running_subscriber(outsider_url, tmp_path) as subscriber:
        await eventually(lambda: len(subscriber.printed()) == 2, within_s=20, what="two lines")


async def test_a_queue_outside_its_prefix_is_refused_with_a_word_on_what_to_do(
    outsider_url: str, tmp_path: Path
) -> None:
    with running_subscriber(outsider_url, tmp_path, queue="planner.own") as subscriber:
        await eventually(lambda: subscriber.process.poll() is not None, within_s=20)
    assert subscriber.process.returncode == 1
    assert "permissions in README.md" in subscriber.log


async def test_an_outsider_cannot_publish(outsider: AbstractConnection) -> None:
    forged = aio_pika.Message(MESSAGES[0].body)
    channel = await outsider.channel()
    exchange = await channel.get_exchange(EXCHANGE, ensure=False)
    with pytest.raises(ChannelAccessRefused):
        await exchange.publish(forged, MESSAGES[0].type)

    channel = await outsider.channel()
    with pytest.raises(ChannelAccessRefused):
        await channel.default_exchange.publish(forged, SUBSCRIPTIONS[0].queue)


QUEUES = [SUBSCRIPTIONS[0].queue, dead_queue(SUBSCRIPTIONS[0].queue)]
TOUCHES: dict[str, Callable[[AbstractQueue], Awaitable[object]]] = {
    "consume": lambda queue: queue.consume(print),
    "get": lambda queue: queue.get(fail=False),
    "purge": lambda queue: queue.purge(),
    "delete": lambda queue: queue.delete(if_empty=False, if_unused=False),
    "bind": lambda queue: queue.bind(EXCHANGE, routing_key="#"),
}


async def test_an_outsider_cannot_touch_a_queue_of_the_platform(
    outsider: AbstractConnection,
) -> None:
    for queue in QUEUES:
        for touch in TOUCHES.values():
            channel = await outsider.channel()  # a refusal closes it
            theirs = await channel.get_queue(queue, ensure=False)
            with pytest.raises(ChannelAccessRefused):
                await touch(theirs)


async def test_an_outsider_cannot_make_its_dead_letters_ours(
    outsider: AbstractConnection,
) -> None:
    channel = await outsider.channel()
    with pytest.raises(ChannelAccessRefused):
        await channel.declare_queue(
            f"{QUEUE}.forged", arguments={"x-dead-letter-exchange": EXCHANGE}
        )


def test_both_documents_name_the_same_permissions() -> None:
    assert documented_permissions(CONTRACT) == documented_permissions(EXAMPLE)
    assert set(documented_permissions(CONTRACT)) == {"configure", "write", "read"}


def test_the_subscriber_imports_nothing_of_ours() -> None:
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    imported = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert imported.isdisjoint({"services", "shared", "cli", "tests"})
