"""The mechanism tables as migrations make them: frozen SQL, never edited once released.

A service's first revision calls ``create_mechanism_v1(op)``. A later change of the mechanism is
a new function here and a new revision in every service. Unqualified names fall into the service's
schema. NOTIFY channels are per database, so they carry the schema's name: ``<schema>_outbox`` and
``<schema>_jobs``; they say "look now", never what to look at.
"""

from typing import Final, Protocol

_CREATE_V1: Final = (
    """
    CREATE TABLE outbox (
        id uuid PRIMARY KEY,
        seq bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
        aggregate_type text NOT NULL,
        aggregate_id text NOT NULL,
        aggregate_version integer NOT NULL CHECK (aggregate_version >= 1),
        type text NOT NULL,
        envelope jsonb NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        published_at timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        last_error text
    )
    """,
    "CREATE INDEX outbox_unpublished ON outbox (seq) WHERE published_at IS NULL",
    "CREATE INDEX outbox_published ON outbox (published_at) WHERE published_at IS NOT NULL",
    """
    CREATE TABLE inbox (
        consumer text NOT NULL,
        message_id uuid NOT NULL,
        received_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (consumer, message_id)
    )
    """,
    "CREATE INDEX inbox_received ON inbox (received_at)",
    """
    CREATE TABLE idempotency (
        principal text NOT NULL,
        route text NOT NULL,
        key text NOT NULL,
        state text NOT NULL CHECK (state IN ('in_progress', 'answered')),
        body_digest text,
        fence bigint NOT NULL,
        lease_until timestamptz,
        status integer,
        headers jsonb,
        body bytea,
        created_at timestamptz NOT NULL DEFAULT now(),
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (principal, route, key),
        CHECK ((state = 'in_progress') = (lease_until IS NOT NULL)),
        CHECK ((state = 'answered') = (status IS NOT NULL)),
        CHECK (state = 'in_progress' OR num_nulls(body_digest, headers, body) = 0)
    )
    """,
    "CREATE INDEX idempotency_expires ON idempotency (expires_at)",
    """
    CREATE TABLE jobs (
        id uuid PRIMARY KEY,
        kind text NOT NULL,
        subject text NOT NULL,
        key text UNIQUE,
        payload jsonb NOT NULL,
        state text NOT NULL DEFAULT 'queued',
        progress jsonb,
        result jsonb,
        error jsonb,
        attempts integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
        fence bigint NOT NULL DEFAULT 0,
        lease_owner text,
        lease_until timestamptz,
        not_before timestamptz NOT NULL DEFAULT now(),
        cancel_requested boolean NOT NULL DEFAULT false,
        created_by text,
        correlation_id text,
        causation_id text,
        created_at timestamptz NOT NULL DEFAULT now(),
        started_at timestamptz,
        finished_at timestamptz,
        CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
        CHECK ((state = 'running') = (lease_owner IS NOT NULL)),
        CHECK ((state = 'running') = (lease_until IS NOT NULL)),
        CHECK ((state IN ('succeeded', 'failed', 'cancelled')) = (finished_at IS NOT NULL))
    )
    """,
    "CREATE INDEX jobs_queued ON jobs (not_before, id) WHERE state = 'queued'",
    "CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running'",
    """
    CREATE FUNCTION notify_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify(TG_TABLE_SCHEMA || '_outbox', '');
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER outbox_notify AFTER INSERT ON outbox
    FOR EACH STATEMENT EXECUTE FUNCTION notify_outbox()
    """,
    """
    CREATE FUNCTION notify_jobs() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM pg_notify(TG_TABLE_SCHEMA || '_jobs', '');
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER jobs_notify AFTER INSERT OR UPDATE OF state ON jobs
    FOR EACH ROW WHEN (NEW.state = 'queued') EXECUTE FUNCTION notify_jobs()
    """,
)

