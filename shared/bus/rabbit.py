"""RabbitMQ as the bus (3.10 to 4.x). The only module that imports aio_pika.

Two connections, because a broker short of memory or disk stops reading from those that publish:
acknowledgements on the same connection would wait with the publishes. Each is opened again for ever
when it is lost. Handlers at work do not notice: they end, their acknowledgement goes nowhere, and
the broker delivers again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

import aio_pika
import structlog
from aio_pika.abc import (
    AbstractChannel,
    AbstractConnection,
    AbstractExchange,
    AbstractIncomingMessage,
    DeliveryMode,
    ExchangeType,
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
    Delivery,
    Handler,
    Message,
    PublishError,
    Refused,
    Unconfirmed,
    Unroutable,
)
from shared.bus.topology import (
    TOPOLOGY,
    Topology,
    dead_queue,
    dead_queue_arguments,
    queue_arguments,
)
from shared.contracts.envelope import CONTENT_TYPE
from shared.kernel.errors import Unavailable

_log = structlog.stdlib.get_logger(__name__)

_CONNECT_TIMEOUT_S: Final = 3.0
_REPLY_TIMEOUT_S: Final = 10.0
_CLOSE_TIMEOUT_S: Final = 2.0
_HEARTBEAT_S: Final = 10

T = TypeVar("T")


class _Lost(Exception):
    """The connection or channel is gone, or the broker does not answer in time."""


async def _call(operation: Awaitable[T], timeout_s: float = _REPLY_TIMEOUT_S) -> T:
    """The result of a call to the broker.

    A task of its own, because the driver cancels what waits on a lost connection: that must not
    look like a cancellation of ours.

    Raises:
        DeliveryError: the broker did not take a message.
        _Lost: anything else went wrong between us and the broker.
    """
    task = asyncio.ensure_future(operation)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
    finally:
        task.cancel()  # no effect when it is done
    if not task.done():
        raise _Lost(f"no answer within {timeout_s:g} s")
    if task.cancelled():
        raise _Lost("the connection was lost")
    try:
        return task.result()
    except DeliveryError:
        raise
    except Exception as error:
        # On a breaking connection the driver raises whatever it trips over; all of it means this.
        raise _Lost(f"{type(error).__name__}: {error}") from error


@dataclass(frozen=True, slots=True, eq=False)
class _Session:
    """An open connection whose topology is in place."""

    connection: AbstractConnection
    exchange: AbstractExchange
    lost: asyncio.Event


class _Link:
    """A connection that is opened again whenever it is lost."""

    def __init__(self, url: str, *, name: str, topology: Topology, declare: bool) -> None:
        self._url = url
        self._name = name
        self._topology = topology
        self._declare = declare
        self._session: _Session | None = None
        self._connected = asyncio.Event()
        self._keeper: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin to connect, unless that has begun already."""
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep_open(), name=f"rabbitmq {self._name}")

    async def close(self) -> None:
        """Disconnect for good."""
        if self._keeper is not None:
            self._keeper.cancel()
            await asyncio.wait({self._keeper})
            self._keeper = None

    @property
    def current(self) -> _Session | None:
        """The open session, if there is one at the moment."""
        session = self._session
        return session if session is not None and not session.lost.is_set() else None

    async def session(self) -> _Session:
        """The open session; waits for one as long as it takes."""
        while (session := self.current) is None:
            self._connected.clear()
            await self._connected.wait()
        return session

    async def _keep_open(self) -> None:
        backoff = Backoff(first_s=0.2, most_s=5)
        while True:
            try:
                async with self._opened() as session:
                    backoff.reset()
                    self._session = session
                    self._connected.set()
                    await session.lost.wait()
                _log.warning("broker connection lost", connection=self._name)
            except _Lost as error:
                _log.warning("broker not reached", connection=self._name, error=str(error))
            finally:
                self._session = None
            await asyncio.sleep(backoff.next_s())

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[_Session]:
        connection = await _call(
            aio_pika.connect(
                self._url,
                timeout=_CONNECT_TIMEOUT_S,
                heartbeat=_HEARTBEAT_S,
                client_properties={"connection_name": f"migplan {self._name}"},
            ),
            2 * _CONNECT_TIMEOUT_S,
        )
        try:
            lost = asyncio.Event()
            connection.close_callbacks.add(lambda *_: lost.set())
            channel = await _call(_open_channel(connection, confirms=True))
            channel.close_callbacks.add(lambda *_: lost.set())
            exchange = await _call(_put_in_place(channel, self._topology, declare=self._declare))
            yield _Session(connection, exchange, lost)
        finally:
            with suppress(_Lost):
                await _call(connection.close(), _CLOSE_TIMEOUT_S)


async def _open_channel(connection: AbstractConnection, *, confirms: bool) -> AbstractChannel:
    # Without on_return_raises a message that no queue wants would count as published.
    channel = connection.channel(publisher_confirms=confirms, on_return_raises=confirms)
    await channel.initialize()
    return channel


async def _put_in_place(
    channel: AbstractChannel, topology: Topology, *, declare: bool
) -> AbstractExchange:
    """Declare the exchanges, queues and bindings, or only check that they exist."""
    passive = not declare
    exchange = await channel.declare_exchange(
        topology.exchange, ExchangeType.TOPIC, durable=True, passive=passive
    )
    dead_exchange = await channel.declare_exchange(
        topology.dead_exchange, ExchangeType.DIRECT, durable=True, passive=passive
    )
    for subscription in topology.subscriptions:
        name = subscription.queue
        for queue, arguments, source, key in (
            (dead_queue(name), dead_queue_arguments(), dead_exchange, name),
            (name, queue_arguments(name, topology), exchange, subscription.event),
        ):
            declared = await channel.declare_queue(
                queue, durable=True, passive=passive, arguments=dict(arguments)
            )
            if declare:
                await declared.bind(source, routing_key=key)
    return exchange


