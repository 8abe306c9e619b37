"""A bus on a bad day: everything that at-least-once delivery allows, from a seed."""

import asyncio
import random
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from shared.bus.ports import (
    DEFAULT_PREFETCH,
    MAX_DELIVERIES,
    Bus,
    DeadLetter,
    Delivery,
    Handler,
    Message,
    PublishError,
    Unconfirmed,
)

_LONGEST_DELAY_S: Final = 0.02


class ChaosBus:
    """Wraps a bus. Until :meth:`calm`, with the probability ``rate`` each:

    - a message is not published, or published and its confirm lost: both are Unconfirmed;
    - a message is published twice;
    - a batch is published in another order;
    - a delivery is late, so that others pass it;
    - a delivery is given to the handler twice;
    - a delivery is lost before its handler ran, or after: it comes again.

    The same seed decides in the same order; what runs at once may still interleave differently.
    """

    def __init__(self, bus: Bus, *, seed: int, rate: float = 0.15) -> None:
        self._bus = bus
        self._random = random.Random(seed)
        self._rate = rate

    def calm(self) -> None:
        """From now on nothing bad happens."""
        self._rate = 0

    def _unlucky(self) -> bool:
        return self._random.random() < self._rate

    async def start(self) -> None:
        """As the bus inside."""
        await self._bus.start()

    async def close(self) -> None:
        """As the bus inside."""
        await self._bus.close()

    async def publish(self, messages: Sequence[Message]) -> list[PublishError | None]:
        """Publish, lose, repeat, reorder."""
        order = list(range(len(messages)))
        if self._unlucky():
            self._random.shuffle(order)
        sent = [position for position in order if not self._unlucky()]
        repeated = [position for position in sent if self._unlucky()]
        results: list[PublishError | None] = [Unconfirmed("lost by chaos") for _ in messages]
        outcomes = await self._bus.publish([messages[position] for position in sent + repeated])
        for position, outcome in zip(sent + repeated, outcomes, strict=True):
            results[position] = Unconfirmed("confirm lost by chaos") if self._unlucky() else outcome
        return results

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = DEFAULT_PREFETCH
    ) -> None:
        """Deliver late, twice, or in vain."""

        async def unreliable(delivery: Delivery) -> None:
            if self._unlucky():
                await asyncio.sleep(self._random.uniform(0, _LONGEST_DELAY_S))
            # A message that chaos alone kills would be a dead letter, which no bad day makes.
            may_lose = delivery.delivery_count < MAX_DELIVERIES - 2
            if may_lose and self._unlucky():
                raise ConnectionAbortedError("delivery lost by chaos")
            await handler(delivery)
            if self._unlucky():
                await handler(delivery)
            if may_lose and self._unlucky():
                raise ConnectionAbortedError("acknowledgement lost by chaos")

        await self._bus.consume(queue, unreliable, prefetch=prefetch)

    async def dead_letters(self, queue: str, *, limit: int | None = None) -> list[DeadLetter]:
        """As the bus inside."""
        return await self._bus.dead_letters(queue, limit=limit)

    async def replay(self, queue: str, ids: Collection[UUID]) -> dict[UUID, PublishError | None]:
        """As the bus inside."""
        return await self._bus.replay(queue, ids)

    async def dead_letter_count(self, queue: str) -> int:
        """As the bus inside."""
        return await self._bus.dead_letter_count(queue)

    async def healthy(self) -> bool:
        """As the bus inside."""
        return await self._bus.healthy()
