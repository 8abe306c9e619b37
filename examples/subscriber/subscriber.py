"""A platform of its own that listens to Migration Planner: one file, aio-pika and nothing of ours.

    pip install aio-pika
    export SUBSCRIBER_AMQP_URL='amqps://subscriber-acme:…@rabbitmq.example/'
    python subscriber.py --queue acme.migrations --event inventory.imported --event plan.approved

Prints each fact as one line of JSON. The queue stays when the program ends, so facts that are
stated meanwhile are printed after the next start. It needs the permissions in README.md, no others.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections import OrderedDict

import aio_pika
from aio_pika.abc import AbstractIncomingMessage

EXCHANGE = "migplan.events"
EVERYTHING = "#"
PREFETCH = 50
REMEMBERED_IDS = 10_000
QUEUE_ARGUMENTS = {
    "x-queue-type": "quorum",
    # A full queue drops its oldest messages. With reject-publish it would hold up the publisher.
    "x-overflow": "drop-head",
    "x-max-length": 10_000,
    "x-expires": 7 * 24 * 3600 * 1000,  # ms without a consumer: a subscriber that is gone for good
}


class Recently:
    """Ids that were seen: delivery is at least once, a repetition has the same id."""

    def __init__(self) -> None:
        self._ids: OrderedDict[str, None] = OrderedDict()

    def is_new(self, message_id: str) -> bool:
        """Whether this is the first time; remembered from now on."""
        if message_id in self._ids:
            return False
        self._ids[message_id] = None
        if len(self._ids) > REMEMBERED_IDS:
            self._ids.popitem(last=False)
        return True


def line_of(event: dict[str, object]) -> str:
    """What is shown of an event: unknown fields are ignored, there may be more some day."""
    shown = ("time", "type", "subject", "aggregateversion", "id", "data")
    return json.dumps({name: event.get(name) for name in shown}, ensure_ascii=False)


async def listen(url: str, queue_name: str, events: list[str]) -> None:
    """Print the events of these types (``#``: all) until cancelled; reconnects by itself."""
    seen = Recently()

    async def show(message: AbstractIncomingMessage) -> None:
        # Leaving the block acknowledges; an exception in it gives the message back once.
        async with message.process(requeue=not message.redelivered):
            event = json.loads(message.body)
            if seen.is_new(event["id"]):
                sys.stdout.write(line_of(event) + "\n")
                sys.stdout.flush()

    connection = await aio_pika.connect_robust(url)
    async with connection:
        channel = await connection.channel()
        await channel.set_qos(prefetch_count=PREFETCH)
        queue = await channel.declare_queue(queue_name, durable=True, arguments=QUEUE_ARGUMENTS)
        for event in events:
            await queue.bind(EXCHANGE, routing_key=event)
        await queue.consume(show)
        sys.stderr.write(f"listening on {queue_name} for {', '.join(events)}\n")
        await asyncio.Event().wait()


async def until_told_to_stop(url: str, queue_name: str, events: list[str]) -> None:
    """Listen; SIGTERM ends it between two events, as Ctrl-C does."""
    listening = asyncio.ensure_future(listen(url, queue_name, events))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, listening.cancel)
    await listening


def main() -> int:
    """Run until Ctrl-C or SIGTERM."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--queue", required=True, help="its name begins with your prefix")
    parser.add_argument("--event", action="append", help="a type to hear of; default: all")
    chosen = parser.parse_args()
    url = os.environ.get("SUBSCRIBER_AMQP_URL")
    if not url:
        parser.error("set SUBSCRIBER_AMQP_URL to amqp(s)://user:password@host/vhost")
    try:
        asyncio.run(until_told_to_stop(url, chosen.queue, chosen.event or [EVERYTHING]))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return 0
    except aio_pika.exceptions.AMQPError as error:
        sys.stderr.write(f"RabbitMQ refuses this: {error}. See the permissions in README.md.\n")
        return 1
    except OSError as error:
        sys.stderr.write(f"RabbitMQ cannot be reached: {error}. Is SUBSCRIBER_AMQP_URL right?\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
