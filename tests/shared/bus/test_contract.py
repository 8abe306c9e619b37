"""Both buses keep the same promises."""

from collections.abc import AsyncIterator

import pytest

from shared.bus.ports import Bus
from shared.bus.postgres import PostgresBus
from shared.bus.rabbit import RabbitBus
from shared.bus.topology import Topology
from shared.testing.bus_contract import Broker, BusContract, bus, queue, topology
from shared.testing.proxy import Proxy

__all__ = ["bus", "queue", "topology"]


class PostgresBroker:
    """A database with the schema of the bus."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy

    def bus(self, topology: Topology, *, drain_s: float = 10) -> Bus:
        return PostgresBus(self.proxy.url, topology=topology, drain_s=drain_s)


class TestPostgresBus(BusContract):
    @pytest.fixture
    async def broker(self, bus_dsn: str) -> AsyncIterator[Broker]:
        async with Proxy(bus_dsn) as proxy:
            yield PostgresBroker(proxy)


class RabbitBroker:
    """A virtual host."""

    def __init__(self, proxy: Proxy) -> None:
        self.proxy = proxy

    def bus(self, topology: Topology, *, drain_s: float = 10) -> Bus:
        return RabbitBus(self.proxy.url, declare=True, topology=topology, drain_s=drain_s)


class TestRabbitBus(BusContract):
    @pytest.fixture
    async def broker(self, rabbit_url: str) -> AsyncIterator[Broker]:
        async with Proxy(rabbit_url) as proxy:
            yield RabbitBroker(proxy)