_CREATE_AUDIT_V1: Final = (
    """
    CREATE TABLE audit_entries (
        id uuid PRIMARY KEY,
        at timestamptz NOT NULL DEFAULT clock_timestamp(),
        actor text NOT NULL,
        actor_name text NOT NULL,
        action text NOT NULL,
        subject text NOT NULL,
        project_id uuid,
        before jsonb,
        after jsonb,
        correlation_id text
    )
    """,
    "CREATE INDEX audit_entries_newest ON audit_entries (at, id)",
    "CREATE INDEX audit_entries_of_project ON audit_entries (project_id, at, id)",
    "CREATE INDEX audit_entries_by_actor ON audit_entries (actor, at, id)",
    "CREATE INDEX audit_entries_by_action ON audit_entries (action text_pattern_ops, at, id)",
    """
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% refused: audit entries are only ever added', TG_OP
            USING ERRCODE = 'insufficient_privilege',
                HINT = 'Correct an entry by what you do next; it leaves an entry of its own.';
    END $$
    """,
    """
    CREATE TRIGGER audit_entries_stay BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()
    """,
    # Otherwise a session that plays a replica (session_replication_role) would not fire it.
    "ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_stay",
)

_DROP_AUDIT_V1: Final = (
    "DROP TABLE audit_entries",
    "DROP FUNCTION refuse_audit_change()",
)

_DROP_V1: Final = (
    "DROP TABLE jobs, idempotency, inbox, outbox",
    "DROP FUNCTION notify_jobs()",
    "DROP FUNCTION notify_outbox()",
)


_ADD_TRACE_CONTEXT: Final = "ALTER TABLE jobs ADD COLUMN traceparent text"
_DROP_TRACE_CONTEXT: Final = "ALTER TABLE jobs DROP COLUMN traceparent"

_CREATE_PROJECT_MARKS: Final = """
    CREATE TABLE project_marks (
        project_id uuid PRIMARY KEY,
        version integer NOT NULL CHECK (version >= 1),
        life text NOT NULL CHECK (life IN ('active', 'archived', 'deleted')),
        cleared_through integer NOT NULL CHECK (cleared_through >= 0)
    )
"""


class Operations(Protocol):
    """The part of ``alembic.op`` that is needed here."""

    def execute(self, sqltext: str) -> None:
        """Runs one statement in the migration's transaction."""
        ...


def create_mechanism_v1(op: Operations) -> None:
    """Makes the outbox, the inbox, the idempotency keys and the jobs of one service."""
    for statement in _CREATE_V1:
        op.execute(statement)


def drop_mechanism_v1(op: Operations) -> None:
    """Undoes :func:`create_mechanism_v1`, losing what is in the tables."""
    for statement in _DROP_V1:
        op.execute(statement)


def create_audit_v1(op: Operations) -> None:
    """Makes the audit trail of one service, which takes entries and gives none up."""
    for statement in _CREATE_AUDIT_V1:
        op.execute(statement)


def drop_audit_v1(op: Operations) -> None:
    """Undoes :func:`create_audit_v1`, losing the trail."""
    for statement in _DROP_AUDIT_V1:
        op.execute(statement)


def add_job_trace_context(op: Operations) -> None:
    """Jobs remember the trace that queued them (W3C ``traceparent``)."""
    op.execute(_ADD_TRACE_CONTEXT)


def drop_job_trace_context(op: Operations) -> None:
    """Undoes :func:`add_job_trace_context`."""
    op.execute(_DROP_TRACE_CONTEXT)


def create_project_marks(op: Operations) -> None:
    """Makes the table of :mod:`shared.db.project_marks`."""
    op.execute(_CREATE_PROJECT_MARKS)


def drop_project_marks(op: Operations) -> None:
    """Undoes :func:`create_project_marks`, losing what is known of projects."""
    op.execute("DROP TABLE project_marks")


def outbox_channel(schema: str) -> str:
    """The channel notified when a fact is committed in ``schema``."""
    return f"{schema}_outbox"


def jobs_channel(schema: str) -> str:
    """The channel notified when a job of ``schema`` becomes claimable."""
    return f"{schema}_jobs"
