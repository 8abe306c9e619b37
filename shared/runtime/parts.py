"""The parts that every service is made of, and how they make a service.

A service's ``app.py`` reads::

    def build(settings: ExporterSettings, *, clock: Clock = SystemClock()) -> Service:
        parts = Parts("exporter", settings, clock=clock)
        transactions = parts.database.transactions(PostgresExportStore)
        return parts.service(
            title="Exporter",
            store=PostgresExportStore,
            routers=[public_routes(parts.database, RequestExport(transactions, ...))],
            jobs={"render": RenderExport(...).run},
        )
"""

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from itertools import product
from typing import Any, TypeVar

import httpx
from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.auth.internal_token import GATEWAY, TokenSigner, TokenVerifier
from shared.bus.consumer import consume_events
from shared.bus.ports import Bus
from shared.bus.postgres import PostgresBus
from shared.bus.rabbit import RabbitBus
from shared.bus.relay import Relay
from shared.bus.topology import TOPOLOGY
from shared.contracts.envelope import Envelope
from shared.db import jobs as job_rows
from shared.db import outbox
from shared.db.engine import make_engine
from shared.db.invariants import MECHANISM, Invariant
from shared.db.job_context import JobFunction
from shared.db.job_runner import JobRunner
from shared.db.jobs import JobState
from shared.db.uow import Database, Transaction
from shared.http.app import PublicEdge, create_app
from shared.http.audit import audit_router
from shared.http.client import make_client
from shared.http.limits import BodyLimit
from shared.http.operations import operations_router
from shared.kernel.clock import Clock
from shared.kernel.ids import Ids
from shared.observability import tracing
from shared.observability.health import Health
from shared.observability.metrics import Metrics, OutboxFigures
from shared.runtime.clock import SystemClock
from shared.runtime.ids import Uuid7Ids
from shared.runtime.invariant_watch import InvariantWatch
from shared.runtime.schema_check import SchemaIsCurrent
from shared.runtime.service import Background, Hook, Service
from shared.runtime.settings import CommonSettings

S = TypeVar("S")

Handler = Callable[[Any, Envelope, Transaction[S]], Awaitable[None]]
"""Handles one type of fact; its first parameter is that type's class."""


def make_bus(url: str, *, declare: bool) -> Bus:
    """The bus at ``url``: RabbitMQ, or the one inside PostgreSQL, which always declares itself."""
    if url.startswith("postgresql:"):
        return PostgresBus(url)
    return RabbitBus(url, declare=declare)


