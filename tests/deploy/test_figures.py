"""Figures that only a service at work can show."""

import asyncio
from contextlib import AsyncExitStack
from uuid import uuid4

from shared.bus.ports import Message
from shared.bus.postgres import PostgresBus
from shared.db.bootstrap import BUS
from shared.testing.bus_probes import published
from shared.testing.postgres import FreshDatabase
from shared.testing.waiting import eventually
from tests.deploy.exposition import services_on

EVENT = "assessment.completed"


async def test_a_message_that_is_no_event_is_told_as_a_dead_letter_of_its_queue(
    platform_database: FreshDatabase,
) -> None:
    (planner,) = [one for one in services_on(platform_database) if one.name == "planner"]
    bus = PostgresBus(platform_database.dsn(BUS))

    async def is_told() -> bool:
        text = (await planner.metrics.render()).decode()
        return f'dead_letters{{queue="planner.{EVENT}",service="planner"}} 1.0' in text

    async with AsyncExitStack() as closing:
        for hook in (bus.close, *planner.on_close):
            closing.push_async_callback(hook)
        for hook in (bus.start, *planner.on_start):
            await hook()
        stop = asyncio.Event()
        consuming = asyncio.create_task(planner.background["consumers"](stop))
        await published(bus, Message(uuid4(), EVENT, b"nonsense"))
        await eventually(is_told, what="the dead letter is told")
        stop.set()
        await consuming
