"""How tests use a bus: start it, publish and be sure, consume and remember, let messages die."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from uuid import UUID

from shared.bus.ports import Bus, Delivery, Handler, Message, Permanent
from shared.testing.waiting import eventually


@asynccontextmanager
async def started(bus: Bus) -> AsyncIterator[Bus]:
    """``bus``, from its start to its close."""
    await bus.start()
    try:
        yield bus
    finally:
        await bus.close()


async def dead_messages(bus: Bus, queue: str, *, limit: int | None = None) -> list[Message]:
    """The messages of the dead letters of ``queue``."""
    return [letter.message for letter in await bus.dead_letters(queue, limit=limit)]


async def eventually_dead(bus: Bus, queue: str, count: int) -> None:
    """Wait until ``queue`` has ``count`` dead letters; those that are looked at do not count."""

    async def are_dead() -> bool:
        return await bus.dead_letter_count(queue) == count

    await eventually(are_dead)


async def everything_dies(bus: Bus, queue: str, count: int) -> None:
    """Refuse all that is in ``queue`` for good, until it has ``count`` dead letters."""

    async def refuse(_: Delivery) -> None:
        raise Permanent("never")

    async with consuming(bus, queue, refuse, prefetch=1):
        await eventually_dead(bus, queue, count)


@asynccontextmanager
async def consuming(
    bus: Bus, queue: str, handler: Handler, *, prefetch: int = 16
) -> AsyncIterator[asyncio.Task[None]]:
    """A consumer at work inside the block, cancelled at its end."""
    consumer = asyncio.create_task(bus.consume(queue, handler, prefetch=prefetch))
    try:
        yield consumer
    finally:
        consumer.cancel()
        with suppress(asyncio.CancelledError):
            await consumer


async def published(bus: Bus, *messages: Message) -> None:
    """Publish, and again until the bus has confirmed, as the relay does."""

    async def confirmed() -> bool:
        return await bus.publish(messages) == [None] * len(messages)

    await eventually(confirmed, within_s=30)


class Recorder:
    """A handler that writes down what it gets, then does what the test asks."""

    def __init__(self, then: Callable[[Delivery], Awaitable[None]] | None = None) -> None:
        self.deliveries: list[Delivery] = []
        self.running = 0
        self.most_running = 0
        self._then = then

    async def __call__(self, delivery: Delivery) -> None:
        self.deliveries.append(delivery)
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            if self._then is not None:
                await self._then(delivery)
        finally:
            self.running -= 1

    @property
    def ids(self) -> list[UUID]:
        """Ids of the messages in the order of their deliveries."""
        return [delivery.message.id for delivery in self.deliveries]

    async def has_seen(self, messages: Sequence[Message]) -> None:
        """Wait until each of ``messages`` has been delivered at least once."""
        wanted = {message.id for message in messages}
        await eventually(lambda: wanted <= set(self.ids), within_s=30, what="delivery")