class Parts:
    """What ``name`` needs before it does anything of its own."""

    def __init__(self, name: str, settings: CommonSettings, *, clock: Clock | None = None) -> None:
        self.name = name
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.ids: Ids = Uuid7Ids()
        self.database = Database(
            make_engine(
                settings.database_dsn.get_secret_value(),
                schema=name,
                pool_size=settings.database_pool_size,
            ),
            service=name,
            ids=self.ids,
            clock=self.clock,
        )
        self.bus = make_bus(
            settings.bus_url.get_secret_value(), declare=settings.bus_declares_topology
        )
        self.signer = TokenSigner(name, settings.signing_key.get_secret_value())
        self.verifier = TokenVerifier(name, settings.public_keys)
        self.metrics = Metrics(name)
        self.health = Health()
        self._clients: list[httpx.AsyncClient] = []

    def upstream(self, service: str) -> httpx.AsyncClient:
        """An HTTP client for another service, closed with this one.

        Raises:
            StartError: the settings do not say where it is.
        """
        client = make_client(self.settings.upstream(service))
        tracing.trace_client(client, service=self.name)
        self.metrics.retries.labels(upstream=service)
        self._clients.append(client)
        return client

    def service(  # noqa: PLR0913 - a composition root's call, all by name
        self,
        *,
        title: str,
        store: Callable[[AsyncConnection], S],
        routers: Sequence[APIRouter],
        subscriptions: Mapping[str, Handler[S]] | None = None,
        jobs: Mapping[str, JobFunction[S]] | None = None,
        background: Mapping[str, Background] | None = None,
        edge: PublicEdge | None = None,
        invariants: Sequence[Invariant] = (),
        on_start: Sequence[Hook] = (),
    ) -> Service:
        """The whole service: HTTP, consumers, job runner, relay, probes and metrics."""
        # What the gateway keeps, accounts and sessions, belongs to no project.
        trail = audit_router(self.database, has_projects=self.name != GATEWAY)
        own_routers = [*routers, trail]
        tasks: dict[str, Background] = dict(background or {})
        if jobs:
            tasks["jobs"] = self._job_runner(store, jobs).run
            own_routers.append(operations_router(self.database))
        if subscriptions:
            tasks["consumers"] = self._consumers(store, subscriptions)
        watch = InvariantWatch(
            self.database,
            [*MECHANISM, *invariants],
            self.metrics,
            every_s=self.settings.invariants_every_s,
        )
        tasks["invariants"] = watch.run
        relays: dict[str, Background] = {"relay": Relay(self.database, self.bus).run}
        self.metrics.expect_tasks([*tasks, *relays])
        self._watch(kinds=jobs or {}, events=subscriptions or {})
        app = create_app(
            service=self.name,
            title=title,
            routers=own_routers,
            verifier=self.verifier,
            edge=edge,
            health=self.health,
            metrics=self.metrics,
            body_limit=BodyLimit(
                self.settings.max_body_bytes, total_s=self.settings.body_timeout_s
            ),
        )
        return Service(
            name=self.name,
            app=app,
            health=self.health,
            metrics=self.metrics,
            background=tasks,
            relays=relays,
            on_start=[self.bus.start, *on_start],
            on_close=[self.database.close, self.bus.close, self._close_clients],
        )

    def _job_runner(
        self, store: Callable[[AsyncConnection], S], functions: Mapping[str, JobFunction[S]]
    ) -> JobRunner[S]:
        return JobRunner(
            self.database,
            store,
            functions,
            owner=f"{self.name}@{socket.gethostname()}:{os.getpid()}",
            lease_s=self.settings.lease_s,
            concurrency=self.settings.job_concurrency,
            drain_s=self.settings.drain_s / 2,
            metrics=self.metrics,
        )

    def _consumers(
        self, store: Callable[[AsyncConnection], S], handlers: Mapping[str, Handler[S]]
    ) -> Background:
        async def run(stop: asyncio.Event) -> None:
            await consume_events(
                self.bus,
                self.database,
                store,
                handlers,
                service=self.name,
                stop=stop,
                metrics=self.metrics,
            )

        return run

    def _watch(self, *, kinds: Collection[str], events: Collection[str]) -> None:
        async def jobs_by_state() -> Mapping[tuple[str, str], float]:
            async with self.database.read() as connection:
                counts = await job_rows.counts(connection)
            none = dict.fromkeys(product(map(str, JobState), kinds), 0.0)
            return none | {(str(count.state), count.kind): count.count for count in counts}

        async def dead_letters() -> Mapping[str, float]:
            queues = [TOPOLOGY.subscription(self.name, event).queue for event in events]
            return {queue: await self.bus.dead_letter_count(queue) for queue in queues}

        self.health.add("database", self._database_answers)
        self.health.add("bus", self._bus_answers)
        self.health.add("migrations", SchemaIsCurrent(self.database))
        self.metrics.watch_outbox(self._outbox_figures)
        self.metrics.watch_jobs(jobs_by_state)
        self.metrics.watch_dead_letters(dead_letters)
        self.metrics.watch(
            "jobs_oldest_claimable_seconds",
            "How long the job that waits longest could have been claimed.",
            self._oldest_claimable_s,
        )
        self.metrics.watch(
            "jobs_expired_leases", "Jobs that lost their worker and wait.", self._expired_leases
        )

    async def _database_answers(self) -> None:
        async with self.database.read() as connection:
            await job_rows.counts(connection)

    async def _bus_answers(self) -> None:
        if not await self.bus.healthy():
            raise ConnectionError("not connected")

    async def _outbox_figures(self) -> OutboxFigures:
        async with self.database.read() as connection:
            return OutboxFigures(
                oldest_unpublished_s=await outbox.oldest_unpublished_s(connection),
                blocked_aggregates=await outbox.blocked_aggregates(connection),
            )

    async def _oldest_claimable_s(self) -> Mapping[tuple[str, ...], float]:
        async with self.database.read() as connection:
            return {(): await job_rows.oldest_claimable_s(connection)}

    async def _expired_leases(self) -> Mapping[tuple[str, ...], float]:
        async with self.database.read() as connection:
            return {(): float(await job_rows.expired_leases(connection))}

    async def _close_clients(self) -> None:
        for client in self._clients:
            await client.aclose()
