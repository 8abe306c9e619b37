"""A connection to RabbitMQ that is opened again for ever, with the topology in place on it.

With :mod:`shared.bus.rabbit`, the only modules that import aio_pika.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractConnection, AbstractExchange, ExchangeType
from aio_pika.exceptions import DeliveryError

from shared.bus.backoff import Backoff
from shared.bus.topology import Topology, dead_queue, dead_queue_arguments, queue_arguments

_log = structlog.stdlib.get_logger(__name__)

_CONNECT_TIMEOUT_S: Final = 3.0
_REPLY_TIMEOUT_S: Final = 10.0
_CLOSE_PATIENCE_S: Final = 5.0
_HEARTBEAT_S: Final = 10

T = TypeVar("T")


class BrokerLost(Exception):
    """The connection or channel is gone, or the broker does not answer in time."""


async def call(operation: Awaitable[T], timeout_s: float = _REPLY_TIMEOUT_S) -> T:
    """The result of a call to the broker.

    A task of its own, because the driver cancels what waits on a lost connection: that must not
    look like a cancellation of ours.

    Raises:
        DeliveryError: the broker did not take a message.
        BrokerLost: anything else went wrong between us and the broker.
    """
    task = asyncio.ensure_future(operation)
    try:
        await asyncio.wait({task}, timeout=timeout_s)
    finally:
        task.cancel()  # no effect when it is done
    if not task.done():
        raise BrokerLost(f"no answer within {timeout_s:g} s")
    if task.cancelled():
        raise BrokerLost("the connection was lost")
    try:
        return task.result()
    except DeliveryError:
        raise
    except Exception as error:
        # On a breaking connection the driver raises whatever it trips over; all of it means this.
        raise BrokerLost(f"{type(error).__name__}: {error}") from error


async def _close(what: AbstractChannel | AbstractConnection) -> None:
    """Close politely. What takes longer goes on alone: cancelled, the driver may never end."""
    closing = asyncio.ensure_future(what.close())
    closing.add_done_callback(lambda done: done.cancelled() or done.exception())
    await asyncio.wait({closing}, timeout=_CLOSE_PATIENCE_S)


@dataclass(frozen=True, slots=True, eq=False)
class Session:
    """An open connection whose topology is in place."""

    connection: AbstractConnection
    exchange: AbstractExchange
    to_queue: AbstractExchange
    """The broker's default exchange: a routing key there is the name of a queue."""
    lost: asyncio.Event

    @asynccontextmanager
    async def channel(self) -> AsyncIterator[AbstractChannel]:
        """One more channel, without confirms. What was not acknowledged on it goes back.

        Raises:
            BrokerLost: it cannot be opened.
        """
        channel = await call(_open_channel(self.connection, confirms=False))
        try:
            yield channel
        finally:
            await _close(channel)


class Link:
    """A connection that is opened again whenever it is lost."""

    def __init__(self, url: str, *, name: str, topology: Topology, declare: bool) -> None:
        self._url = url
        self._name = name
        self._topology = topology
        self._declare = declare
        self._session: Session | None = None
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
    def current(self) -> Session | None:
        """The open session, if there is one at the moment."""
        session = self._session
        return session if session is not None and not session.lost.is_set() else None

    async def session(self) -> Session:
        """The open session; waits for one as long as it takes."""
        while (session := self.current) is None:
            self._connected.clear()
            await self._connected.wait()
        return session

    async def open_once(self, *, within_s: float) -> None:
        """Connect, put the topology in place or check it, and disconnect.

        Raises:
            BrokerLost: that has not worked within ``within_s`` seconds; says what went wrong last.
        """
        backoff = Backoff(first_s=0.2, most_s=5)
        deadline_s = time.monotonic() + within_s
        while True:
            try:
                async with self._opened():
                    return
            except BrokerLost as error:
                pause_s = backoff.next_s()
                if time.monotonic() + pause_s > deadline_s:
                    raise
                _log.warning("broker not reached", connection=self._name, error=str(error))
            await asyncio.sleep(pause_s)

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
            except BrokerLost as error:
                _log.warning("broker not reached", connection=self._name, error=str(error))
            finally:
                self._session = None
            await asyncio.sleep(backoff.next_s())

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[Session]:
        connection = await call(
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
            channel = await call(_open_channel(connection, confirms=True))
            channel.close_callbacks.add(lambda *_: lost.set())
            exchange = await call(_put_in_place(channel, self._topology, declare=self._declare))
            yield Session(connection, exchange, channel.default_exchange, lost)
        finally:
            await _close(connection)


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
