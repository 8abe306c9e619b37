"""RabbitMQ as the bus (3.10 to 4.x).

Two connections, because a broker short of memory or disk stops reading from those that publish:
acknowledgements on the same connection would wait with the publishes. Each is opened again for ever
when it is lost. Handlers at work do not notice: they end, their acknowledgement goes nowhere, and
the broker delivers again.
"""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractExchange,
    AbstractIncomingMessage,
    DeliveryMode,
)
from aio_pika.exceptions import DeliveryError
from aio_pika.exceptions import PublishError as ReturnedByBroker

from shared.bus.backoff import Backoff
from shared.bus.in_flight import Fate, InFlight
from shared.bus.ports import (
    CONFIRM_TIMEOUT_S,
    DEFAULT_PREFETCH,
    DRAIN_S,
    START_PATIENCE_S,
    DeadLetter,
    Delivery,
    Handler,
    Message,
    PublishError,
    Refused,
    Unconfirmed,
    Unroutable,
)
from shared.bus.rabbit_link import BrokerLost, Link, Session, call
from shared.bus.topology import TOPOLOGY, Topology, dead_queue
from shared.contracts.envelope import CONTENT_TYPE
from shared.kernel.errors import Unavailable

_log = structlog.stdlib.get_logger(__name__)

DECLARE_PATIENCE_S: Final = 30.0
_CANCEL_TIMEOUT_S: Final = 2.0


class RabbitBus:
    """The bus over RabbitMQ at ``url``.

    ``declare`` creates what the topology lacks; without it the bus only checks that all is there,
    and is not connected until it is: then a service needs no right to configure the broker.
    """

    def __init__(
        self,
        url: str,
        *,
        declare: bool,
        topology: Topology = TOPOLOGY,
        drain_s: float = DRAIN_S,
    ) -> None:
        self._drain_s = drain_s
        self._publishing = Link(url, name="publisher", topology=topology, declare=declare)
        self._consuming = Link(url, name="consumer", topology=topology, declare=declare)

    async def start(self) -> None:
        """See :class:`~shared.bus.ports.Bus`."""
        self._publishing.open()
        with suppress(TimeoutError):
            async with asyncio.timeout(START_PATIENCE_S):
                await self._publishing.session()

    async def close(self) -> None:
        """See :class:`~shared.bus.ports.Bus`."""
        await self._consuming.close()
        await self._publishing.close()

    async def publish(self, messages: Sequence[Message]) -> list[PublishError | None]:
        """See :class:`~shared.bus.ports.Bus`. All confirms are awaited together."""
        session = self._publishing.current
        if session is None:
            return [Unconfirmed("There is no connection to the broker.") for _ in messages]
        if len({message.id for message in messages}) < len(messages):
            # The driver tells returned messages apart by their id, so equal ones go singly.
            return [await _published(session.exchange, message) for message in messages]
        return await asyncio.gather(
            *(_published(session.exchange, message) for message in messages)
        )

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = DEFAULT_PREFETCH
    ) -> None:
        """See :class:`~shared.bus.ports.Bus`."""
        self._consuming.open()
        in_flight = InFlight(handler, limit=prefetch, drain_s=self._drain_s)
        backoff = Backoff(first_s=0.2, most_s=5)
        try:
            while True:
                session = await self._consuming.session()
                try:
                    await _consume(session, queue, in_flight, prefetch, backoff)
                except BrokerLost as error:
                    _log.warning("bus consumer lost its channel", queue=queue, error=str(error))
                await asyncio.sleep(backoff.next_s())
        finally:
            await in_flight.drain()

    async def dead_letters(self, queue: str, *, limit: int | None = None) -> list[DeadLetter]:
        """See :class:`~shared.bus.ports.Bus`. Those whose id is no UUID are left out."""
        found: list[DeadLetter] = []
        async with self._looking() as (_, channel):
            async for letter in _letters(channel, queue):
                if limit is not None and len(found) == limit:
                    break
                with suppress(ValueError):
                    found.append(_dead_letter(letter))
        return found

    async def replay(self, queue: str, ids: Collection[UUID]) -> dict[UUID, PublishError | None]:
        """See :class:`~shared.bus.ports.Bus`. Takes the right to write to the default exchange."""
        results: dict[UUID, PublishError | None] = {}
        async with self._looking() as (session, channel):
            async for letter in _letters(channel, queue):
                if len(results) == len(set(ids)):
                    break
                try:
                    message = _message(letter)
                except ValueError:
                    continue
                # One that has died again meanwhile comes by again: once is what was asked for.
                if message.id not in ids or message.id in results:
                    continue
                error = results[message.id] = await _published(
                    session.to_queue, message, routing_key=queue
                )
                if isinstance(error, Unconfirmed):
                    break  # with the publishing channel everything on the connection is lost
                if error is None:
                    await call(letter.ack())
        return results

    async def dead_letter_count(self, queue: str) -> int:
        """See :class:`~shared.bus.ports.Bus`."""
        async with self._looking() as (_, channel):
            letters = await call(channel.declare_queue(dead_queue(queue), passive=True))
            return letters.declaration_result.message_count or 0

    async def healthy(self) -> bool:
        """See :class:`~shared.bus.ports.Bus`."""
        return self._publishing.current is not None

    @asynccontextmanager
    async def _looking(self) -> AsyncIterator[tuple[Session, AbstractChannel]]:
        """A channel for fetching: what was not acknowledged goes back when it closes."""
        session = self._publishing.current
        if session is None:
            raise Unavailable("There is no connection to the broker.")
        try:
            async with session.channel() as channel:
                yield session, channel
        except BrokerLost as error:
            raise Unavailable(f"The broker does not answer: {error}.") from error


