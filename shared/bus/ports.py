"""What a message bus promises. Both buses pass ``shared/testing/bus_contract.py``.

PublishError
├── Unroutable   no queue is bound to the type: the topology is wrong, retrying does not help
├── Refused      the bus said no, e.g. because a queue is full
└── Unconfirmed  no answer or no connection: the message may or may not be there. Publish it again
                 with the same id; readers recognise the second one
Permanent        raised by a handler: this message will never work
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol
from uuid import UUID

DEFAULT_PREFETCH = 16
MAX_DELIVERIES = 6
"""A message whose handler failed this often is dead-lettered."""
CONFIRM_TIMEOUT_S = 10.0
DRAIN_S = 10.0
"""What running handlers get to end in when their consumer is cancelled."""
START_PATIENCE_S = 5.0


@dataclass(frozen=True, slots=True)
class Message:
    """One message as it travels; nothing of it changes on the way.

    ``id`` is what readers recognise a duplicate by; ``type`` decides which queues get a copy.
    Header names that begin with ``x-`` belong to the broker and are not carried.
    """

    id: UUID
    type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message handed to a handler. ``delivery_count`` is 1 the first time.

    After a crash or a lost connection a delivery may have been counted although no handler saw it.
    """

    message: Message
    queue: str
    delivery_count: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that a queue gave up on.

    ``reason`` is ``rejected`` (its handler raised Permanent) or ``delivery_limit`` (it failed
    MAX_DELIVERIES times).
    """

    message: Message
    reason: str
    died_at: datetime


class PublishError(Exception):
    """A message was not taken over by the bus."""


class Unroutable(PublishError):
    """No queue is bound to the message's type."""


class Refused(PublishError):
    """The bus answered, and did not accept the message."""


class Unconfirmed(PublishError):
    """The bus did not answer; whether it has the message is unknown."""


class Permanent(Exception):
    """The message can never be handled; it is dead-lettered without another try."""


Handler = Callable[[Delivery], Awaitable[None]]
"""Returns: acknowledged. Raises Permanent: dead letter. Raises anything else: delivered again, and
a dead letter after MAX_DELIVERIES."""


class Bus(Protocol):
    """Durable topics with one queue per subscription (see :mod:`shared.bus.topology`).

    A bus connects by itself, and again for ever after a loss; nothing has to be restarted.
    """

    async def start(self) -> None:
        """Connect, and declare or check the queues.

        Waits a few seconds for the broker; returns without error if it is away, and goes on trying
        in the background.
        """
        ...

    async def close(self) -> None:
        """Disconnect. Consumers should have been cancelled before."""
        ...

    async def publish(self, messages: Sequence[Message]) -> list[PublishError | None]:
        """Hand over ``messages``; one result each, in their order.

        None means: stored durably in every queue bound to the type. Never raises for a broker that
        is away, and answers within 10 s.
        """
        ...

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = DEFAULT_PREFETCH
    ) -> None:
        """Call ``handler`` for each message of ``queue`` until cancelled.

        At most ``prefetch`` calls run at once and they are begun in the queue's order; with 1 they
        are strictly one after another. When cancelled, running handlers get 10 s to end and are
        acknowledged; everything else goes back to the queue.
        """
        ...

    async def dead_letters(self, queue: str, *, limit: int | None = None) -> list[DeadLetter]:
        """What ``queue`` gave up on, oldest first, at most ``limit``. All stay where they are.

        Raises:
            Unavailable: the broker is away.
        """
        ...

    async def dead_letter_count(self, queue: str) -> int:
        """How many dead letters ``queue`` has.

        Raises:
            Unavailable: the broker is away.
        """
        ...

    async def replay(self, queue: str, ids: Collection[UUID]) -> dict[UUID, PublishError | None]:
        """Put dead letters of ``queue`` back, by the ids of their messages.

        A result for each one found: None means that it waits in the queue again, with its id and
        a new budget of deliveries, and is no dead letter any more; after an error it still is one.
        After one that is Unconfirmed the rest is left alone. Nobody else's queue gets a copy. Dying
        half-way leaves a message in both places, never in none.

        Raises:
            Unavailable: the broker is away, or went away: look which dead letters are left.
        """
        ...

    async def healthy(self) -> bool:
        """Whether the bus is connected and its queues exist."""
        ...
