"""The schema of the PostgreSQL bus, as numbered steps that are applied once each.

A step that has been released is never edited; a change is a new step at the end. The role that
connects owns the schema (:mod:`shared.db.bootstrap` makes both), so the bus brings its schema up
to date itself when it starts, and needs no migration job.
"""

from typing import Final

import asyncpg

SCHEMA: Final = "bus"
CHANNEL: Final = "bus_messages"
"""NOTIFY channel; the payload is the queue's name. Only a hint: consumers also poll."""

LOCK_CLASS: Final = 0x6D706275
"""First key of the bus's advisory locks. The second is 0 while the schema is brought up to date,
else the number of a live consumer."""

_SCHEMA_LOCK: Final = 0

_STEPS: Final[tuple[str, ...]] = (
    """
    CREATE TABLE bindings (
        type  text NOT NULL,
        queue text NOT NULL,
        PRIMARY KEY (type, queue)
    );

    CREATE SEQUENCE consumer_numbers AS integer CYCLE;

    CREATE TABLE messages (
        seq         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        queue       text NOT NULL,
        message_id  uuid NOT NULL,
        type        text NOT NULL,
        body        bytea NOT NULL,
        headers     jsonb NOT NULL,
        deliveries  integer NOT NULL DEFAULT 0,
        consumer    integer,
        enqueued_at timestamptz NOT NULL DEFAULT now()
    );
    COMMENT ON COLUMN messages.consumer IS
        'The session that handles it; gone if nobody holds the advisory lock of that number.';
    CREATE INDEX messages_waiting ON messages (queue, seq) WHERE consumer IS NULL;
    CREATE INDEX messages_claimed ON messages (queue, consumer) WHERE consumer IS NOT NULL;

    CREATE TABLE dead_letters (
        id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        queue       text NOT NULL,
        message_id  uuid NOT NULL,
        type        text NOT NULL,
        body        bytea NOT NULL,
        headers     jsonb NOT NULL,
        deliveries  integer NOT NULL,
        reason      text NOT NULL CHECK (reason IN ('rejected', 'delivery_limit')),
        enqueued_at timestamptz NOT NULL,
        died_at     timestamptz NOT NULL DEFAULT now()
    );
    CREATE INDEX dead_letters_by_queue ON dead_letters (queue, id);

    CREATE FUNCTION announce_messages() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify('bus_messages', queue) FROM (SELECT DISTINCT queue FROM added) AS q;
        RETURN NULL;
    END
    $$;
    CREATE TRIGGER announce AFTER INSERT ON messages
        REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION announce_messages();
    """,
)


async def bring_up_to_date(connection: asyncpg.Connection) -> None:
    """Apply the steps that this database lacks. Safe to run from many processes at once."""
    async with connection.transaction():
        await connection.execute("SELECT pg_advisory_xact_lock($1, $2)", LOCK_CLASS, _SCHEMA_LOCK)
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_steps ("
            " step integer PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        done = await connection.fetchval("SELECT coalesce(max(step), 0) FROM schema_steps")
        for number, step in enumerate(_STEPS[done:], start=done + 1):
            await connection.execute(step)
            await connection.execute("INSERT INTO schema_steps (step) VALUES ($1)", number)
