"""Connections to PostgreSQL, and what their errors mean.

All limits are set when a connection is made, so that no statement runs without them: a statement
may take ``statement_timeout_s``, waiting for a lock 4 s, and a session that sits inside an open
transaction for 30 s is ended by the server, so that a paused process cannot hold rows for ever.
"""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

import asyncpg
import orjson
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from shared.kernel.errors import Unavailable

CONNECT_TIMEOUT_S: Final = 3.0
LOCK_TIMEOUT_S: Final = 4.0
STATEMENT_TIMEOUT_S: Final = 5.0
IDLE_IN_TRANSACTION_TIMEOUT_S: Final = 30.0
POOL_TIMEOUT_S: Final = 5.0
REPLY_TIMEOUT_S: Final = 65.0
"""A little over the longest statement the server allows (a job's 60 s): only a cut line, which the
server cannot report, takes this long."""

_TRANSIENT_CLASSES: Final = ("08", "53", "57")
"""Connection exceptions, insufficient resources, operator intervention (which holds the statement
timeout: the database answers too slowly now)."""
_TRANSIENT_STATES: Final = frozenset({"25P03", "40001", "40P01", "55P03"})
"""Idle in transaction for too long, serialization failure, deadlock, lock not available."""


def make_engine(
    dsn: str,
    *,
    schema: str,
    pool_size: int = 5,
    statement_timeout_s: float = STATEMENT_TIMEOUT_S,
) -> AsyncEngine:
    """A pool of at most ``pool_size`` connections whose unqualified names mean ``schema``.

    ``dsn`` is a libpq URL: ``postgresql://role:pw@host:port/db``, or with a socket directory
    ``postgresql://role:pw@/db?host=/run/pg``. Connections are not probed before use: after an
    outage the first statement fails with ``Unavailable`` and the pool replaces them all.
    """

    async def connect() -> asyncpg.Connection:
        return await raw_connection(dsn, schema=schema, statement_timeout_s=statement_timeout_s)

    return create_async_engine(
        make_url(dsn).set(drivername="postgresql+asyncpg"),
        async_creator=connect,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=POOL_TIMEOUT_S,
        json_serializer=lambda value: orjson.dumps(value).decode(),
        json_deserializer=orjson.loads,
    )


def libpq_dsn(engine: AsyncEngine) -> str:
    """The URL that ``engine`` was made from, password included: never log it."""
    return engine.url.set(drivername="postgresql").render_as_string(hide_password=False)


async def raw_connection(
    dsn: str, *, schema: str, statement_timeout_s: float = STATEMENT_TIMEOUT_S
) -> asyncpg.Connection:
    """A connection outside any pool, for LISTEN, session locks and heartbeats.

    Raises:
        Unavailable: the server cannot be reached or takes no more connections.
    """
    with unavailable_when_lost():
        try:
            return await asyncpg.connect(
                dsn,
                timeout=CONNECT_TIMEOUT_S,
                command_timeout=REPLY_TIMEOUT_S,
                server_settings={
                    "application_name": f"migplan-{schema}",
                    "search_path": schema,
                    "timezone": "UTC",
                    "lock_timeout": _milliseconds(LOCK_TIMEOUT_S),
                    "statement_timeout": _milliseconds(statement_timeout_s),
                    "idle_in_transaction_session_timeout": _milliseconds(
                        IDLE_IN_TRANSACTION_TIMEOUT_S
                    ),
                    # A server that has lost its client must let go of the client's locks.
                    "tcp_keepalives_idle": "10",
                    "tcp_keepalives_interval": "5",
                    "tcp_keepalives_count": "3",
                },
            )
        except OSError as error:  # refused, no such socket, unknown host, timed out
            raise Unavailable("The database cannot be reached now.") from error


async def close_raw(connection: asyncpg.Connection) -> None:
    """Closes a dedicated connection, lost or not, without an error and within 2 s."""
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        await connection.close(timeout=2)


@contextmanager
def unavailable_when_lost() -> Iterator[None]:
    """Turns the driver's transient errors inside the block into ``Unavailable``.

    Those are: the connection is lost or was never made, the server stops or is full, the pool is
    exhausted, a deadlock or serialization failure, a lock or statement timeout. When it happens
    in a commit, whether the commit took place is unknown. Other errors pass unchanged.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        if not is_transient(error):
            raise
        raise Unavailable("The database does not answer now; try again.") from error
    except (ConnectionError, TimeoutError) as error:
        raise Unavailable("The connection to the database was lost; try again.") from error


def is_transient(error: BaseException) -> bool:
    """Whether the same call may work later without anybody changing anything."""
    if isinstance(error, PoolTimeoutError):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        cause = error.orig.__cause__ if error.orig is not None else None
        return cause is not None and is_transient(cause)
    if isinstance(error, asyncpg.InterfaceError):
        return "closed" in str(error)
    if isinstance(error, asyncpg.InvalidCachedStatementError):
        return True  # a migration has run; the statement is prepared anew next time
    state = getattr(error, "sqlstate", None)
    return isinstance(state, str) and (
        state[:2] in _TRANSIENT_CLASSES or state in _TRANSIENT_STATES
    )


def _milliseconds(seconds: float) -> str:
    return str(round(seconds * 1000))
