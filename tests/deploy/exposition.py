"""What the six services really show at a scrape."""

import asyncio
import importlib
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import Any

import httpx
from prometheus_client.parser import text_string_to_metric_families

from services import SERVICES
from shared.auth.keys import generate_keypair
from shared.db.bootstrap import BUS
from shared.runtime.service import Service
from shared.testing.postgres import FreshDatabase
from shared.testing.waiting import eventually

Exposition = Mapping[str, Mapping[str, set[str]]]
"""Name of a sample → label → its values."""


async def exposition_of(database: FreshDatabase) -> Exposition:
    """A scrape of all services, built as they are for production, at work on ``database``."""
    samples: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for service in services_on(database):
        for family in text_string_to_metric_families(await scrape(service)):
            for sample in family.samples:
                for label, value in sample.labels.items():
                    samples[sample.name][label].add(value)
    return samples


def services_on(database: FreshDatabase) -> list[Service]:
    """The services, as composed by their own ``build``."""
    private, public = generate_keypair()
    return [built(name, database, private, public) for name in SERVICES]


def built(name: str, database: FreshDatabase, private: str, public: str) -> Service:
    settings = importlib.import_module(f"services.{name}.settings")
    told: dict[str, Any] = {
        "database_dsn": database.dsn(name),
        "bus_url": database.dsn(BUS),
        "signing_key": private,
        "public_keys": dict.fromkeys(SERVICES, public),
        "invariants_every_s": 0.1,
        "upstreams": dict.fromkeys(SERVICES, "http://localhost:1"),
    }
    service: Service = importlib.import_module(f"services.{name}.app").build(
        getattr(settings, f"{name.capitalize()}Settings")(**told)
    )
    return service


async def scrape(service: Service) -> str:
    """What the service shows once it works and has been asked something."""
    async with AsyncExitStack() as closing:
        for hook in service.on_close:
            closing.push_async_callback(hook)
        for hook in service.on_start:
            await hook()
        stop = asyncio.Event()
        running = [asyncio.create_task(run(stop)) for run in service.background.values()]
        transport = httpx.ASGITransport(service.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            assert (await client.get("/v1/nothing")).status_code == 404

        async def invariants_are_shown() -> bool:
            return b"invariant_violations{" in await service.metrics.render()

        await eventually(invariants_are_shown, what=f"the invariants of {service.name}")
        text = (await service.metrics.render()).decode()
        stop.set()
        await asyncio.gather(*running)
    return text
