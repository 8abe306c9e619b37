"""Handlers at work."""

import asyncio
from uuid import uuid4

from shared.bus.in_flight import Fate, InFlight
from shared.bus.ports import Delivery, Message, Permanent
from shared.testing.bus_probes import Recorder
from shared.testing.waiting import eventually


def a_delivery() -> Delivery:
    return Delivery(Message(uuid4(), "thing.happened", b"{}"), "reader.thing.happened", 1)


class Settled:
    """Remembers what became of deliveries."""

    def __init__(self) -> None:
        self.fates: list[Fate] = []

    async def __call__(self, fate: Fate) -> None:
        self.fates.append(fate)


async def test_what_a_handler_does_decides_the_fate_of_its_delivery() -> None:
    outcomes: list[Exception | None] = [None, Permanent("never"), OSError("not now")]
    settled = Settled()

    async def handle(_: Delivery) -> None:
        outcome = outcomes[len(settled.fates)]
        if outcome is not None:
            raise outcome

    in_flight = InFlight(handle, limit=1, drain_s=5)
    for _ in outcomes:
        in_flight.begin(a_delivery(), settled)
    await eventually(lambda: len(settled.fates) == len(outcomes))

    assert settled.fates == [Fate.DONE, Fate.DEAD, Fate.RETRY]


async def test_no_more_than_the_limit_run_however_many_begin() -> None:
    gate = asyncio.Event()
    settled = Settled()
    recorder = Recorder(lambda _: _wait(gate))
    in_flight = InFlight(recorder, limit=2, drain_s=5)
    for _ in range(6):
        in_flight.begin(a_delivery(), settled)
    await eventually(lambda: recorder.running == 2)
    assert in_flight.free == 0
    gate.set()
    await eventually(lambda: len(settled.fates) == 6)

    assert recorder.most_running == 2
    await eventually(lambda: in_flight.free == 2)


async def test_draining_drops_what_waits_and_lets_end_what_runs() -> None:
    gate = asyncio.Event()
    settled = Settled()
    recorder = Recorder(lambda _: _wait(gate))
    in_flight = InFlight(recorder, limit=2, drain_s=5)
    for _ in range(6):
        in_flight.begin(a_delivery(), settled)
    await eventually(lambda: recorder.running == 2)

    draining = asyncio.create_task(in_flight.drain())
    gate.set()
    await draining

    assert settled.fates == [Fate.DONE, Fate.DONE]
    assert len(recorder.deliveries) == 2


async def test_what_does_not_end_in_time_is_cancelled_and_not_settled() -> None:
    settled = Settled()
    recorder = Recorder(lambda _: _wait(asyncio.Event()))
    in_flight = InFlight(recorder, limit=2, drain_s=0)
    in_flight.begin(a_delivery(), settled)
    await eventually(lambda: recorder.running == 1)

    await in_flight.drain()

    assert recorder.running == 0
    assert settled.fates == []


async def _wait(gate: asyncio.Event) -> None:
    await gate.wait()