class RabbitBus:
    """The bus over RabbitMQ at ``url``.

    ``declare`` creates what the topology lacks; without it the bus only checks that all is there,
    and is not connected until it is: then a service needs no right to configure the broker.
    """

    def __init__(self, url: str, *, declare: bool, topology: Topology = TOPOLOGY) -> None:
        self._publishing = _Link(url, name="publisher", topology=topology, declare=declare)
        self._consuming = _Link(url, name="consumer", topology=topology, declare=declare)

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
            return [await _published(session, message) for message in messages]
        return await asyncio.gather(*(_published(session, message) for message in messages))

    async def consume(
        self, queue: str, handler: Handler, *, prefetch: int = DEFAULT_PREFETCH
    ) -> None:
        """See :class:`~shared.bus.ports.Bus`."""
        self._consuming.open()
        in_flight = InFlight(handler, limit=prefetch)
        backoff = Backoff(first_s=0.2, most_s=5)
        try:
            while True:
                session = await self._consuming.session()
                try:
                    await _consume(session, queue, in_flight, prefetch, backoff)
                except _Lost as error:
                    _log.warning("bus consumer lost its channel", queue=queue, error=str(error))
                await asyncio.sleep(backoff.next_s())
        finally:
            await in_flight.drain(DRAIN_S)

    async def dead_letters(self, queue: str) -> list[Message]:
        """See :class:`~shared.bus.ports.Bus`."""
        found = []
        # What was fetched and not acknowledged goes back when the channel closes.
        async with self._channel_for_looking() as channel:
            letters = await _call(channel.get_queue(dead_queue(queue), ensure=False))
            while (letter := await _call(letters.get(fail=False))) is not None:
                found.append(_message(letter))
        return found

    async def dead_letter_count(self, queue: str) -> int:
        """See :class:`~shared.bus.ports.Bus`."""
        async with self._channel_for_looking() as channel:
            letters = await _call(channel.declare_queue(dead_queue(queue), passive=True))
            return letters.declaration_result.message_count or 0

    async def healthy(self) -> bool:
        """See :class:`~shared.bus.ports.Bus`."""
        return self._publishing.current is not None

    @asynccontextmanager
    async def _channel_for_looking(self) -> AsyncIterator[AbstractChannel]:
        session = self._publishing.current
        if session is None:
            raise Unavailable("There is no connection to the broker.")
        try:
            async with _channel(session) as channel:
                yield channel
        except _Lost as error:
            raise Unavailable(f"The broker does not answer: {error}.") from error


async def _published(session: _Session, message: Message) -> PublishError | None:
    """Publish one message and wait for the broker's word on it."""
    outgoing = aio_pika.Message(
        message.body,
        message_id=str(message.id),
        type=message.type,
        headers=dict(message.headers),
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
    )
    try:
        await _call(
            session.exchange.publish(outgoing, routing_key=message.type, mandatory=True),
            CONFIRM_TIMEOUT_S,
        )
    except ReturnedByBroker:
        return Unroutable(f"No queue is bound to {message.type}.")
    except DeliveryError:
        return Refused(f"A queue of {message.type} does not accept messages; it may be full.")
    except _Lost as error:
        return Unconfirmed(f"The broker did not confirm: {error}.")
    return None


@asynccontextmanager
async def _channel(session: _Session) -> AsyncIterator[AbstractChannel]:
    channel = await _call(_open_channel(session.connection, confirms=False))
    try:
        yield channel
    finally:
        with suppress(_Lost):
            await _call(channel.close(), _CLOSE_TIMEOUT_S)


async def _consume(
    session: _Session, queue: str, in_flight: InFlight, prefetch: int, backoff: Backoff
) -> None:
    """Consume on a channel of its own until that is lost or we are cancelled.

    Raises:
        _Lost: the channel is gone or the broker has ended the consumer.
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

    async with _channel(session) as channel:
        channel.close_callbacks.add(lambda *_: ended.set())
        underlay = await _call(channel.get_underlay_channel())
        # E.g. the queue was deleted, or its leader moved to another node.
        underlay.on_consumer_cancel_callbacks.add(lambda _: ended.set())
        await _call(channel.set_qos(prefetch_count=prefetch))
        source = await _call(channel.get_queue(queue, ensure=False))
        tag = await _call(source.consume(on_message))
        backoff.reset()
        try:
            await ended.wait()
        except asyncio.CancelledError:
            is_stopping = True
            with suppress(_Lost):
                await _call(source.cancel(tag), _CLOSE_TIMEOUT_S)
            await in_flight.drain(DRAIN_S)
            raise
    raise _Lost("the broker ended the consumer or closed its channel")


async def _settle(incoming: AbstractIncomingMessage, queue: str, fate: Fate) -> None:
    try:
        match fate:
            case Fate.DONE:
                await _call(incoming.ack())
            case Fate.RETRY:
                # Not nack: from 4.3 that does not count towards the delivery limit.
                await _call(incoming.reject(requeue=True))
            case Fate.DEAD:
                await _call(incoming.reject(requeue=False))
    except _Lost as error:
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
