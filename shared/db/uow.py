"""The unit of work: one request, delivery or job step is one transaction.

A use case receives ``Transactions``, opens one, works through ``tx.store``, announces facts with
``tx.publish``, queues work with ``tx.enqueue`` and tells who did it with ``tx.audit``. It never
commits: leaving the block does, and an exception rolls everything back, outbox rows, jobs and audit
entries included.
"""

from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any, Generic, TypeVar

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from shared.auth.principal import Principal
from shared.contracts.envelope import Envelope, EventData
from shared.contracts.registry import schema_id
from shared.db import audit, jobs, outbox
from shared.db.engine import libpq_dsn, raw_connection, unavailable_when_lost
from shared.kernel.clock import Clock
from shared.kernel.ids import Ids, JobId, project_of_subject
from shared.observability import correlation, tracing

S = TypeVar("S")


class Transaction(Generic[S]):
    """What a use case may do inside one transaction."""

    def __init__(
        self, store: S, *, connection: AsyncConnection, service: str, ids: Ids, clock: Clock
    ) -> None:
        self.store = store
        self.connection = connection
        """For mechanism only (inbox, job leases, idempotency): use cases talk to the store."""
        self._service = service
        self._ids = ids
        self._clock = clock

    async def publish(self, event: EventData, *, aggregate_version: int) -> None:
        """States a fact: it is published after the commit, and never if there is none.

        ``aggregate_version`` (from 1) is the version of the event's subject that the fact tells
        of; readers ignore versions that they have passed.
        """
        envelope = Envelope(
            id=self._ids.new(),
            source=f"/services/{self._service}",
            type=event.TYPE,
            subject=event.subject,
            time=self._clock.now(),
            dataschema=schema_id(type(event)),
            aggregateversion=aggregate_version,
            correlationid=correlation.current(),
            causationid=correlation.causation(),
            traceparent=tracing.traceparent(),
            data=event.model_dump(mode="json"),
        )
        await outbox.add(self.connection, envelope)

    async def audit(
        self,
        action: str,
        *,
        by: Principal,
        subject: str,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> None:
        """Writes into the audit trail that ``by`` did ``action`` to ``subject``.

        The entry commits and rolls back with the effect. ``action`` is dotted, what was done in
        the past tense (``plan.approval.decided``); ``subject`` is the thing (``users/<id>``), and
        the entry belongs to a project when it begins with ``projects/<id>``. ``before`` and
        ``after`` are JSON: only what matters or changed (:func:`shared.db.audit.changed`), never a
        secret.

        Raises:
            Internal: the action is malformed, or a field's name is that of a secret.
        """
        await audit.add(
            self.connection,
            audit.NewEntry(
                id=self._ids.new(),
                actor=by.key,
                actor_name=by.name,
                action=action,
                subject=subject,
                project_id=project_of_subject(subject),
                before=None if before is None else dict(before),
                after=None if after is None else dict(after),
                correlation_id=correlation.current(),
            ),
        )

    async def enqueue(
        self,
        kind: str,
        *,
        subject: str,
        payload: dict[str, Any],
        key: str | None = None,
        created_by: str | None = None,
    ) -> JobId:
        """Queues a durable job that becomes claimable when this transaction commits.

        ``subject`` is what the job is about (``projects/<id>``), ``payload`` JSON for the job
        function, ``created_by`` the principal. With a ``key`` there is one job for ever: a second
        call gives the first one's id, whatever has become of it.
        """
        return await jobs.add(
            self.connection,
            jobs.NewJob(
                id=JobId(self._ids.new()),
                kind=kind,
                subject=subject,
                payload=payload,
                key=key,
                created_by=created_by,
                correlation_id=correlation.current(),
                causation_id=correlation.causation(),
                traceparent=tracing.traceparent(),
            ),
        )


Transactions = Callable[[], AbstractAsyncContextManager[Transaction[S]]]
"""Opens a transaction: ``async with transactions() as tx``."""


class Database:
    """A service's database: its pool, its schema, and the sources of ids and time."""

    def __init__(self, engine: AsyncEngine, *, service: str, ids: Ids, clock: Clock) -> None:
        self.engine = engine
        self.service = service
        """Also the name of the schema, and the beginning of the NOTIFY channels."""
        self.ids = ids
        self.clock = clock

    def transactions(self, store: Callable[[AsyncConnection], S]) -> Transactions[S]:
        """Units of work over ``store``, which is built anew for each on its connection.

        Entering, statements and the commit raise ``Unavailable`` when the database is lost, too
        slow or deadlocked; then nothing was written, except that a failure of the commit itself
        leaves the outcome unknown.
        """

        @asynccontextmanager
        async def transaction() -> AsyncIterator[Transaction[S]]:
            with unavailable_when_lost():
                async with self.engine.begin() as connection:
                    yield Transaction(
                        store(connection),
                        connection=connection,
                        service=self.service,
                        ids=self.ids,
                        clock=self.clock,
                    )

        return transaction

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncConnection]:
        """A transaction without a store, for mechanism: idempotency keys, the relay, leases."""
        with unavailable_when_lost():
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncConnection]:
        """A READ ONLY transaction for queries. Raises ``Unavailable`` as transactions do.

        All its statements see one state: a row and its job, read one after the other, agree.
        """
        with unavailable_when_lost():
            async with self.engine.connect() as connection:
                await connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
                async with connection.begin():
                    yield connection

    async def connect(self) -> asyncpg.Connection:
        """A dedicated connection outside the pool (LISTEN, session locks, heartbeats).

        The caller closes it.

        Raises:
            Unavailable: the server cannot be reached or takes no more connections.
        """
        return await raw_connection(libpq_dsn(self.engine), schema=self.service)

    async def close(self) -> None:
        """Closes the pool; connections in use are closed when they come back."""
        await self.engine.dispose()


async def copy_file(
    connection: AsyncConnection, table: str, columns: Sequence[str], path: Path
) -> int:
    """Rows appended to ``table`` from a file in COPY's text format, inside the transaction."""
    driver = await _driver_in_transaction(connection)
    return _copied(await driver.copy_to_table(table, source=path, columns=list(columns)))


async def copy_records(
    connection: AsyncConnection,
    table: str,
    columns: Sequence[str],
    records: Iterable[tuple[object, ...]],
) -> int:
    """Rows appended to ``table`` by binary COPY, inside the transaction.

    A ``jsonb`` value is given as JSON text.
    """
    driver = await _driver_in_transaction(connection)
    status = await driver.copy_records_to_table(table, records=records, columns=list(columns))
    return _copied(status)


async def _driver_in_transaction(connection: AsyncConnection) -> asyncpg.Connection:
    """The driver's connection, after BEGIN has really been sent.

    SQLAlchemy begins lazily, with its first statement: a COPY before that would commit by itself
    and outlive a rollback.
    """
    await connection.execute(text("SELECT 1"))
    driver = (await connection.get_raw_connection()).driver_connection
    if not isinstance(driver, asyncpg.Connection) or not driver.is_in_transaction():
        raise RuntimeError("COPY needs an open transaction on an asyncpg connection.")
    return driver


def _copied(status: str) -> int:
    """The count in the server's reply, e.g. ``COPY 7``."""
    return int(status.rpartition(" ")[2])
