"""Outbox and inbox as a state machine: Hypothesis looks for a schedule that breaks exactly-once.

The writer, the reader and their tables are real; the bus is a list that may do all that
at-least-once delivery allows, so every schedule repeats exactly.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import text

from shared.contracts.envelope import Envelope
from shared.contracts.registry import parse_data
from shared.db import inbox, outbox
from shared.db.outbox import OutboxRow
from shared.db.uow import Database
from tests.shared.bus.conftest import Installation, a_database
from tests.shared.bus.test_exactly_once import enter_and_remember
from tests.shared.bus.writer_and_reader import QUEUE, Ledger, an_import, ledger

PROJECTS = (UUID(int=1), UUID(int=2))


class Withdrawn(Exception):
    """The transaction is rolled back."""


class Killed(Exception):
    """The consumer dies before its commit."""


class DeliveryMachine(RuleBasedStateMachine):
    """A writer, a relay, a bus without any manners, and a reader."""

    writer: Database
    reader: Database
    do: Callable[[Coroutine[Any, Any, Any]], Any]
    """Runs a coroutine to its end."""

    in_flight = Bundle("in_flight")
    """Bodies on the bus."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: Counter[UUID] = Counter()
        self.committed: dict[UUID, UUID] = {}
        """Project by inventory, of the facts that were committed, oldest first."""
        self.on_the_bus: list[bytes] = []
        """What the broker still owes a delivery."""
        self.do(self._empty())

    async def _empty(self) -> None:
        async with self.writer.write() as connection:
            await connection.execute(text("DELETE FROM outbox"))
        async with self.reader.write() as connection:
            for table in ("inbox", "ledger", "standing"):
                await connection.execute(text(f"DELETE FROM {table}"))

    @initialize()
    def commit_one(self) -> None:
        self.commit(project=PROJECTS[0])

    @rule(project=st.sampled_from(PROJECTS))
    def commit(self, project: UUID) -> None:
        self.versions[project] += 1
        event = an_import(project, number=self.versions[project])

        async def work() -> None:
            async with self.writer.transactions(Ledger)() as tx:
                await tx.publish(event, aggregate_version=event.inventory_number)

        self.do(work())
        self.committed[event.inventory_id] = project

    @rule(project=st.sampled_from(PROJECTS))
    def roll_back(self, project: UUID) -> None:
        event = an_import(project, number=self.versions[project] + 1)

        async def work() -> None:
            async with self.writer.transactions(Ledger)() as tx:
                await tx.publish(event, aggregate_version=event.inventory_number)
                raise Withdrawn

        with pytest.raises(Withdrawn):
            self.do(work())

    @rule(target=in_flight)
    def publish(self) -> Any:
        """The relay publishes what waits, and its marks are committed."""
        rows = self.do(self._waiting())
        self.do(self._mark(rows))
        return self._sent(rows)

    @rule(target=in_flight)
    def lose_confirm(self) -> Any:
        """The relay publishes what waits and dies, or never hears that it arrived."""
        return self._sent(self.do(self._waiting()))

    @rule(target=in_flight)
    def replay_in_reverse(self) -> Any:
        """An operator has everything published again, the newest first."""

        async def published() -> list[bytes]:
            async with self.writer.read() as connection:
                rows = await connection.execute(
                    text(
                        "SELECT envelope FROM outbox WHERE published_at IS NOT NULL"
                        " ORDER BY seq DESC"
                    )
                )
                return [Envelope.model_validate(row.envelope).encode() for row in rows]

        bodies = self.do(published())
        self.on_the_bus += bodies
        return multiple(*bodies)

    @rule(body=consumes(in_flight))
    def deliver(self, body: bytes) -> None:
        """In any order: Hypothesis chooses which."""
        self.do(self._handle(body))
        self.on_the_bus.remove(body)

    @rule(body=in_flight)
    def deliver_unacknowledged(self, body: bytes) -> None:
        """The effect is committed, the acknowledgement lost: it stays on the bus."""
        self.do(self._handle(body))

    @rule(body=in_flight)
    def crash_before_commit(self, body: bytes) -> None:
        with pytest.raises(Killed):
            self.do(self._handle(body, dies=True))

    @invariant()
    def no_fact_has_two_effects_and_none_is_invented(self) -> None:
        effects = Counter(self.do(ledger(self.reader)))
        assert not effects or max(effects.values()) == 1
        assert set(effects) <= set(self.committed)

    def teardown(self) -> None:
        """Once everything is published and delivered, each fact has had its effect."""
        self.publish()
        for body in self.on_the_bus:
            self.do(self._handle(body))
        assert Counter(self.do(ledger(self.reader))) == Counter(self.committed.keys())
        newest = {project: inventory for inventory, project in self.committed.items()}
        assert self.do(self._standing()) == newest

    def _sent(self, rows: list[OutboxRow]) -> Any:
        bodies = [row.envelope.encode() for row in rows]
        self.on_the_bus += bodies
        return multiple(*bodies)

    async def _waiting(self) -> list[OutboxRow]:
        async with self.writer.read() as connection:
            return list(
                await outbox.unpublished(connection, limit=200, without=[], with_blocked=True)
            )

    async def _mark(self, rows: list[OutboxRow]) -> None:
        async with self.writer.write() as connection:
            await outbox.mark_published(connection, [row.id for row in rows])

    async def _handle(self, body: bytes, *, dies: bool = False) -> None:
        """What a consumer does with a delivery."""
        envelope = Envelope.decode(body)
        async with self.reader.transactions(Ledger)() as tx:
            if await inbox.first_time(tx.connection, consumer=QUEUE, message_id=envelope.id):
                await enter_and_remember(parse_data(envelope), envelope, tx)
            if dies:
                raise Killed

    async def _standing(self) -> dict[UUID, UUID]:
        async with self.reader.read() as connection:
            rows = await connection.execute(text("SELECT project_id, inventory_id FROM standing"))
            return {row.project_id: row.inventory_id for row in rows}


@pytest.fixture
def machine(installation: Installation) -> Iterator[type[DeliveryMachine]]:
    """The machine on a database: Hypothesis runs it outside any event loop."""
    writer = a_database(installation.writer_dsn, "writer")
    reader = a_database(installation.reader_dsn, "reader")
    with asyncio.Runner() as runner:
        yield type(
            "DeliveryMachineHere",
            (DeliveryMachine,),
            {"writer": writer, "reader": reader, "do": staticmethod(runner.run)},
        )
        runner.run(writer.close())
        runner.run(reader.close())


def test_each_committed_fact_has_its_effect_once_whatever_the_bus_does(
    machine: type[DeliveryMachine],
) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=20,
            phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking takes minutes
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