async def _letters(channel: AbstractChannel, queue: str) -> AsyncIterator[AbstractIncomingMessage]:
    """The dead letters of ``queue`` one after the other, each fetched once and held."""
    source = await call(channel.get_queue(dead_queue(queue), ensure=False))
    while (letter := await call(source.get(fail=False))) is not None:
        yield letter


async def declare_topology(
    url: str, topology: Topology = TOPOLOGY, *, within_s: float = DECLARE_PATIENCE_S
) -> None:
    """Create what the topology lacks at ``url``, for services that have no right to.

    Safe to repeat. Waits for a broker that is away.

    Raises:
        Unavailable: it did not work within ``within_s`` seconds; says what went wrong last.
    """
    link = Link(url, name="topology", topology=topology, declare=True)
    try:
        await link.open_once(within_s=within_s)
    except BrokerLost as error:
        raise Unavailable(f"The queues could not be declared: {error}.") from error


async def _published(
    exchange: AbstractExchange, message: Message, *, routing_key: str | None = None
) -> PublishError | None:
    """Publish one message, by its type unless told otherwise, and wait for the broker's word."""
    outgoing = aio_pika.Message(
        message.body,
        message_id=str(message.id),
        type=message.type,
        headers=dict(message.headers),
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
    )
    try:
        await call(
            exchange.publish(outgoing, routing_key=routing_key or message.type, mandatory=True),
            CONFIRM_TIMEOUT_S,
        )
    except ReturnedByBroker:
        return Unroutable(f"No queue is bound to {message.type}.")
    except DeliveryError:
        return Refused(f"A queue of {message.type} does not accept messages; it may be full.")
    except BrokerLost as error:
        return Unconfirmed(f"The broker did not confirm: {error}.")
    return None


async def _consume(
    session: Session, queue: str, in_flight: InFlight, prefetch: int, backoff: Backoff
) -> None:
    """Consume on a channel of its own until that is lost or we are cancelled.

    Raises:
        BrokerLost: the channel is gone or the broker has ended the consumer.
    """
    ended = asyncio.Event()
    is_stopping = False

    async def on_message(incoming: AbstractIncomingMessage) -> None:
        if is_stopping:
            return  # goes back when the channel closes
        try:
            message = _message(incoming)
        except ValueError as error:
            _log.warning("delivery refused for good", queue=queue, reason=str(error))
            await _settle(incoming, queue, Fate.DEAD)
            return
        count = 1 + int(str(incoming.headers.get("x-delivery-count", 0)))
        in_flight.begin(Delivery(message, queue, count), partial(_settle, incoming, queue))

    async with session.channel() as channel:
        channel.close_callbacks.add(lambda *_: ended.set())
        underlay = await call(channel.get_underlay_channel())
        # E.g. the queue was deleted, or its leader moved to another node.
        underlay.on_consumer_cancel_callbacks.add(lambda _: ended.set())
        await call(channel.set_qos(prefetch_count=prefetch))
        source = await call(channel.get_queue(queue, ensure=False))
        tag = await call(source.consume(on_message))
        backoff.reset()
        try:
            await ended.wait()
        except asyncio.CancelledError:
            is_stopping = True
            with suppress(BrokerLost):
                await call(source.cancel(tag), _CANCEL_TIMEOUT_S)
            await in_flight.drain()
            raise
    raise BrokerLost("the broker ended the consumer or closed its channel")


async def _settle(incoming: AbstractIncomingMessage, queue: str, fate: Fate) -> None:
    try:
        match fate:
            case Fate.DONE:
                await call(incoming.ack())
            case Fate.RETRY:
                # Not nack: from 4.3 that does not count towards the delivery limit.
                await call(incoming.reject(requeue=True))
            case Fate.DEAD:
                await call(incoming.reject(requeue=False))
    except BrokerLost as error:
        _log.warning("delivery not settled", queue=queue, error=str(error))


def _message(incoming: AbstractIncomingMessage) -> Message:
    """The message as it was published.

    Raises:
        ValueError: it has no UUID as its id, so it is not from us.
    """
    return Message(
        id=UUID(incoming.message_id or ""),
        type=incoming.type or incoming.routing_key or "",
        body=incoming.body,
        headers={
            name: str(value)
            for name, value in incoming.headers.items()
            if not name.startswith("x-")
        },
    )


def _dead_letter(letter: AbstractIncomingMessage) -> DeadLetter:
    """A fetched dead letter, with what the broker noted on it.

    Raises:
        ValueError: it has no UUID as its id, so it is not from us.
    """
    message = _message(letter)
    deaths: Any = letter.headers.get("x-death")  # the newest first
    newest = deaths[0] if deaths else {}
    died_at = newest.get("time")
    return DeadLetter(
        message,
        reason=str(newest.get("reason", "unknown")),
        died_at=died_at if isinstance(died_at, datetime) else datetime.fromtimestamp(0, UTC),
    )
