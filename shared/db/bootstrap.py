"""Roles and schemas: every service owns one schema and can reach no other.

Run once per installation, and again after every change of a password, by somebody who may create
roles. A cross-schema join then fails with "permission denied", in tests as in production.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final

import asyncpg
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random

from shared.db.engine import raw_connection, unavailable_when_lost
from shared.kernel.errors import Invalid

ROLE_PREFIX: Final = "migplan_"
BUS: Final = "bus"
"""The schema of the PostgreSQL bus; it has a role of its own, as the services have."""
SCRAM_ITERATIONS: Final = 4096

_ONE_AT_A_TIME: Final = "SELECT pg_advisory_xact_lock(hashtextextended('migplan.bootstrap', 0))"


async def bootstrap(
    admin_dsn: str, passwords: Mapping[str, str], *, role_prefix: str = ROLE_PREFIX
) -> None:
    """Makes, for every schema named in ``passwords``, the schema and the role that owns it.

    ``admin_dsn`` names the database and a role with CREATEROLE that owns the database (or a
    superuser). The roles are ``migplan_<schema>``: LOGIN, CONNECT on this database, a fixed
    ``search_path``, and no other right. Safe to repeat: passwords and rights are set again,
    contents stay. Roles belong to the cluster: installations that share one differ in
    ``role_prefix``.

    Raises:
        Invalid: a password is empty or not ASCII.
        Unavailable: the database is away.
    """
    for schema, password in passwords.items():
        if not (password and password.isascii()):
            raise Invalid(f"The password for {schema} must be non-empty ASCII.")
    connection = await raw_connection(admin_dsn, schema="public")
    try:
        with unavailable_when_lost():
            async for attempt in _unless_disturbed():
                with attempt:
                    async with connection.transaction():
                        await connection.execute(_ONE_AT_A_TIME)
                        await _close_to_the_public(connection)
                        for schema, password in sorted(passwords.items()):
                            role = role_prefix + schema
                            await _make_role(connection, role, password, schema=schema)
                            await _make_schema(connection, schema, owner=role)
    finally:
        await connection.close()


_DISTURBED: Final = (
    asyncpg.InternalServerError,  # tuple concurrently updated
    asyncpg.UniqueViolationError,
    asyncpg.DuplicateObjectError,
)


def _unless_disturbed() -> AsyncRetrying:
    """Tries again when somebody alters the same roles for another database of this cluster:
    PostgreSQL has no lock for that, and refuses the later one."""
    return AsyncRetrying(
        retry=retry_if_exception_type(_DISTURBED),
        stop=stop_after_attempt(10),
        wait=wait_random(0.05, 0.5),
        reraise=True,
    )


async def _close_to_the_public(connection: asyncpg.Connection) -> None:
    """Takes away what PostgreSQL grants to everybody: CONNECT, TEMPORARY, the public schema."""
    database = await connection.fetchval("SELECT current_database()")
    await _run(connection, "REVOKE ALL ON DATABASE %I FROM PUBLIC", database)
    await connection.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")


async def _make_role(
    connection: asyncpg.Connection, role: str, password: str, *, schema: str
) -> None:
    exists = await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role)
    if not exists:
        await _run(connection, "CREATE ROLE %I", role)
    await _run(connection, "ALTER ROLE %I LOGIN PASSWORD %L", role, _scram_verifier(password))
    database = await connection.fetchval("SELECT current_database()")
    await _run(
        connection, "ALTER ROLE %I IN DATABASE %I SET search_path = %I", role, database, schema
    )
    await _run(connection, "GRANT CONNECT ON DATABASE %I TO %I", database, role)


async def _make_schema(connection: asyncpg.Connection, schema: str, *, owner: str) -> None:
    """The schema, owned by ``owner``, whoever runs this."""
    is_superuser = await connection.fetchval(
        "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    if not is_superuser:  # making an object for a role takes being a member of it
        await _run(connection, "GRANT %I TO CURRENT_USER", owner)
    await _run(connection, "CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I", schema, owner)
    await _run(connection, "ALTER SCHEMA %I OWNER TO %I", schema, owner)
    if not is_superuser:
        await _run(connection, "REVOKE %I FROM CURRENT_USER", owner)


async def _run(connection: asyncpg.Connection, template: str, *names: str) -> None:
    """Runs a statement whose names the server itself has quoted: they cannot be parameters."""
    statement = await connection.fetchval(
        "SELECT format($1, VARIADIC $2::text[])", template, list(names)
    )
    await connection.execute(statement)


def _scram_verifier(password: str) -> str:
    """What PostgreSQL stores for SCRAM-SHA-256 (RFC 5803), so that no log of the server sees the
    password: ``SCRAM-SHA-256$<iterations>:<salt>$<stored key>:<server key>``.
    """
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, SCRAM_ITERATIONS)
    client_key = hmac.digest(salted, b"Client Key", "sha256")
    stored_key = hashlib.sha256(client_key).digest()
    server_key = hmac.digest(salted, b"Server Key", "sha256")
    parts = [base64.b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return f"SCRAM-SHA-256${SCRAM_ITERATIONS}:{parts[0]}${parts[1]}:{parts[2]}"
