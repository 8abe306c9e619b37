"""Handlers at work: at most so many at once, and what became of each delivery."""

import asyncio
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from enum import Enum

import structlog

from shared.bus.ports import Delivery, Handler, Permanent

_log = structlog.stdlib.get_logger(__name__)


class Fate(Enum):
    """What a bus does with a delivery after its handler ended."""

    DONE = "done"
    RETRY = "retry"
    DEAD = "dead"


Settle = Callable[[Fate], Awaitable[None]]
"""Tells the broker. May raise nothing but cancellation: a fate that cannot be told means that the
connection is lost and the message comes again."""


class InFlight:
    """The deliveries of one consumer that are being handled.

    They outlive a lost connection: a handler is never stopped half-way because the broker is away.
    """

    def __init__(self, handler: Handler, *, limit: int, drain_s: float) -> None:
        self._handler = handler
        self._slots = asyncio.Semaphore(limit)
        self._limit = limit
        self._drain_s = drain_s
        # Handlers log in the name of the service that consumes, whatever task begins them.
        self._context = copy_context()
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()

    @property
    def free(self) -> int:
        """How many more may begin now."""
        return max(0, self._limit - len(self._tasks))

    def begin(
        self, delivery: Delivery, settle: Settle, *, ended: Callable[[], None] | None = None
    ) -> None:
        """Handle ``delivery`` once a slot is free, ``settle`` it, then call ``ended``."""
        task = asyncio.create_task(
            self._run(delivery, settle),
            name=f"handle {delivery.queue}",
            context=self._context.copy(),
        )
        self._tasks.add(task)
        self._waiting.add(task)

        def forget(finished: asyncio.Task[None]) -> None:
            self._tasks.discard(finished)
            self._waiting.discard(finished)
            if not finished.cancelled() and (error := finished.exception()) is not None:
                _log.error("delivery not settled", queue=delivery.queue, exc_info=error)
            if ended is not None:
                ended()

        task.add_done_callback(forget)

    async def _run(self, delivery: Delivery, settle: Settle) -> None:
        async with self._slots:
            task = asyncio.current_task()
            if task is not None:
                self._waiting.discard(task)
            fate = await self._fate(delivery)
            await settle(fate)

    async def _fate(self, delivery: Delivery) -> Fate:
        try:
            await self._handler(delivery)
        except Permanent as error:
            _log.warning("delivery refused for good", reason=str(error), **_about(delivery))
            return Fate.DEAD
        except Exception:
            # The border between the bus and foreign code: whatever a handler raises means "again".
            _log.warning("delivery failed", exc_info=True, **_about(delivery))
            return Fate.RETRY
        return Fate.DONE

    async def drain(self) -> None:
        """Let running handlers end and be settled; drop those that have not begun.

        What has not ended after ``drain_s`` is cancelled and not settled.
        """
        for task in list(self._waiting):
            task.cancel()
        tasks = set(self._tasks)
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self._drain_s)
        finally:
            for task in self._tasks:
                task.cancel()
        late = set(self._tasks)
        if late:
            await asyncio.wait(late)


def _about(delivery: Delivery) -> dict[str, str | int]:
    return {
        "queue": delivery.queue,
        "message_id": str(delivery.message.id),
        "type": delivery.message.type,
        "delivery": delivery.delivery_count,
    }
