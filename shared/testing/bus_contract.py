"""What every bus must do: one suite, run against each (``tests/shared/bus/test_contract.py``).

A subclass provides the fixture ``broker``. Every test has queues of its own on it.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import uuid4

import pytest

from shared.bus.ports import (
    MAX_DELIVERIES,
    Bus,
    Delivery,
    Message,
    Permanent,
    Unconfirmed,
    Unroutable,
)
from shared.bus.topology import Subscription, Topology
from shared.testing.bus_probes import (
    Recorder,
    consuming,
    dead_messages,
    eventually_dead,
    everything_dies,
    published,
    started,
)
from shared.testing.proxy import Proxy
from shared.testing.waiting import eventually


class Broker(Protocol):
    """A running broker of one kind, reached through a proxy."""

    proxy: Proxy

    def bus(self, topology: Topology, *, drain_s: float = 10) -> Bus:
        """A bus over ``topology``, not yet started, whose connections go through the proxy."""
        ...


@pytest.fixture
def topology() -> Topology:
    """Two services that hear of ``thing.happened.<test>``, on exchanges of this test alone."""
    test = uuid4().hex[:12]
    event = f"thing.happened.{test}"
    return Topology(
        subscriptions=(Subscription(f"reader-{test}", event), Subscription(f"other-{test}", event)),
        exchange=f"test.{test}",
        dead_exchange=f"test.{test}.dead",
    )


@pytest.fixture
def queue(topology: Topology) -> str:
    """The queue that most tests look at."""
    return topology.subscriptions[0].queue


@pytest.fixture
async def bus(broker: Broker, topology: Topology) -> AsyncIterator[Bus]:
    """A bus at work."""
    async with started(broker.bus(topology)) as bus:
        yield bus


class BusContract:
    """The promises of :class:`shared.bus.ports.Bus`."""

    @pytest.fixture
    def a_message(self, topology: Topology) -> Callable[..., Message]:
        """Makes messages that the queues of the test are bound to."""

        def make(body: bytes = b"{}", *, type_: str | None = None, **headers: str) -> Message:
            return Message(uuid4(), type_ or topology.subscriptions[0].event, body, headers)

        return make

    async def test_a_message_arrives_as_it_was_published(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        message = a_message(bytes(range(256)) * 300, correlationid="a-1", note="größer")

        assert await bus.publish([message]) == [None]

        recorder = Recorder()
        async with consuming(bus, queue, recorder):
            await recorder.has_seen([message])
        assert [Delivery(message, queue, 1)] == recorder.deliveries

    async def test_an_unroutable_message_is_an_error_and_the_others_are_published(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        good = a_message()
        nobodys = a_message(type_="nobody.listens")

        results = await bus.publish([nobodys, good, nobodys])

        assert [Unroutable, type(None), Unroutable] == [type(result) for result in results]
        recorder = Recorder()
        async with consuming(bus, queue, recorder):
            await recorder.has_seen([good])

    async def test_publishing_nothing_gives_no_results(self, bus: Bus) -> None:
        assert await bus.publish([]) == []

    async def test_every_subscription_gets_its_own_copy(
        self, bus: Bus, topology: Topology, a_message: Callable[..., Message]
    ) -> None:
        message = a_message()
        await published(bus, message)

        for subscription in topology.subscriptions:
            recorder = Recorder()
            async with consuming(bus, subscription.queue, recorder):
                await recorder.has_seen([message])

    async def test_a_handled_message_is_not_delivered_again(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        first, second = a_message(), a_message()
        recorder = Recorder()
        await published(bus, first)
        async with consuming(bus, queue, recorder):
            await recorder.has_seen([first])

        await published(bus, second)
        async with consuming(bus, queue, recorder):
            await recorder.has_seen([second])

        assert [first.id, second.id] == recorder.ids

    async def test_a_message_published_twice_is_delivered_twice_with_one_id(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        message = a_message()
        await published(bus, message)
        await published(bus, message, message)

        recorder = Recorder()
        async with consuming(bus, queue, recorder):
            await eventually(lambda: len(recorder.deliveries) == 3)

        assert {message.id} == set(recorder.ids)

    async def test_a_message_whose_handler_failed_is_delivered_again(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        message = a_message()
        await published(bus, message)

        async def fail_once(delivery: Delivery) -> None:
            if delivery.delivery_count == 1:
                raise OSError("not this time")

        recorder = Recorder(fail_once)
        async with consuming(bus, queue, recorder):
            await eventually(lambda: len(recorder.deliveries) == 2)

        assert [Delivery(message, queue, 1), Delivery(message, queue, 2)] == recorder.deliveries
        assert await bus.dead_letters(queue) == []

    async def test_a_poison_message_dies_after_six_deliveries_and_the_others_flow(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        poison, good = a_message(b"poison", correlationid="p-1"), a_message()
        await published(bus, poison, good)

        async def choke(delivery: Delivery) -> None:
            if delivery.message.id == poison.id:
                raise ValueError("cannot swallow this")

        recorder = Recorder(choke)
        async with consuming(bus, queue, recorder, prefetch=1):
            letters = await eventually(lambda: bus.dead_letters(queue))
            await recorder.has_seen([good])

        counts = [d.delivery_count for d in recorder.deliveries if d.message.id == poison.id]
        assert list(range(1, MAX_DELIVERIES + 1)) == counts
        assert [poison] == [letter.message for letter in letters]
        assert [letter.reason for letter in letters] == ["delivery_limit"]
        assert recorder.ids.count(good.id) == 1

    async def test_a_permanent_failure_is_a_dead_letter_at_once(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        message = a_message(b"unreadable")
        await published(bus, message)

        async def refuse(_: Delivery) -> None:
            raise Permanent("not an event")

        recorder = Recorder(refuse)
        async with consuming(bus, queue, recorder):
            letters = await eventually(lambda: bus.dead_letters(queue))

        assert [message] == [letter.message for letter in letters]
        assert [letter.reason for letter in letters] == ["rejected"]
        assert abs(letters[0].died_at - datetime.now(UTC)) < timedelta(minutes=5)
        assert [message.id] == recorder.ids

    async def test_dead_letters_stay_when_they_are_looked_at(
        self, bus: Bus, queue: str, topology: Topology, a_message: Callable[..., Message]
    ) -> None:
        messages = [a_message(str(n).encode()) for n in range(5)]
        await published(bus, *messages)
        await everything_dies(bus, queue, len(messages))

        assert messages == await dead_messages(bus, queue)
        assert messages == await dead_messages(bus, queue)
        assert messages[:2] == await dead_messages(bus, queue, limit=2)
        assert await bus.dead_letter_count(queue) == len(messages)
        assert await bus.dead_letter_count(topology.subscriptions[1].queue) == 0

    async def test_a_replayed_dead_letter_is_delivered_again_as_if_new(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        messages = [a_message(str(n).encode(), correlationid=f"c-{n}") for n in range(4)]
        await published(bus, *messages)
        await everything_dies(bus, queue, len(messages))
        chosen = [messages[1], messages[3]]

        results = await bus.replay(queue, {message.id for message in chosen} | {uuid4()})

        assert results == dict.fromkeys((message.id for message in chosen), None)
        assert [messages[0], messages[2]] == await dead_messages(bus, queue)
        recorder = Recorder()
        async with consuming(bus, queue, recorder, prefetch=1):
            await recorder.has_seen(chosen)
        assert [Delivery(message, queue, 1) for message in chosen] == recorder.deliveries

    async def test_a_replay_takes_each_letter_once_though_it_dies_again_meanwhile(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        messages = [a_message(str(n).encode()) for n in range(10)]
        await published(bus, *messages)
        await everything_dies(bus, queue, len(messages))

        async def refuse(_: Delivery) -> None:
            raise Permanent("still")

        recorder = Recorder(refuse)
        async with consuming(bus, queue, recorder):
            results = await bus.replay(queue, {message.id for message in messages})
            await recorder.has_seen(messages)

        assert results == dict.fromkeys((message.id for message in messages), None)
        assert sorted(recorder.ids) == sorted(message.id for message in messages)
        await eventually_dead(bus, queue, len(messages))

    async def test_only_the_queue_that_gave_up_gets_a_replayed_message(
        self, bus: Bus, queue: str, topology: Topology, a_message: Callable[..., Message]
    ) -> None:
        other = topology.subscriptions[1].queue
        message = a_message()
        await published(bus, message)
        await everything_dies(bus, queue, 1)
        await everything_dies(bus, other, 1)

        await bus.replay(queue, {message.id})

        recorder = Recorder()
        async with consuming(bus, queue, recorder), consuming(bus, other, recorder):
            await recorder.has_seen([message])
        assert [delivery.queue for delivery in recorder.deliveries] == [queue]
        assert await bus.dead_letter_count(other) == 1

    async def test_a_replayed_message_that_fails_again_is_a_dead_letter_again(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        message = a_message()
        await published(bus, message)
        await everything_dies(bus, queue, 1)
        await bus.replay(queue, {message.id})
        assert await bus.dead_letter_count(queue) == 0
        await everything_dies(bus, queue, 1)

        assert [message] == await dead_messages(bus, queue)

    async def test_one_consumer_sees_the_order_of_publishing(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        messages = [a_message(str(n).encode()) for n in range(40)]
        recorder = Recorder()
        async with consuming(bus, queue, recorder, prefetch=1):
            for message in messages[:20]:
                await published(bus, message)
            await published(bus, *messages[20:])
            await recorder.has_seen(messages)

        assert [message.id for message in messages] == recorder.ids
        assert recorder.most_running == 1

    async def test_no_more_handlers_run_at_once_than_prefetched(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        messages = [a_message() for _ in range(12)]
        await published(bus, *messages)
        gate = asyncio.Event()
        recorder = Recorder(lambda _: _forget(gate.wait()))

        async with consuming(bus, queue, recorder, prefetch=4):
            await eventually(lambda: recorder.running == 4)
            gate.set()
            await recorder.has_seen(messages)

        assert recorder.most_running == 4
        assert len(messages) == len(recorder.deliveries)

    async def test_two_consumers_share_a_queue(
        self, bus: Bus, broker: Broker, topology: Topology, a_message: Callable[..., Message]
    ) -> None:
        queue = topology.subscriptions[0].queue
        messages = [a_message() for _ in range(10)]
        gate = asyncio.Event()
        one, two = (Recorder(lambda _: _forget(gate.wait())) for _ in range(2))
        async with (
            started(broker.bus(topology)) as second_bus,
            consuming(bus, queue, one, prefetch=2),
            consuming(second_bus, queue, two, prefetch=2),
        ):
            await published(bus, *messages)
            await eventually(lambda: one.running == 2 and two.running == 2)
            gate.set()
            await eventually(lambda: len(one.ids) + len(two.ids) == len(messages))

        assert Counter(message.id for message in messages) == Counter(one.ids + two.ids)

    async def test_messages_survive_a_new_bus(
        self, broker: Broker, topology: Topology, a_message: Callable[..., Message]
    ) -> None:
        queue = topology.subscriptions[0].queue
        messages = [a_message() for _ in range(3)]
        async with started(broker.bus(topology)) as bus:
            await published(bus, *messages)

        recorder = Recorder()
        async with started(broker.bus(topology)) as bus, consuming(bus, queue, recorder):
            await recorder.has_seen(messages)

    async def test_a_cancelled_consumer_finishes_what_it_handles_and_gives_back_the_rest(
        self, bus: Bus, queue: str, a_message: Callable[..., Message]
    ) -> None:
        messages = [a_message() for _ in range(5)]
        await published(bus, *messages)
        gate = asyncio.Event()
        first = Recorder(lambda _: _forget(gate.wait()))

        consumer = asyncio.create_task(bus.consume(queue, first, prefetch=2))
        await eventually(lambda: first.running == 2)
        consumer.cancel()
        await asyncio.wait({consumer}, timeout=0.3)
        assert not consumer.done(), "the consumer did not wait for its handlers"
        gate.set()
        await asyncio.wait({consumer})

        assert consumer.cancelled()
        second = Recorder()
        async with consuming(bus, queue, second):
            await second.has_seen(messages[2:])
        assert [message.id for message in messages] == first.ids + second.ids
        assert {1} == {d.delivery_count for d in first.deliveries}

    async def test_a_handler_that_does_not_end_is_cancelled_and_its_message_comes_back(
        self, broker: Broker, topology: Topology, a_message: Callable[..., Message]
    ) -> None:
        queue = topology.subscriptions[0].queue
        message = a_message()
        stuck = Recorder(lambda _: _forget(asyncio.Event().wait()))
        async with started(broker.bus(topology, drain_s=0.1)) as bus:
            await published(bus, message)
            async with consuming(bus, queue, stuck):
                await stuck.has_seen([message])
            assert stuck.running == 0

            recorder = Recorder()
            async with consuming(bus, queue, recorder):
                await recorder.has_seen([message])

    async def test_a_consumer_resumes_after_its_connection_was_lost(
        self, bus: Bus, broker: Broker, queue: str, a_message: Callable[..., Message]
    ) -> None:
        before, after = a_message(), a_message()
        recorder = Recorder()
        async with consuming(bus, queue, recorder):
            await published(bus, before)
            await recorder.has_seen([before])
            broker.proxy.cut()
            await published(bus, after)
            await recorder.has_seen([after])

    async def test_a_message_at_work_when_the_connection_is_lost_comes_again(
        self, bus: Bus, broker: Broker, queue: str, a_message: Callable[..., Message]
    ) -> None:
        message = a_message()
        await published(bus, message)
        gate = asyncio.Event()

        async def wait_the_first_time(_: Delivery) -> None:
            if len(recorder.deliveries) == 1:
                await gate.wait()

        recorder = Recorder(wait_the_first_time)
        async with consuming(bus, queue, recorder):
            await recorder.has_seen([message])
            broker.proxy.cut()
            await eventually(lambda: len(recorder.deliveries) == 2, within_s=30)
            assert recorder.running, "the handler was stopped half-way"
            gate.set()

        assert [message.id, message.id] == recorder.ids

    async def test_prefetch_holds_across_a_lost_connection(
        self, bus: Bus, broker: Broker, queue: str, a_message: Callable[..., Message]
    ) -> None:
        messages = [a_message() for _ in range(6)]
        gate = asyncio.Event()
        recorder = Recorder(lambda _: _forget(gate.wait()))
        async with consuming(bus, queue, recorder, prefetch=2):
            await published(bus, *messages)
            await eventually(lambda: recorder.running == 2)
            broker.proxy.cut()
            await eventually(bus.healthy, within_s=30)
            gate.set()
            await recorder.has_seen(messages)

        assert recorder.most_running == 2

    async def test_publishing_while_the_broker_is_away_is_unconfirmed_and_works_again_after(
        self, bus: Bus, broker: Broker, queue: str, a_message: Callable[..., Message]
    ) -> None:
        message, other = a_message(), a_message()
        broker.proxy.refuse()

        results = await bus.publish([message, other])

        assert [Unconfirmed, Unconfirmed] == [type(result) for result in results]
        assert not await bus.healthy()
        broker.proxy.accept()
        await published(bus, message)
        assert await bus.healthy()

    async def test_a_lost_confirm_is_unconfirmed_although_the_message_is_there(
        self, bus: Bus, broker: Broker, queue: str, a_message: Callable[..., Message]
    ) -> None:
        earlier, message = a_message(), a_message()
        await published(bus, earlier)
        broker.proxy.swallow_replies()
        publishing = asyncio.create_task(bus.publish([message]))
        await asyncio.wait({publishing}, timeout=0.5)
        assert not publishing.done()
        broker.proxy.cut()

        results = await publishing

        assert [Unconfirmed] == [type(result) for result in results]
        broker.proxy.accept()
        recorder = Recorder()
        async with consuming(bus, queue, recorder):
            await recorder.has_seen([message])

    async def test_a_bus_starts_without_its_broker_and_connects_later(
        self, broker: Broker, topology: Topology, a_message: Callable[..., Message]
    ) -> None:
        queue = topology.subscriptions[0].queue
        message = a_message()
        broker.proxy.refuse()
        recorder = Recorder()
        async with started(broker.bus(topology)) as bus, consuming(bus, queue, recorder):
            assert not await bus.healthy()
            assert [Unconfirmed] == [type(result) for result in await bus.publish([message])]

            broker.proxy.accept()
            await published(bus, message)
            await recorder.has_seen([message])


async def _forget(answer: Awaitable[object]) -> None:
    await answer
